"""Where a cast member's photos lie: a folder an actor among the galleries, or `.actors` beside the film."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wios_assets.text import name_key

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
"""Files taken for photos; one of these that cannot be read gets the verdict `unreadable`, any other file is ignored."""

ACTORS_FOLDER = ".actors"
NCONST = re.compile(r"nm\d{7,}")


@dataclass(frozen=True)
class ActorPhotos:
    """An actor's picture files, by name, and the gallery folder that holds them, if one does."""

    photos: tuple[Path, ...]
    folder: Path | None


def photos_of_cast(
    cast: Sequence[tuple[str, str | None]], galleries: Iterable[Path], film: Path | None = None
) -> dict[str, ActorPhotos]:
    """Each cast member's photos.

    Args:
        cast: name and nconst (None where unknown) of each cast member.
        galleries: folders that hold one folder an actor, called by name or nconst; those that do not exist are
            passed over.
        film: video file; `.actors/Firstname_Lastname.jpg` in its folder is looked at too, as Kodi and Jellyfin
            keep it.

    Returns:
        By name, in the order of the cast; an actor without photos has an empty tuple.
    """
    folders = [folder for gallery in galleries if gallery.is_dir() for folder in _subfolders(gallery)]
    beside = film.parent / ACTORS_FOLDER if film is not None else None
    loose = _pictures(beside) if beside is not None and beside.is_dir() else []
    by_folder = _by_key((folder.name, folder) for folder in folders)
    by_file = _by_key((picture.stem, picture) for picture in loose)
    found = {}
    for name, nconst in cast:
        keys = list(dict.fromkeys(key for key in (name_key(name), nconst) if key))
        own = [folder for key in keys for folder in by_folder.get(key, ())]
        photos = [picture for folder in own for picture in _pictures(folder)]
        photos += [picture for key in keys for picture in by_file.get(key, ())]
        found[name] = ActorPhotos(tuple(dict.fromkeys(photos)), own[0] if own else None)
    return found


def _folder_key(name: str) -> str:
    found = NCONST.search(name.casefold())
    return found.group() if found else name_key(name)


def _by_key(named: Iterable[tuple[str, Path]]) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for name, path in named:
        for key in {_folder_key(name), name_key(NCONST.sub("", name.casefold()))} - {""}:
            found.setdefault(key, []).append(path)
    return found


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    """Picture files of a folder by name; hidden files are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.casefold() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
