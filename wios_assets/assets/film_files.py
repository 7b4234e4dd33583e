"""What people and other programs change on disk, as observed assets: a film's file, its photos, its truth, decisions.

Dagster knows what it materialised itself. These files change outside of runs, so each is an external asset whose data
version is reported before a film's run, and by the sensors. Dagster's own staleness then covers them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd

from wios_assets.assets.imdb_rows import nfo_of_film, row_versions, rows_of_film
from wios_assets.assets.results import nullable
from wios_assets.assets.specs import COST, OWNERS
from wios_assets.errors import WiosError
from wios_assets.films.index import IndexEntry
from wios_assets.films.nfo import series_folder
from wios_assets.films.portraits import portraits_of
from wios_assets.films.registry import film_source, gallery_folders, series_sidecar
from wios_assets.films.sidecar import Sidecar, sidecar_path
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.partitions import films
from wios_assets.photos.folders import ACTORS_FOLDER, photos_of_cast
from wios_assets.reviews.decisions import decisions_version
from wios_assets.settings import Settings
from wios_assets.timeline.truth import truth_path

FILM_FILE = dg.AssetKey("film_file")
CAST_PHOTOS = dg.AssetKey("cast_photos")
TRUTH = dg.AssetKey("truth")
DECISIONS = dg.AssetKey("decisions")
NONE = "none"


def _observed(key: dg.AssetKey, group: str, kind: str, row: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        partitions_def=films,
        group_name=group,
        kinds={kind},
        owners=OWNERS,
        tags={COST: "light"},
        description=f"One row is {row}. Observed before each run of the film, stored nowhere.",
    )


film_file = _observed(FILM_FILE, "films", "file", "the video file of a film with its sidecar")
cast_photos = _observed(
    CAST_PHOTOS, "galleries", "file", "a photo of a cast member, in a gallery folder or beside the film"
)
truth = _observed(
    TRUTH, "evaluation", "csv", "an interval of a person, written by hand, that the film is evaluated against"
)


def film_observations(settings: Settings, keys: Iterable[str]) -> Iterator[dg.AssetObservation]:
    """The data versions of everything outside of Dagster that these films rest on, IMDB's rows included.

    A film that is not in the inbox, or one of whose files cannot be read, keeps the versions that were reported before;
    the others have theirs all the same.
    """
    with ImdbLookup(settings.lake) as lookup:
        for film in keys:
            try:
                entry, sidecar = film_source(settings, film)
                match, credits = rows_of_film(settings, film, lookup)
                path = Path(entry.path)
                versions = {
                    FILM_FILE: _film_file_version(settings, entry),
                    CAST_PHOTOS: _photos_version(settings, entry, sidecar, credits),
                    TRUTH: _truth_version(path),
                    DECISIONS: decisions_version(settings.data, film),
                    **row_versions(match, credits),
                }
            except (WiosError, OSError):
                continue
            for key, version in versions.items():
                yield dg.AssetObservation(key, partition=film, tags={"dagster/data_version": version})


def _film_file_version(settings: Settings, entry: IndexEntry) -> str:
    """Changes with the content, the path, the sidecar, that of the series, and nfo files."""
    sidecar = sidecar_path(Path(entry.path))
    text = sidecar.read_bytes() if sidecar.is_file() else b""
    series = series_sidecar(settings, entry)
    more = [*([series[0]] if series is not None else []), *nfo_of_film(settings, entry).files]
    return _digest(
        entry.fingerprint,
        entry.path,
        hashlib.sha256(text).hexdigest(),
        *(hashlib.sha256(file.read_bytes()).hexdigest() for file in more),
    )


def _photos_version(settings: Settings, entry: IndexEntry, sidecar: Sidecar, credits: pd.DataFrame) -> str:
    """Changes when a photo of somebody credited appears, disappears or is written to."""
    if credits.empty:
        return NONE
    path = Path(entry.path)
    series = series_folder(path, settings.films) if entry.episode else None
    beside = path if (path.parent / ACTORS_FOLDER).is_dir() else path.resolve()
    people = list(zip(credits["actor"], nullable(credits["nconst"]), strict=True))
    galleries = photos_of_cast(people, gallery_folders(settings, entry, sidecar), beside, series)
    portraits = portraits_of(settings, nfo_of_film(settings, entry))
    return _digest(
        *(_stamp(file) for files in portraits.values() for file in files),
        *(f"{actor}\0{_stamp(file)}" for actor, files in galleries.items() for file in (*files.photos, *files.others)),
    )


def _truth_version(path: Path) -> str:
    truth = truth_path(path)
    return hashlib.sha256(truth.read_bytes()).hexdigest()[:20] if truth.is_file() else NONE


def _stamp(path: Path) -> str:
    state = path.stat()
    return f"{path}\0{state.st_size}\0{state.st_mtime_ns}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]
