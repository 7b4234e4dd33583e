"""Atomic file writes: a reader sees the old content or the new, never a part of either."""

from __future__ import annotations

import glob
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LEFTOVER_AGE_S = 3600.0
"""Age from which a temporary file is taken for one that a killed process left behind."""
_KEPT_CHARACTERS = 40


@contextmanager
def atomic_path(file: Path, *, durable: bool = False) -> Iterator[Path]:
    """A temporary path to write to, which replaces `file` when the block ends without an error.

    The path is hidden, unique and in the same folder, which is made where it is missing. It is removed after an
    error, so that `file` stays as it was.

    Args:
        file: the file to create or replace.
        durable: also wait until the content is on the disk (fsync), so that it survives a loss of power.

    Raises:
        OSError: the folder cannot be made or written to, or the block wrote no file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{_prefix(file)}{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        if durable:
            _sync(temporary)
        temporary.replace(file)
        if durable:
            # Some file systems cannot sync a folder; the content is safe by then.
            with suppress(OSError):
                _sync(file.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomic(file: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Create or replace `file`; text is written as UTF-8, with its line ends as they are.

    Args:
        file, durable: as for `atomic_path`.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    with atomic_path(file, durable=durable) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def remove_leftovers(file: Path) -> None:
    """Remove temporary files of `file` that killed processes left behind, those older than `LEFTOVER_AGE_S`."""
    for leftover in file.parent.glob(f"{glob.escape(_prefix(file))}*.tmp"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE_S:
                leftover.unlink()


def _prefix(file: Path) -> str:
    # Cut, so that a long file name with what is added stays within the 255 bytes that file systems allow.
    return f".{file.name[:_KEPT_CHARACTERS]}."


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
