"""Discovers the films in the inbox folder, laid out as media centres expect it."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from wios_assets.errors import BadInput, WiosError, file_error
from wios_assets.films.extras import is_hidden, is_system_folder
from wios_assets.films.layout import FoundFilm, films_in
from wios_assets.films.playlists import read_playlist
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path
from wios_assets.films.tree import Folder, VideoFile
from wios_assets.text import is_utf8, readable

VIDEO_EXTENSIONS = frozenset(
    {
        *(".3g2", ".3gp", ".amv", ".asf", ".avi", ".divx", ".dv", ".dvr-ms", ".f4v", ".flv", ".m2t", ".m2ts", ".m2v"),
        *(".m4v", ".mk3d", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nsv", ".nut", ".ogm"),
        *(".ogv", ".qt", ".rm", ".rmvb", ".tp", ".trp", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".xvid"),
    }
)
UNSUPPORTED_TYPES = {
    ".iso": "a disc image",
    ".img": "a disc image",
    ".nrg": "a disc image",
    ".mdf": "a disc image",
    ".strm": "an address of a stream, not a film",
    ".disc": "a stub without a film",
}
KEY_CHARACTERS = 100
# A file name holds 255 bytes; the lake's folder is `film=<key>`, and Spark writes some characters as three.
KEY_BYTES = 200

_PARTIAL = re.compile(r"\.(part|partial|crdownload|tmp|temp|download|!qb|!ut)$", re.IGNORECASE)
_ESCAPED = re.compile(r'[\x00-\x1f"#%\'*/:=?\\{\[\]^\x7f]')


@dataclass(frozen=True)
class InboxFilm:
    """A film in the inbox.

    Attributes:
        key: partition key: the sidecar's name, or the name of the file or its folder, see `film_key`.
        path: its file, or the first of its parts; links are not resolved.
        size: bytes. mtime_ns: time of the last change, nanoseconds since the epoch. Both of a link's target, over all
            parts.
        folder: the film's own folder (`Title (Year)/`), if it has one.
        sidecar: content of the sidecar, if there is one. sidecar_hash: its SHA-256, empty without one.
        parts: all files of a film in parts, in order; empty for a film in one file.
        versions: other versions of the film, which are not analysed.
        episode: `S01E02` for an episode, else empty. series: the series' title, else empty.
    """

    key: str
    path: Path
    size: int
    mtime_ns: int
    folder: Path | None = None
    sidecar: Sidecar | None = None
    sidecar_hash: str = ""
    parts: tuple[Path, ...] = ()
    versions: tuple[Path, ...] = ()
    episode: str = ""
    series: str = ""

    @property
    def called(self) -> str:
        """The name that a title is looked for under: the folder's, or the file's without its extension."""
        return self.folder.name if self.folder else self.path.stem

    @property
    def files(self) -> tuple[Path, ...]:
        """The film's files in order."""
        return self.parts or (self.path,)


@dataclass(frozen=True)
class Inbox:
    """Content of the inbox.

    Attributes:
        films: films whose key is theirs alone, by path.
        contested: key → films that would all have it; none of them is in `films`.
        unreadable: files and folders that could not be opened; films may be in them.
        problems: one line each, with thing, place and remedy.
    """

    films: list[InboxFilm] = field(default_factory=list)
    contested: dict[str, list[InboxFilm]] = field(default_factory=dict)
    unreadable: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def refused(self, path: Path, error: OSError) -> None:
        """Record that `path` could not be opened."""
        self.unreadable.append(path)
        self.problems.append(str(file_error(path, error, "opened", "change its access rights")))


def film_key(name: str) -> str:
    """Partition key from a name: white space and control characters collapsed to a space, at most 100 characters.

    Unicode is composed (NFC), so that a name from macOS equals the same name from elsewhere. Three dots become one
    character, because Dagster reads `...` as a range of partitions.
    """
    printable = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in name)
    key = " ".join(unicodedata.normalize("NFC", printable).replace("...", "…").split())[:KEY_CHARACTERS]
    while len(_ESCAPED.sub("%00", key).encode()) > KEY_BYTES:
        key = key[:-1]
    return key.strip()


def discover(films_folder: Path) -> Inbox:
    """The films in `films_folder`: `Title (Year).mkv`, or a folder of that name, at any depth; see `films.layout`.

    Links are followed, broken ones reported. Hidden files, partial downloads, extras and folders of the system are left
    out. Two films that would have the same key are both reported and neither is taken.
    """
    inbox = Inbox()
    if not films_folder.is_dir():
        inbox.unreadable.append(films_folder)
        inbox.problems.append(f"{films_folder}: there is no such folder; create it or set WIOS_FILMS")
        return inbox
    by_key: defaultdict[str, list[InboxFilm]] = defaultdict(list)
    for layout in films_in(_read_folder(films_folder, "", inbox, seen=set())):
        path = films_folder / layout.files[0]
        try:
            film = _inbox_film(films_folder, layout)
        except WiosError as error:
            inbox.problems.append(str(error))
            inbox.unreadable.append(path)
        except OSError as error:
            inbox.refused(path, error)
        else:
            if layout.missing:
                missing = ", ".join(map(str, layout.missing))
                inbox.problems.append(
                    f"{path}: of {film.key!r} part {missing} is missing; put it beside the others, or join what there "
                    "is to one file"
                )
            elif not (film.sidecar and film.sidecar.skip):
                by_key[film.key].append(film)
    for key, films in by_key.items():
        if len(films) == 1:
            inbox.films.append(films[0])
        else:
            inbox.contested[key] = films
    return inbox


def contested_problem(key: str, films: list[InboxFilm]) -> str:
    """Message for several films with the same key."""
    named = ", ".join(str(film.path) for film in films)
    first = sidecar_path(films[0].path).name
    return (
        f"{key!r} would be the name of {len(films)} films ({named}); give all but one a `name:` in a sidecar ({first})"
    )


def _inbox_film(films_folder: Path, layout: FoundFilm) -> InboxFilm:
    files = tuple(films_folder / file for file in layout.files)
    path = files[0]
    stats = [file.stat() for file in files]
    sidecar_file = sidecar_path(path)
    sidecar, sidecar_hash = None, ""
    if sidecar_file.is_file():
        sidecar = read_sidecar(sidecar_file)
        sidecar_hash = hashlib.sha256(sidecar_file.read_bytes()).hexdigest()
    key = film_key(sidecar.name if sidecar and sidecar.name else layout.name)
    if not key:
        raise BadInput(f"{str(path)!r}: the name is blank; rename the file or give it a `name:` in {sidecar_file.name}")
    return InboxFilm(
        key,
        path,
        sum(stat.st_size for stat in stats),
        max(stat.st_mtime_ns for stat in stats),
        films_folder / layout.folder if layout.folder else None,
        sidecar,
        sidecar_hash,
        files if len(files) > 1 else (),
        tuple(films_folder / file for file in layout.versions),
        layout.episode.code if layout.episode else "",
        layout.series,
    )


def _read_folder(path: Path, name: str, inbox: Inbox, seen: set[tuple[int, int]]) -> Folder:
    """Videos and folders under `path`; unreadable ones are recorded in `inbox`."""
    folder = Folder(name)
    try:
        stat = path.stat()
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        inbox.refused(path, error)
        return folder
    if (stat.st_dev, stat.st_ino) in seen:
        return folder
    seen.add((stat.st_dev, stat.st_ino))
    for entry in entries:
        if is_hidden(entry.name) or is_system_folder(entry.name):
            continue
        inner = path / entry.name
        try:
            if not is_utf8(entry.name):
                if inner.is_dir() or inner.suffix.lower() in VIDEO_EXTENSIONS:
                    inbox.problems.append(f"{path / readable(entry.name)}: its name is not UTF-8; rename it")
            elif inner.is_dir():
                folder.folders.append(_read_folder(inner, entry.name, inbox, seen))
            else:
                _read_file(inner, folder, inbox)
        except OSError as error:
            inbox.refused(inner, error)
    return folder


def _read_file(path: Path, folder: Folder, inbox: Inbox) -> None:
    """Add a file to its folder if it is a video."""
    suffix = path.suffix.lower()
    if suffix in UNSUPPORTED_TYPES:
        inbox.problems.append(
            f"{path}: {UNSUPPORTED_TYPES[suffix]}, which is not read; put the film there as a video file"
        )
    if suffix == ".mpls" and path.parent.name.casefold() == "playlist":
        try:
            folder.playlists.append(read_playlist(path))
        except BadInput as error:
            inbox.problems.append(str(error))
    if suffix not in VIDEO_EXTENSIONS or _PARTIAL.search(path.stem):
        return
    if path.is_file():
        folder.videos.append(VideoFile(path.name, path.stat().st_size))
    elif path.is_symlink():
        inbox.problems.append(f"{path}: links to {path.readlink()}, which is not there; mend or remove the link")
    else:
        inbox.problems.append(f"{path}: not a file; remove it")
