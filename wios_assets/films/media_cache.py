"""How files that are made from a film are called in the cache, so that they can be found again by the film."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

POSTERS, PREVIEWS = "posters", "previews"


def cached_file(folder: Path, film: Path, what: object, suffix: str) -> Path:
    """File in `folder` for what is made from the film's file and `what` decides."""
    return folder / f"{_hash(str(film), 10)}-{_hash(repr(what), 12)}{suffix}"


def remove_cached(cache: Path, film: Path) -> int:
    """Remove every poster and preview made from the film's file; returns how many there were."""
    removed = 0
    for name in (POSTERS, PREVIEWS):
        for file in (cache / name).glob(f"{_hash(str(film), 10)}-*"):
            with suppress(FileNotFoundError):
                file.unlink()
                removed += 1
    return removed


def _hash(text: str, length: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=length).hexdigest()
