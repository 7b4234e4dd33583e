"""What IMDB's tables say of each film, with data versions: a load makes only those films stale whose rows changed.

IMDB's tables are not partitioned, so a load that changed any line would make all that depends on them stale. Between
them and a film stand two assets that are partitioned by film and only observed: after each load, and before a film's
run, Dagster is told the version of the film's own rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd

from wios_assets.assets.results import content_version
from wios_assets.assets.specs import COST, OWNERS
from wios_assets.errors import WiosError
from wios_assets.films.index import IndexEntry
from wios_assets.films.names import read_episode_code, read_name
from wios_assets.films.nfo import Nfo, nfo_of, series_folder
from wios_assets.films.registry import film_source, series_sidecar, video_path
from wios_assets.films.sidecar import Sidecar
from wios_assets.imdb.casts import cast_by_hand, cast_of_title, with_roles
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Ambiguous, Match, match_episode, match_title
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.partitions import films
from wios_assets.settings import Settings
from wios_assets.tables import FILM
from wios_assets.vision.video import probe

TITLE = dg.AssetKey(["imdb", "title_of_film"])
CREDITS = dg.AssetKey(["imdb", "credits_of_film"])


def _observed(key: dg.AssetKey, row: str, tables: Sequence[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=[dg.AssetKey(["imdb", table]) for table in tables],
        partitions_def=films,
        group_name="films",
        kinds={"duckdb"},
        owners=OWNERS,
        tags={COST: "light"},
        description=f"One row is {row}. Observed after each load of IMDB, stored nowhere.",
    )


title_of_film = _observed(
    TITLE,
    "the title of IMDB's that a film is, or those that it may be",
    ["title_basics", "film_titles", "series_episodes"],
)
credits_of_film = _observed(
    CREDITS,
    "a credit of the title that a film is",
    ["title_basics", "title_principals", "name_basics", "title_episode", "series_episodes"],
)


def rows_of_film(settings: Settings, film: str, lookup: ImdbLookup) -> tuple[Match | Ambiguous | None, pd.DataFrame]:
    """A film's title in IMDB's tables, and its cast as IMDB has it, photos aside, with who is left out of it.

    Raises:
        WiosError: the film is not in the inbox, or its file cannot be read and never was.
    """
    entry, sidecar = film_source(settings, film)
    match = title_of(settings, entry, sidecar, _duration_s(settings, film, entry), lookup)
    return match, pd.concat(cast_of(match, sidecar, nfo_of_film(settings, entry), lookup), ignore_index=True)


def nfo_of_film(settings: Settings, entry: IndexEntry) -> Nfo:
    """What the nfo files of a film or an episode say."""
    return nfo_of(Path(entry.path), settings.films, episode=bool(entry.episode))


def row_versions(match: Match | Ambiguous | None, credits: pd.DataFrame) -> dict[dg.AssetKey, str]:
    """Data versions of a film's title and of its credits."""
    return {
        TITLE: hashlib.sha256(repr(match).encode()).hexdigest()[:32],
        CREDITS: content_version(credits).value,
    }


def observed_rows(settings: Settings, films: Iterable[str]) -> Iterator[dg.AssetObservation]:
    """For each film the data versions of its title and of its credits in IMDB's tables; see `rows_of_film`."""
    with ImdbLookup(settings.lake) as lookup:
        for film in films:
            with suppress(WiosError):
                for key, version in row_versions(*rows_of_film(settings, film, lookup)).items():
                    yield dg.AssetObservation(key, partition=film, tags={"dagster/data_version": version})


def title_of(
    settings: Settings, entry: IndexEntry, sidecar: Sidecar, runtime_s: float, lookup: ImdbLookup
) -> Match | Ambiguous | None:
    """IMDB's title of a film, looked for under its folder's and its file's name.

    An episode is looked for among the episodes of its series, never among films.
    """
    path = Path(entry.path)
    if entry.episode and sidecar.tconst is None:
        return _title_of_episode(settings, entry, lookup)
    if sidecar.tconst is not None and (series := lookup.series_of(sidecar.tconst)) is not None:
        match = match_title([], sidecar.tconst, runtime_s, lookup)
        return replace(match, credited=(series, sidecar.tconst)) if isinstance(match, Match) else match
    names: Sequence[str] = [path.stem] if path.parent == settings.films else [path.parent.name, path.stem]
    return match_title(names, sidecar.tconst, runtime_s, lookup, nfo_of_film(settings, entry).tconst)


def _title_of_episode(settings: Settings, entry: IndexEntry, lookup: ImdbLookup) -> Match | Ambiguous | None:
    path = Path(entry.path)
    # Episodes without a number are not among IMDB's; what is known of them is their series.
    numbers = read_episode_code(entry.episode)
    nfo, shared = nfo_of_film(settings, entry), series_sidecar(settings, entry)
    folder = series_folder(path, settings.films)
    own = read_name(path.stem).tconst
    keys = [
        shared[1].tconst if shared is not None else None,
        read_name(folder.name).tconst if folder is not None else None,
        nfo.series_tconst,
        own,
    ]
    series = next((key for key in keys if key is not None), None)
    if numbers is None and not entry.series and series is None:
        return None
    return match_episode(entry.series, numbers or entry.episode, series, lookup, own or nfo.tconst)


def _duration_s(settings: Settings, film: str, entry: IndexEntry) -> float:
    if has_rows_of(settings.lake, FILM, film):
        return float(read_rows(settings.lake, FILM, film)["duration_s"][0].as_py())
    return probe(video_path(settings, film, entry)).duration_s


def cast_of(
    match: Match | Ambiguous | None,
    sidecar: Sidecar,
    nfo: Nfo,
    lookup: ImdbLookup,
    galleries: Sequence[Path] = (),
    film: Path | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A film's cast, and who is left out of it.

    The sidecar's list comes first, then IMDB's credits, then the nfo's, which also has the roles that IMDB lacks.
    """
    tconsts = match.credited_titles if isinstance(match, Match) else ()
    roles = {actor.name: actor.role for actor in nfo.actors}
    if sidecar.cast:
        return with_roles(cast_by_hand(sidecar.cast, lookup, galleries, tconsts, film), roles), pd.DataFrame()
    rows, left_out = cast_of_title(lookup, tconsts, galleries, film) if tconsts else (cast_by_hand([]), pd.DataFrame())
    if rows.empty:
        rows = cast_by_hand(list(roles), lookup, galleries, tconsts, film, source="nfo")
    return with_roles(rows, roles), left_out
