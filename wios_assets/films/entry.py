"""Which file a film's partition stands for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from wios_assets.atomic import write_atomic
from wios_assets.errors import NotFound, Unavailable
from wios_assets.films.index import INDEX_NAME, FilmIndex, IndexEntry, read_index
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path
from wios_assets.lake.paths import escape_key
from wios_assets.settings import Settings
from wios_assets.vision.parts import SUFFIX, parts_text


def index_path(settings: Settings) -> Path:
    """File of the index of films."""
    return settings.data / INDEX_NAME


@contextmanager
def index_lock(settings: Settings) -> Iterator[None]:
    """Held while the index is read, changed and written, by the sensor or a command."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.data / f".{INDEX_NAME}.lock", timeout=60):
        yield


def film_source(settings: Settings, film: str) -> tuple[IndexEntry, Sidecar]:
    """A film's file and what its sidecar says.

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
        raise Unavailable(f"film {film!r}: {path} cannot be opened ({error.strerror}); check its permissions") from None
    if not exists:
        raise NotFound(f"film {film!r}: {path} is gone; put it back, and its earlier results stay meanwhile")
    return entry, read_sidecar(sidecar) if has_sidecar else Sidecar()


def video_path(settings: Settings, film: str, entry: IndexEntry) -> Path:
    """The file to decode: the film's own, or for a film in parts the list of them, which is written.

    Raises:
        BadInput: a part has a path that FFmpeg cannot take.
    """
    if not entry.parts:
        return Path(entry.path)
    text = parts_text([Path(part) for part in entry.parts])
    target = settings.data / "parts" / f"film={escape_key(film)}{SUFFIX}"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        write_atomic(target, text)
    return target
