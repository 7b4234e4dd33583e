"""States of the files that films rest on besides their own: IMDB's files and tables, and folders of photos."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import WiosError
from wios_assets.imdb.files import ALL_FILES, IMDB_FILES, OPTIONAL_FILES, file_if_there, find_file
from wios_assets.lake.paths import parquet_files, table_folder
from wios_assets.settings import Settings

NANO = 1_000_000_000


@dataclass(frozen=True)
class FileStamps:
    """State of some files or folders: a hash of names, sizes and times of change, and the latest such time.

    Attributes:
        digest: the hash. changed_s: seconds since the epoch.
    """

    digest: str
    changed_s: float


def imdb_stamps(settings: Settings) -> FileStamps | None:
    """IMDB's four files and the optional ones that are there; None unless the four are."""
    try:
        files = [find_file(settings.imdb, table) for table in IMDB_FILES]
    except WiosError:
        return None
    optional = [file_if_there(settings.imdb, table) for table in OPTIONAL_FILES]
    return _stamps([*files, *(file for file in optional if file is not None)])


def imdb_is_loaded(settings: Settings) -> bool:
    """Whether all of IMDB's tables are in the lake."""
    return all(parquet_files(table_folder(settings.lake, table)) for table in IMDB_FILES)


def table_and_photo_stamps(settings: Settings) -> FileStamps:
    """IMDB's tables in the lake, and the folders of photos."""
    tables = [table_folder(settings.lake, table) for table in ALL_FILES]
    return _stamps([*tables, settings.galleries, *_folders(settings.galleries)])


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(entry for entry in folder.iterdir() if entry.is_dir())


def _stamps(paths: list[Path]) -> FileStamps:
    digest, latest = hashlib.sha256(), 0.0
    for path in paths:
        if not path.exists():
            continue
        state = path.stat()
        size = state.st_size if path.is_file() else 0
        digest.update(f"{path}\0{size}\0{state.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        latest = max(latest, state.st_mtime_ns / NANO)
    return FileStamps(digest.hexdigest()[:20], latest)
