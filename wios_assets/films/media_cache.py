"""Names of the cached pictures of a film, by which they are found and removed."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

POSTERS, PREVIEWS = "posters", "previews"


def cached_file(folder: Path, film: Path, content: object, suffix: str) -> Path:
    """File in `folder` for a picture of the film, named by the film's path and what determines the content."""
    return folder / f"{_hash(str(film), 10)}-{_hash(repr(content), 12)}{suffix}"


def remove_cached(cache: Path, film: Path) -> int:
    """Remove all posters and previews of the film's file; returns their number."""
    removed = 0
    for name in (POSTERS, PREVIEWS):
        for file in (cache / name).glob(f"{_hash(str(film), 10)}-*"):
            with suppress(FileNotFoundError):
                file.unlink()
                removed += 1
    return removed


def _hash(text: str, length: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=length).hexdigest()
