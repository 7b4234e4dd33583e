"""Adds films to the inbox and the index: linked, copied or moved, with a sidecar; completely or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wios_assets.atomic import atomic_path, remove_leftovers
from wios_assets.errors import BadInput, Conflict, Unavailable, file_error
from wios_assets.films.extras import is_hidden, is_system_folder
from wios_assets.films.inbox import VIDEO_EXTENSIONS, InboxFilm, discover, film_key
from wios_assets.films.index import FilmIndex, IndexEntry, read_index, write_index
from wios_assets.films.layout import films_in
from wios_assets.films.registry import index_lock, index_path
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from wios_assets.films.tree import Folder, VideoFile
from wios_assets.photos.folders import is_picture
from wios_assets.settings import Settings
from wios_assets.text import typed
from wios_assets.vision.video import Video, probe

COPY_BYTES = 8 * 1024 * 1024
How = Literal["link", "copy", "move"]
"""How a file outside the inbox is added: as a link, as a copy, or by moving it."""


@dataclass(frozen=True)
class Added:
    """An added film: its key, its file in the inbox, its video, and whether it had been in the inbox before."""

    key: str
    path: Path
    video: Video
    returned: bool


def add_film(
    settings: Settings,
    source: Path,
    name: str | None,
    given: Sidecar,
    *,
    how: How,
    progress: Callable[[int, int], None],
) -> Added:
    """Add a video file to the inbox as `<films>/<key>/<key>.<extension>`, with a sidecar in the same folder.

    A file in the inbox stays where it is. A sidecar in the folder of `source` is copied; values in `given` override it.

    Args:
        name: the film's key; None for the sidecar's or the file's name.
        given: values that the user gave with the request.
        how: link, copy or move. A moved file is lost where the film is refused after the move.
        progress: called with bytes copied and total bytes.

    Raises:
        WiosError: no decodable video, the film or its name is in the inbox already, or the inbox cannot be written.
    """
    video = probe(source)
    if source.suffix.lower() not in VIDEO_EXTENSIONS:
        extensions = " ".join(sorted(VIDEO_EXTENSIONS))
        raise BadInput(f"{source}: a film's name ends in one of {extensions}; rename it")
    source_sidecar = sidecar_path(source)
    if source_sidecar.is_file():
        before = read_sidecar(source_sidecar)
        gallery = before.gallery_folder(source_sidecar)
        before = before.model_copy(update={"gallery": str(gallery) if gallery else None})
        given = before.model_copy(update={"skip": None} | given.model_dump(exclude_none=True))
    with index_lock(settings):
        index = read_index(index_path(settings))
        inside = how != "move" and _inside(source, settings.films)
        key, returned = _key(index, settings, source, name or given.name or source.stem, video, chosen=bool(name))
        _refuse_taken(index, settings, key, source if inside else None, returned=returned)
        sidecar = given.model_copy(update={"name": key})
        if inside:
            path, undo = source.absolute(), _replace_sidecar(source.absolute(), sidecar)
        else:
            path, undo = _place(settings.films, key, source.resolve(), sidecar, how, progress)
        try:
            film = _discovered(settings, path, key)
            entry = IndexEntry(str(film.path), film.size, film.mtime_ns, video.fingerprint, True, film.sidecar_hash)
            write_index(index_path(settings), FilmIndex({**index.films, key: entry}, index.looks))
        except BaseException:
            undo()
            raise
    return Added(key, path, video, returned)


def check_gallery(folder: Path) -> Path:
    """The gallery's absolute path.

    Raises:
        WiosError: no such folder, or no folder of pictures in it.
    """
    try:
        if not folder.is_dir():
            raise BadInput(f"{folder}: there is no such folder; a gallery holds one folder of photos an actor")
        actors = [entry for entry in folder.iterdir() if entry.is_dir()]
        if not any(is_picture(photo) for actor in actors for photo in actor.iterdir()):
            raise BadInput(f"{folder}: holds no folder with pictures; a gallery holds one folder of photos an actor")
    except OSError as error:
        raise file_error(error.filename, error, "read", "change its access rights") from None
    return folder.resolve()


def _key(
    index: FilmIndex, settings: Settings, source: Path, name: str, video: Video, *, chosen: bool
) -> tuple[str, bool]:
    """The film's key, and whether the film had been removed before.

    Args:
        name: the user's name for the film, or the file's.
        chosen: whether the user chose the name.

    Raises:
        WiosError: the name is blank, or the same content is in the inbox already.
    """
    key = film_key(name)
    if not key:
        raise BadInput(f"{name!r}: the name is blank; choose one with --name")
    twins = [twin for twin, entry in index.films.items() if entry.fingerprint == video.fingerprint]
    for twin in twins:
        entry = index.films[twin]
        if entry.present and Path(entry.path).exists():
            raise Conflict(
                f"{source}: this film is in the inbox already, as {twin!r} ({entry.path}); "
                f"`wios run {typed(twin)}` analyses it"
            )
    if not twins:
        return key, False
    if chosen and key not in twins:
        raise Conflict(f"{source}: this film is known as {twins[0]!r}, and its results are kept; leave --name out")
    return key if key in twins else twins[0], True


def _refuse_taken(index: FilmIndex, settings: Settings, key: str, itself: Path | None, *, returned: bool) -> None:
    """Raise Conflict where another film of the index or the inbox has the key."""
    entry = index.films.get(key)
    if entry is not None and not returned:
        holder = entry.path if entry.present else f"{entry.path}, which was removed and whose results are kept"
        raise Conflict(f"{key!r} is the name of a film already ({holder}); choose another with --name")
    inbox = discover(settings.films) if settings.films.is_dir() else None
    for film in inbox.films if inbox else ():
        if film.key == key and (itself is None or film.path != itself.absolute()):
            raise Conflict(f"{key!r} is the name of a film already ({film.path}); choose another with --name")


def _inside(source: Path, films: Path) -> bool:
    """Whether the file itself, not the target of a link, is in the inbox."""
    return films in (source.parent.resolve() / source.name).parents


def _replace_sidecar(film: Path, sidecar: Sidecar) -> Callable[[], None]:
    """Write a film's sidecar; returns a function that restores the previous one."""
    path = sidecar_path(film)
    before = path.read_bytes() if path.is_file() else None
    write_sidecar(path, sidecar)
    return lambda: path.unlink(missing_ok=True) if before is None else _write_back(path, before)


def _write_back(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _place(
    films: Path, key: str, source: Path, sidecar: Sidecar, how: How, progress: Callable[[int, int], None]
) -> tuple[Path, Callable[[], None]]:
    """Create the film's folder in the inbox; returns the film's path and a function that removes the folder."""
    name = _file_name(key)
    folder = films / name
    path = folder / f"{name}{source.suffix.lower()}"
    try:
        films.mkdir(parents=True, exist_ok=True)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Conflict(f"{folder}: is there already; move it away, or choose another name with --name")
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise file_error(folder, error, "made", "change the access rights there") from None

    def undo() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    try:
        # The sidecar first: a sensor must not discover the film without it.
        write_sidecar(sidecar_path(path), sidecar)
        if how == "copy":
            _copy(source, path, progress)
        elif how == "move":
            source.rename(path)
        else:
            path.symlink_to(source)
    except OSError as error:
        undo()
        raise file_error(path, error, "written", "change the access rights there") from None
    except BaseException:
        undo()
        raise
    return path, undo


def _copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Copy a file with its times, atomically."""
    size = source.stat().st_size
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise Unavailable(
            f"{target.parent}: {free / 1e9:.1f} GB are free and the film has {size / 1e9:.1f}; "
            "free some space, or link it without --copy"
        )
    remove_leftovers(target)
    copied = 0
    with atomic_path(target, durable=True) as temporary:
        with source.open("rb") as read, temporary.open("wb") as write:
            while chunk := read.read(COPY_BYTES):
                write.write(chunk)
                copied += len(chunk)
                progress(copied, size)
        if copied != source.stat().st_size:
            raise Conflict(f"{source}: changed while it was copied; add it once it is whole")
        shutil.copystat(source, temporary)


def _discovered(settings: Settings, path: Path, key: str) -> InboxFilm:
    """The film as it is discovered in the inbox.

    Raises:
        Conflict: it is not discovered under this key; the message has the reason.
    """
    inbox = discover(settings.films)
    for film in inbox.films:
        if film.path == path and film.key == key:
            return film
    reasons = [problem for problem in inbox.problems if str(path) in problem] or [f"{path}: is not taken for a film"]
    raise Conflict(f"{reasons[0]}; choose another name with --name")


def _file_name(key: str) -> str:
    """A key as a name of folder and file under which the inbox discovers a film."""
    name = key.replace("/", "_")
    if is_hidden(name):
        name = f"_{name}"
    if is_system_folder(name) or not films_in(Folder("", folders=[Folder(name, [VideoFile(f"{name}.mkv")])])):
        name = f"{name} (film)"
    return name
