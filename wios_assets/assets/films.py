"""A film's video file with its IMDB title, and its cast."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from wios_assets.assets.film_files import FILM_FILE
from wios_assets.assets.imdb_rows import CREDITS, TITLE, cast_of, nfo_of_film, title_of
from wios_assets.assets.results import check, content_version
from wios_assets.assets.specs import check_spec, film_spec
from wios_assets.failures import one_line_failures
from wios_assets.films.index import IndexEntry
from wios_assets.films.registry import film_source, gallery_folders, video_path
from wios_assets.films.sidecar import Sidecar, sidecar_path
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Ambiguous, Match, title_from_name
from wios_assets.photos.folders import misspelt_names
from wios_assets.reviews.forgotten import without_forgotten
from wios_assets.settings import Settings
from wios_assets.vision.video import Video, probe


@dg.asset(
    **film_spec("film", "films"),
    code_version="1",
    deps=[TITLE, FILM_FILE],
    check_specs=[
        check_spec("decodable", "film", "The video has a size, a frame rate and a length.", blocking=True),
        check_spec("title_known", "film", "IMDB or the sidecar has a title for the film.", blocking=False),
    ],
)
@one_line_failures
def film(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    entry, sidecar = film_source(settings, context.partition_key)
    path = Path(entry.path)
    video = probe(video_path(settings, context.partition_key, entry))
    with ImdbLookup(settings.lake) as lookup:
        match = title_of(settings, entry, sidecar, video.duration_s, lookup)
    for problem in nfo_of_film(settings, entry).problems:
        context.log.warning(problem)
    rows = pd.DataFrame([film_row(video, entry, sidecar, match, settings.samples_per_second)])
    yield dg.Output(
        rows,
        # A film that was only moved leaves what depends on it fresh.
        data_version=content_version(rows.drop(columns="path")),
        metadata={"film": dg.MetadataValue.path(path), "title": str(rows["title"].iloc[0])},
    )
    missing = [name for name in ("width", "height", "frame_rate", "duration_s") if not rows[name].iloc[0] > 0]
    yield check("decodable", "film", missing, first_picture_s=video.first_picture_s)
    known = isinstance(match, Match) and match.in_tables
    reason = match.message if isinstance(match, Ambiguous) else "no IMDB title fits; add a `tconst:` to its sidecar"
    yield check("title_known", "film", [] if known or sidecar.title else [reason], warn=True)


@dg.asset(
    **film_spec("cast", "films"),
    code_version="1",
    deps=[CREDITS, FILM_FILE],
    check_specs=[
        check_spec("at_least_one_actor", "cast", "The film has somebody to look for.", blocking=True),
        check_spec(
            "names_fit_galleries",
            "cast",
            "No name in the sidecar is spelt a little differently from a gallery folder.",
            blocking=False,
        ),
    ],
)
@one_line_failures
def cast(context: dg.AssetExecutionContext, film: pd.DataFrame, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    entry, sidecar = film_source(settings, context.partition_key)
    path = Path(entry.path)
    galleries = gallery_folders(settings, entry, sidecar)
    duration_s = float(film["duration_s"].iloc[0])
    with ImdbLookup(settings.lake) as lookup:
        match = title_of(settings, entry, sidecar, duration_s, lookup)
        rows, left_out = cast_of(match, sidecar, nfo_of_film(settings, entry), lookup, galleries, path)
        rows = without_forgotten(rows, settings.data)
        left_out = without_forgotten(left_out, settings.data)
        problems = []
        if rows.empty:
            problems = [missing_cast(match, path)]
    yield dg.Output(
        rows,
        data_version=content_version(rows),
        metadata={
            "actors": len(rows),
            "with photos": int(rows["gallery_folder"].notna().sum()),
            "left out": dg.MetadataValue.md(left_out.to_markdown(index=False)) if len(left_out) else "nobody",
        },
    )
    yield check("at_least_one_actor", "cast", problems)
    without = rows.loc[rows["gallery_folder"].isna() & (rows["source"] == "sidecar"), "actor"]
    doubts = [
        f"{sidecar_path(path)}: cast: {actor!r} has no gallery folder; did you mean {folder.name!r} ({folder})?"
        for actor, folder in misspelt_names(without, rows["actor"], galleries).items()
    ]
    for doubt in doubts:
        context.log.warning(doubt)
    yield check("names_fit_galleries", "cast", doubts, warn=True)


def film_row(
    video: Video, entry: IndexEntry, sidecar: Sidecar, match: Match | Ambiguous | None, samples_per_second: float
) -> dict[str, Any]:
    """The row of the table `film`, without `film`."""
    matched = match if isinstance(match, Match) else None
    title, year = title_from_name(Path(entry.path).stem)
    if entry.episode:
        title, year = title_from_name(entry.series)
        title = f"{title} {entry.episode}"
    return {
        "path": str(video.path),
        "fingerprint": video.fingerprint,
        "size_bytes": video.size_bytes,
        "title": sidecar.title or (matched and matched.title) or title,
        "year": sidecar.year or (matched and matched.year) or year,
        "tconst": matched.tconst if matched else None,
        "matched_by": matched.matched_by if matched else "file name",
        "duration_s": video.duration_s,
        "start_s": video.start_s,
        "frame_rate": video.frame_rate,
        "width": video.width,
        "height": video.height,
        "rotation": video.rotation,
        "codec": video.codec,
        "samples_per_second": sidecar.samples_per_second or samples_per_second,
    }


def missing_cast(match: Match | Ambiguous | None, path: Path) -> str:
    """One line: why a film has no cast, and how to give it one."""
    remedy = f"list its actors under `cast:` in {sidecar_path(path)}, or use `wios film add … --cast 'A;B;C'`"
    if isinstance(match, Ambiguous):
        return match.message
    if match is not None:
        return f"IMDB's tables have no cast for {' and '.join(match.credited_titles)}; {remedy}"
    return f"its title is not in IMDB's tables, so its cast is not known; {remedy}"
