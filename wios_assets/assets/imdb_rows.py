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
from wios_assets.films.registry import film_source, video_path
from wios_assets.films.sidecar import Sidecar
from wios_assets.imdb.casts import cast_by_hand, cast_of_title
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
    match = title_of(entry, sidecar, _duration_s(settings, film, entry), settings.films, lookup)
    return match, _credits(match, sidecar, lookup)


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
    entry: IndexEntry, sidecar: Sidecar, runtime_s: float, inbox: Path, lookup: ImdbLookup
) -> Match | Ambiguous | None:
    """IMDB's title of a film, looked for under its folder's and its file's name.

    An episode is looked for among the episodes of its series, never among films.
    """
    path = Path(entry.path)
    if entry.episode and sidecar.tconst is None:
        return _title_of_episode(entry, inbox, lookup)
    if sidecar.tconst is not None and (series := lookup.series_of(sidecar.tconst)) is not None:
        match = match_title([], sidecar.tconst, runtime_s, lookup)
        return replace(match, credited=(series, sidecar.tconst)) if isinstance(match, Match) else match
    names: Sequence[str] = [path.stem] if path.parent == inbox else [path.parent.name, path.stem]
    return match_title(names, sidecar.tconst, runtime_s, lookup)


def _title_of_episode(entry: IndexEntry, inbox: Path, lookup: ImdbLookup) -> Match | Ambiguous | None:
    path = Path(entry.path)
    numbers = read_episode_code(entry.episode)
    if numbers is None:
        return None
    own = read_name(path.stem).tconst
    # The series' folder is the file's, or the one around its season's.
    folders = [folder for folder in (path.parent, path.parent.parent) if inbox in folder.parents]
    tags = [tag for folder in folders if (tag := read_name(folder.name).tconst) is not None]
    return match_episode(entry.series, numbers, next(iter([*tags, *([own] if own else [])]), None), lookup, own)


def _duration_s(settings: Settings, film: str, entry: IndexEntry) -> float:
    if has_rows_of(settings.lake, FILM, film):
        return float(read_rows(settings.lake, FILM, film)["duration_s"][0].as_py())
    return probe(video_path(settings, film, entry)).duration_s


def _credits(match: Match | Ambiguous | None, sidecar: Sidecar, lookup: ImdbLookup) -> pd.DataFrame:
    tconsts = match.credited_titles if isinstance(match, Match) else ()
    if sidecar.cast:
        return cast_by_hand(sidecar.cast, lookup, (), tconsts)
    if not tconsts:
        return pd.DataFrame()
    return pd.concat(cast_of_title(lookup, tconsts), ignore_index=True)
