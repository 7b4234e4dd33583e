"""Finds the photos of cast members: in a folder per actor of a gallery, or in `.actors` beside the film."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import file_error
from wios_assets.text import name_key, readable

PICTURE_SUFFIXES = frozenset(
    {
        *(".apng", ".avif", ".avifs", ".bmp", ".dib", ".gif", ".heic", ".heics", ".heif", ".heifs", ".hif", ".ico"),
        *(".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".jxl", ".pbm", ".pgm", ".png", ".pnm"),
        *(".ppm", ".tga", ".tif", ".tiff", ".webp"),
    }
)
"""File types counted as photos."""

SYSTEM_FILES = frozenset({"desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r"})
"""Names, in lower case, of files that operating systems put into folders; they are ignored as hidden files are."""

ACTORS_FOLDER = ".actors"
NCONST = re.compile(r"nm\d{7,}")
_SPELLING = 0.85
"""Least share of letters in common at which a folder's name is taken for another spelling of a name."""


@dataclass(frozen=True)
class ActorPhotos:
    """An actor's files.

    Attributes:
        photos: picture files, by name.
        others: files of other types, by name: in a gallery they count as photos that cannot be read.
        folder: the gallery folder that holds them; None where no gallery has one.
    """

    photos: tuple[Path, ...]
    folder: Path | None
    others: tuple[Path, ...] = ()


def photos_of_cast(
    cast: Sequence[tuple[str, str | None]],
    galleries: Iterable[Path],
    film: Path | None = None,
    series: Path | None = None,
) -> dict[str, ActorPhotos]:
    """Each cast member's photos.

    Args:
        cast: name and nconst (None where unknown) of each cast member.
        galleries: folders with one folder per actor, whose name is the actor's name or nconst; missing ones are
            skipped.
        film: video file; `.actors/Firstname_Lastname.jpg` in its folder is included, as Kodi and Jellyfin store it.
        series: folder of an episode's series; `.actors` in it is included too.

    Returns:
        By name, in the order of the cast; an actor without photos has an empty tuple.

    Raises:
        Unavailable: a folder cannot be read.
    """
    beside = [folder / ACTORS_FOLDER for folder in (film.parent if film else None, series) if folder is not None]
    try:
        return _photos_of_cast(cast, galleries, list(dict.fromkeys(beside)))
    except OSError as error:
        raise file_error(error.filename, error, "read", "change its access rights") from None


def _photos_of_cast(
    cast: Sequence[tuple[str, str | None]], galleries: Iterable[Path], actors_folders: Sequence[Path]
) -> dict[str, ActorPhotos]:
    folders = [folder for gallery in galleries if gallery.is_dir() for folder in _subfolders(gallery)]
    loose = [file for folder in actors_folders if folder.is_dir() for file in _files(folder)]
    by_folder = _by_key((folder.name, folder) for folder in folders)
    by_file = _by_key((picture.stem, picture) for picture in loose)
    result = {}
    for name, nconst in cast:
        keys = list(dict.fromkeys(key for key in (name_key(name), nconst) if key))
        own = [folder for key in keys for folder in by_folder.get(key, ())]
        files = [file for folder in own for file in _files(folder)]
        files = list(dict.fromkeys(files + [file for key in keys for file in by_file.get(key, ())]))
        result[name] = ActorPhotos(
            photos=tuple(file for file in files if is_picture(file)),
            folder=own[0] if own else None,
            others=tuple(file for file in files if not is_picture(file)),
        )
    return result


def misspelt_names(names: Iterable[str], cast: Iterable[str], galleries: Iterable[Path]) -> dict[str, Path]:
    """Names without a folder that are spelt almost like a folder that no cast member has, with that folder.

    Args:
        names: cast members without photos of their own.
        cast: all cast members; a folder of one of them is not offered to another.
        galleries: folders with one folder per actor; missing ones are skipped.
    """
    taken = {name_key(name) for name in cast}
    found = [
        Path(readable(str(folder))) for gallery in galleries if gallery.is_dir() for folder in _subfolders(gallery)
    ]
    free = {name_key(folder.name): folder for folder in found if name_key(folder.name) not in taken}
    near = {name: difflib.get_close_matches(name_key(name), free, n=1, cutoff=_SPELLING) for name in names}
    return {name: free[keys[0]] for name, keys in near.items() if keys}


def folders_by_letter(people: Path | None) -> list[Path]:
    """Galleries in Jellyfin's folder of people, `metadata/People`, which has a folder for each first letter."""
    return _subfolders(people) if people is not None and people.is_dir() else []


def is_picture(file: Path) -> bool:
    """Whether a file's type is among `PICTURE_SUFFIXES`."""
    return file.suffix.casefold() in PICTURE_SUFFIXES


def people_of_gallery(gallery: Path) -> dict[str, list[Path]]:
    """Files of each folder of a gallery, by the folder's name."""
    return {readable(folder.name): _files(folder) for folder in _subfolders(gallery)}


def _folder_key(name: str) -> str:
    nconst = NCONST.search(name.casefold())
    return nconst.group() if nconst else name_key(name)


def _by_key(named: Iterable[tuple[str, Path]]) -> Mapping[str, list[Path]]:
    paths: dict[str, list[Path]] = {}
    for written, path in named:
        name = readable(written)
        for key in {_folder_key(name), name_key(NCONST.sub("", name.casefold()))} - {""}:
            paths.setdefault(key, []).append(path)
    return paths


def _subfolders(folder: Path) -> list[Path]:
    # A listing knows which entries are folders: Jellyfin's folder of people holds a hundred thousand.
    with os.scandir(folder) as entries:
        return sorted(folder / entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())


def _files(folder: Path) -> list[Path]:
    """Files of a folder by name; hidden files and those of the operating system are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name.casefold() not in SYSTEM_FILES and path.is_file()
    )
