"""Registers the films of the inbox in the index, and finds a film's file, sidecar and results by its key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from wios_assets.atomic import write_atomic
from wios_assets.errors import NotFound, WiosError, file_error
from wios_assets.films.inbox import discover
from wios_assets.films.index import (
    INDEX_NAME,
    FilmChanges,
    FilmIndex,
    IndexEntry,
    film_changes,
    read_index,
    write_index,
)
from wios_assets.films.nfo import series_folder
from wios_assets.films.sidecar import SERIES_SIDECAR, Sidecar, read_sidecar, sidecar_path
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import finished_films, has_rows_of, read_rows
from wios_assets.photos.folders import folders_by_letter
from wios_assets.settings import Settings
from wios_assets.tables import FILM
from wios_assets.vision.parts import SUFFIX, parts_text


def index_path(settings: Settings) -> Path:
    """File of the index of films."""
    return settings.data / INDEX_NAME


@contextmanager
def index_lock(settings: Settings) -> Iterator[None]:
    """Lock for reading, changing and writing the index; the sensor and commands take it."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.data / f".{INDEX_NAME}.lock", timeout=60):
        yield


def film_source(settings: Settings, film: str) -> tuple[IndexEntry, Sidecar]:
    """A film's entry in the index and its sidecar.

    Raises:
        WiosError: no such film, its file is gone, or its sidecar is not usable.
    """
    index: FilmIndex = read_index(index_path(settings))
    entry = index.films.get(film)
    if entry is None:
        raise NotFound(f"film {film!r} is not known; put it into {settings.films} or use `wios film add`")
    path = Path(entry.path)
    sidecar = sidecar_path(path)
    try:
        exists, has_sidecar = path.exists(), sidecar.is_file()
    except OSError as error:
        raise file_error(path, error, "opened", "change its access rights") from None
    if not exists:
        raise NotFound(f"film {film!r}: {path} is gone; put it back, and its earlier results stay meanwhile")
    own = read_sidecar(sidecar) if has_sidecar else Sidecar()
    series = series_sidecar(settings, entry)
    if series is not None:
        shared = series[1].model_dump(include={"cast", "samples_per_second"}, exclude_none=True)
        own = own.model_copy(update={key: value for key, value in shared.items() if getattr(own, key) is None})
    return entry, own


def series_sidecar(settings: Settings, entry: IndexEntry) -> tuple[Path, Sidecar] | None:
    """The sidecar of an episode's series with its path; None for a film, and for a series without one.

    Raises:
        WiosError: it is not usable.
    """
    folder = series_folder(Path(entry.path), settings.films) if entry.episode else None
    file = folder / SERIES_SIDECAR if folder is not None else None
    return (file, read_sidecar(file)) if file is not None and file.is_file() else None


def gallery_folders(settings: Settings, entry: IndexEntry, sidecar: Sidecar) -> list[Path]:
    """Galleries that a film's photos are looked for in: the sidecar's, its series', everybody's, and Jellyfin's."""
    own = sidecar.gallery_folder(sidecar_path(Path(entry.path)))
    series = series_sidecar(settings, entry)
    shared = series[1].gallery_folder(series[0]) if series is not None else None
    named = [folder for folder in (own, shared) if folder is not None]
    return [*dict.fromkeys([*named, settings.galleries]), *folders_by_letter(settings.inbox.people)]


def video_path(settings: Settings, film: str, entry: IndexEntry) -> Path:
    """The file to decode: the film's own, or, for a film in parts, a list of them that is written here.

    Raises:
        BadInput: a part has a path that FFmpeg cannot take.
    """
    if not entry.parts:
        return Path(entry.path)
    text = parts_text([Path(part) for part in entry.parts])
    content = text.encode("utf-8")
    target = settings.data / "parts" / f"film={escape_key(film)}{SUFFIX}"
    if not target.is_file() or target.read_bytes() != content:
        write_atomic(target, text)
    return target


def look_at_inbox(settings: Settings, settle_seconds: float) -> FilmChanges:
    """Compare the inbox with the index, write the index, and return what changed.

    Args:
        settle_seconds: how long a file must be unchanged before its film is added.
    """
    # Commands that only read the index start without a decoder.
    from wios_assets.vision.video import fingerprint

    settings.films.mkdir(parents=True, exist_ok=True)
    with index_lock(settings):
        path = index_path(settings)
        changes = film_changes(read_index(path), discover(settings.films), time.time(), settle_seconds, fingerprint)
        write_index(path, changes.index)
    return changes


def finished_content(settings: Settings) -> dict[str, str]:
    """Fingerprint of the content that each finished film's results were made from, by film.

    A film whose row cannot be read, for example after its file was damaged, is not finished: it has to run again.
    """
    fingerprints = {}
    for film in finished_films(settings.lake):
        with suppress(WiosError):
            if has_rows_of(settings.lake, FILM, film):
                fingerprints[film] = read_rows(settings.lake, FILM, film)["fingerprint"][0].as_py()
    return fingerprints
