"""A film's file and title, and who is credited in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from wios_assets.assets.common import check, code_version, content_version, film_table
from wios_assets.assets.film_files import FILM_FILE
from wios_assets.assets.imdb_rows import CREDITS, TITLE, title_of
from wios_assets.films.entry import film_source, video_path
from wios_assets.films.index import IndexEntry
from wios_assets.films.sidecar import Sidecar, sidecar_path
from wios_assets.imdb.casts import cast_by_hand, cast_of_title
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Ambiguous, Match, title_from_name
from wios_assets.reviews.forgotten import without_forgotten
from wios_assets.settings import Settings
from wios_assets.vision.video import Video, probe


def film_assets(settings: Settings) -> list[AssetsDefinition]:
    """film and cast."""

    @asset(
        **film_table("film", "films", code_version(1, settings.samples_per_second), ["decodable"], ["title_known"]),
        deps=[TITLE, FILM_FILE],
    )
    def film(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Iterator[Any]:
        entry, sidecar = film_source(settings, context.partition_key)
        path = Path(entry.path)
        video = probe(video_path(settings, context.partition_key, entry))
        with ImdbLookup(settings.lake) as lookup:
            match = title_of(entry, sidecar, video.duration_s, settings.films, lookup)
        rows = pd.DataFrame([film_row(video, entry, sidecar, match, settings.samples_per_second)])
        what = rows.drop(columns="path")
        yield Output(
            rows,
            data_version=content_version(what),
            metadata={"film": MetadataValue.path(path), "title": str(rows["title"].iloc[0])},
        )
        broken = [name for name in ("width", "height", "frame_rate", "duration_s") if not rows[name].iloc[0] > 0]
        yield check("decodable", "film", broken, first_picture_s=video.first_picture_s)
        known = isinstance(match, Match) and match.in_tables
        why = (
            match.message if isinstance(match, Ambiguous) else "no title of IMDB's fits; add a `tconst:` to its sidecar"
        )
        yield check("title_known", "film", [] if known or sidecar.title else [why], warn=True)

    @asset(**film_table("cast", "films", code_version(1), ["at_least_one_actor"]), deps=[CREDITS, FILM_FILE])
    def cast(context: AssetExecutionContext, film: pd.DataFrame, settings: ResourceParam[Settings]) -> Iterator[Any]:
        entry, sidecar = film_source(settings, context.partition_key)
        path = Path(entry.path)
        own = sidecar.gallery_folder(sidecar_path(path))
        galleries = [*([own] if own else []), settings.galleries]
        tconst = film["tconst"].iloc[0]
        left_out = pd.DataFrame()
        with ImdbLookup(settings.lake) as lookup:
            if sidecar.cast:
                rows = cast_by_hand(sidecar.cast, lookup, galleries, tconst, path)
            elif tconst is not None:
                rows, left_out = cast_of_title(lookup, tconst, galleries, path)
            else:
                rows = cast_by_hand([])
            rows = without_forgotten(rows, settings.data)
            left_out = without_forgotten(left_out, settings.data)
            reason = []
            if rows.empty:
                match = title_of(entry, sidecar, float(film["duration_s"].iloc[0]), settings.films, lookup)
                reason = [why_no_cast(tconst, match, path)]
        yield Output(
            rows,
            data_version=content_version(rows),
            metadata={
                "actors": len(rows),
                "with photos": int(rows["gallery_folder"].notna().sum()),
                "left out": MetadataValue.md(left_out.to_markdown(index=False)) if len(left_out) else "nobody",
            },
        )
        yield check("at_least_one_actor", "cast", reason)

    return [film, cast]


def film_row(
    video: Video, entry: IndexEntry, sidecar: Sidecar, match: Match | Ambiguous | None, samples_per_second: float
) -> dict[str, Any]:
    """The row of the table `film`, without `film`."""
    found = match if isinstance(match, Match) else None
    title, year = title_from_name(Path(entry.path).stem)
    if entry.episode:
        title, year = title_from_name(entry.series)
        title = f"{title} {entry.episode}"
    return {
        "path": str(video.path),
        "fingerprint": video.fingerprint,
        "size_bytes": video.size_bytes,
        "title": sidecar.title or (found and found.title) or title,
        "year": sidecar.year or (found and found.year) or year,
        "tconst": found.tconst if found else None,
        "matched_by": found.matched_by if found else "file name",
        "duration_s": video.duration_s,
        "start_s": video.start_s,
        "frame_rate": video.frame_rate,
        "width": video.width,
        "height": video.height,
        "rotation": video.rotation,
        "codec": video.codec,
        "samples_per_second": sidecar.samples_per_second or samples_per_second,
    }


def why_no_cast(tconst: str | None, match: Match | Ambiguous | None, path: Path) -> str:
    """One line: why there is no cast, and how to give one."""
    remedy = f"list its actors under `cast:` in {sidecar_path(path)}, or use `wios film add … --cast 'A;B;C'`"
    if isinstance(match, Ambiguous):
        return match.message
    if tconst is not None:
        return f"IMDB's tables have no cast for {tconst}; {remedy}"
    return f"its title is not in IMDB's tables, so nothing is known of its cast; {remedy}"
