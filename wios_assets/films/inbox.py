"""Which films are in the inbox folder."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wios_assets.errors import BadInput, WiosError
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path

VIDEO_EXTENSIONS = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    }
)
# Folders inside a film's own in which Kodi, Jellyfin and Plex keep what is not the film.
EXTRA_FOLDERS = frozenset(
    {
        *(
            "extras",
            "extra",
            "trailers",
            "trailer",
            "samples",
            "sample",
            "featurettes",
            "interviews",
            "scenes",
            "shorts",
        ),
        *("behind the scenes", "deleted scenes", "clips", "other", "others", "backdrops", "theme-music", "subs"),
        *("subtitles", "specials"),
    }
)
DISC_FOLDERS = frozenset({"VIDEO_TS", "BDMV"})
KEY_CHARACTERS = 100
# A file name holds 255 bytes; the lake's folder is `film=<key>`, and Spark writes some characters as three.
KEY_BYTES = 200

_PARTIAL = re.compile(r"\.(part|partial|crdownload|tmp|temp|download|!qb|!ut)$", re.IGNORECASE)
_ALWAYS_EXTRA = re.compile(r"(^|[-._])(trailer|sample)\d*$", re.IGNORECASE)
# These words end the names of films too (`The-Big-Short`), so they count only beside the film itself.
_EXTRA_BESIDE_FILM = re.compile(
    r"[-._](behindthescenes|deleted|deletedscene|featurette|interview|scene|short|clip|other|extra)\d*$", re.IGNORECASE
)
_YEAR = re.compile(r"\(\d{4}\)")
_ESCAPED = re.compile(r'[\x00-\x1f"#%\'*/:=?\\{\[\]^\x7f]')


@dataclass(frozen=True)
class InboxFilm:
    """A film file in the inbox.

    Attributes:
        key: partition key: the sidecar's name, or the file's or folder's, see `film_key`.
        path: the file, as found (links are not resolved).
        size: bytes. mtime_ns: time of the last change, nanoseconds since the epoch. Both of a link's target.
        folder: the film's own folder (`Title (Year)/`), if it has one.
        sidecar: what the sidecar says, if there is one. sidecar_hash: SHA-256 of it, empty without one.
    """

    key: str
    path: Path
    size: int
    mtime_ns: int
    folder: Path | None = None
    sidecar: Sidecar | None = None
    sidecar_hash: str = ""

    @property
    def called(self) -> str:
        """The name that a title is looked for under: the folder's, or the file's without its extension."""
        return self.folder.name if self.folder else self.path.stem


@dataclass(frozen=True)
class Inbox:
    """What one look at the inbox found.

    Attributes:
        films: films whose key is theirs alone, by path.
        contested: key → films that would all have it; none of them is in `films`.
        unreadable: files and folders that could not be looked at; nothing is known about what they hold.
        problems: one line each: thing, place, remedy.
    """

    films: list[InboxFilm] = field(default_factory=list)
    contested: dict[str, list[InboxFilm]] = field(default_factory=dict)
    unreadable: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def refused(self, path: Path, error: OSError) -> None:
        """Note that `path` could not be looked at."""
        self.unreadable.append(path)
        self.problems.append(f"{path}: cannot be opened ({error.strerror}); check its permissions")


def film_key(name: str) -> str:
    """Partition key from a name: white space and control characters collapsed to a space, at most 100 characters.

    Unicode is composed (NFC), so a name that came by way of a Mac is the same name. Three dots become one
    character, because Dagster reads `...` as a range of partitions.
    """
    printable = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in name)
    key = " ".join(unicodedata.normalize("NFC", printable).replace("...", "…").split())[:KEY_CHARACTERS]
    while len(_ESCAPED.sub("%00", key).encode()) > KEY_BYTES:
        key = key[:-1]
    return key.strip()


def discover(films_folder: Path) -> Inbox:
    """The films in `films_folder`: `Title (Year).mkv`, or a folder of that name, at any depth.

    Links are followed, broken ones reported. Hidden files, partial downloads, samples, trailers and extras are left
    out. Two films that would have the same key are both reported and neither is taken.
    """
    inbox = Inbox()
    if not films_folder.is_dir():
        inbox.unreadable.append(films_folder)
        inbox.problems.append(f"{films_folder}: there is no such folder; create it or set WIOS_FILMS")
        return inbox
    by_key: defaultdict[str, list[InboxFilm]] = defaultdict(list)
    for path, folder in _film_files(films_folder, films_folder, inbox, seen=set()):
        try:
            film = _inbox_film(path, folder)
        except WiosError as error:
            inbox.problems.append(str(error))
            inbox.unreadable.append(path)
        except OSError as error:
            inbox.refused(path, error)
        else:
            if not (film.sidecar and film.sidecar.skip):
                by_key[film.key].append(film)
    for key, films in by_key.items():
        if len(films) == 1:
            inbox.films.append(films[0])
        else:
            inbox.contested[key] = films
    return inbox


def contested_problem(key: str, films: list[InboxFilm]) -> str:
    """One line that says which files would have the same key, and what to do."""
    named = ", ".join(str(film.path) for film in films)
    first = sidecar_path(films[0].path).name
    return (
        f"{key!r} would be the name of {len(films)} films ({named}); give all but one a `name:` in a sidecar ({first})"
    )


def _inbox_film(path: Path, folder: Path | None) -> InboxFilm:
    stat = path.stat()
    beside = sidecar_path(path)
    sidecar, sidecar_hash = None, ""
    if beside.is_file():
        sidecar = read_sidecar(beside)
        sidecar_hash = hashlib.sha256(beside.read_bytes()).hexdigest()
    called = folder.name if folder else path.stem
    key = film_key(sidecar.name if sidecar and sidecar.name else called)
    if not key:
        raise BadInput(f"{str(path)!r}: the name is blank; rename the file or give it a `name:` in {beside.name}")
    return InboxFilm(key, path, stat.st_size, stat.st_mtime_ns, folder, sidecar, sidecar_hash)


def _film_files(
    folder: Path, root: Path, inbox: Inbox, seen: set[tuple[int, int]]
) -> Iterator[tuple[Path, Path | None]]:
    """Film files under `folder`, each with the folder that is its own, if any."""
    try:
        stat = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        inbox.refused(folder, error)
        return
    if (stat.st_dev, stat.st_ino) in seen:
        return
    seen.add((stat.st_dev, stat.st_ino))
    videos: list[Path] = []
    folders: list[Path] = []
    for entry in entries:
        if not entry.name.startswith("."):
            try:
                _sort_in(folder / entry.name, folder == root, inbox, videos, folders)
            except OSError as error:
                inbox.refused(folder / entry.name, error)
    films = [path for path in videos if not _is_extra(path, videos)]
    alone = folder != root and len(films) == 1
    for path in films:
        yield path, folder if alone and _names_the_film(folder, path) else None
    for inner in folders:
        yield from _film_files(inner, root, inbox, seen)


def _sort_in(path: Path, in_root: bool, inbox: Inbox, videos: list[Path], folders: list[Path]) -> None:
    """Put a path among the videos or the folders to look into, if it is either."""
    if path.is_dir():
        if path.name in DISC_FOLDERS:
            inbox.problems.append(f"{path}: a disc's folder is not read; put the film there as one file")
        elif in_root or path.name.casefold() not in EXTRA_FOLDERS:
            folders.append(path)
    elif path.suffix.lower() in VIDEO_EXTENSIONS and not _PARTIAL.search(path.stem):
        if path.is_file():
            videos.append(path)
        elif path.is_symlink():
            inbox.problems.append(f"{path}: links to {path.readlink()}, which is not there; mend or remove the link")
        else:
            inbox.problems.append(f"{path}: not a file; remove it")


def _names_the_film(folder: Path, path: Path) -> bool:
    """Whether a folder with one film is called after it (`Title (Year)/film.mkv`), or is a shelf (`Comedies/`)."""
    return bool(_YEAR.search(folder.name)) or not _YEAR.search(path.stem)


def _is_extra(path: Path, videos: list[Path]) -> bool:
    if _ALWAYS_EXTRA.search(path.stem):
        return True
    ending = _EXTRA_BESIDE_FILM.search(path.stem)
    return ending is not None and any(other.stem == path.stem[: ending.start()] for other in videos)
