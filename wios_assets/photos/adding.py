"""Adds a photo to an actor's folder of the galleries."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from wios_assets.atomic import atomic_path
from wios_assets.errors import BadInput, Conflict, file_error
from wios_assets.photos.folders import PICTURE_SUFFIXES, is_picture
from wios_assets.text import name_key
from wios_assets.vision.photos import read_photo

LONGEST_NAME = 100
_ODD = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def add_photo(folder: Path, name: str, content: bytes) -> Path:
    """Store a picture file in an actor's folder; returns the file.

    Args:
        folder: the actor's folder, which is made if it is missing.
        name: name of the file as it was sent; only its last part counts.
        content: the file's bytes.

    Raises:
        BadInput: it is no picture that can be read, or of another type.
        Conflict: the folder has the same picture already.
        Unavailable: the folder cannot be written to.
    """
    plain = _ODD.sub(" ", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if not is_picture(Path(plain)):
        raise BadInput(f"{name!r}: a photo's name ends in one of {' '.join(sorted(PICTURE_SUFFIXES))}; rename it")
    digest = hashlib.sha256(content).digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            same_size = file.is_file() and file.stat().st_size == len(content)
            if same_size and hashlib.sha256(file.read_bytes()).digest() == digest:
                raise Conflict(f"{file}: this photo is there already")
        target = _free(folder, plain)
        with atomic_path(target) as temporary:
            temporary.write_bytes(content)
            try:
                read_photo(temporary)
            except BadInput as error:
                raise BadInput(str(error).replace(str(temporary), name)) from None
    except OSError as error:
        raise file_error(folder, error, "written", "change its access rights") from None
    return target


def actor_folder(galleries: Path, actor: str, nconst: str | None, known: Path | None) -> Path:
    """The folder for an actor's photos inside the galleries.

    Args:
        known: folder that holds photos of the actor already; used where it lies inside the galleries.

    Raises:
        BadInput: neither the name nor the nconst can be a folder's name.
    """
    if known is not None and galleries in known.parents:
        return known
    plain = _ODD.sub(" ", actor).strip(" .")
    name = plain if plain and name_key(plain) == name_key(actor) else nconst
    if not name:
        raise BadInput(f"{actor!r} cannot be the name of a folder; put the photos into one called by an IMDB key")
    return galleries / name


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that no file has: the name, or the name with a number."""
    stem, suffix = Path(name).stem[:LONGEST_NAME], Path(name).suffix.lower()
    candidate, number = folder / f"{stem}{suffix}", 2
    while candidate.exists():
        candidate, number = folder / f"{stem} {number}{suffix}", number + 1
    return candidate
