"""Folders for half-finished work and temporary files. What a killed process left behind, the next one removes."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

_GUARD = ".lock"
"""Lock of the folder that holds scratch folders, so that none is removed between its making and its locking."""
_NAME_LENGTH = 12
"""Short, because the path of a Unix socket in a temporary folder may have about 100 characters."""


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """A new folder in `root`, locked while the block lasts and removed when it ends; abandoned ones are removed first.

    Raises:
        OSError: `root` cannot be made or written to.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / uuid.uuid4().hex[:_NAME_LENGTH]
    lock = FileLock(_lock_file(folder))
    with FileLock(root / _GUARD):
        _remove_abandoned(root)
        lock.acquire()
        try:
            folder.mkdir()
        except OSError:
            _release(lock, folder)
            raise
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _release(lock, folder)


@lru_cache(maxsize=1)
def temporary_folder() -> Path:
    """The folder for temporary files of this process, removed when it ends.

    It is in a folder of the user's own below the system's folder for temporary files.

    Raises:
        OSError: the folder for temporary files cannot be written to.
    """
    root = Path(tempfile.gettempdir()) / f"wios-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    with suppress(FileExistsError):
        root.mkdir(mode=0o700)
    if root.is_symlink() or (hasattr(os, "getuid") and root.stat().st_uid != os.getuid()):
        # Another user's: what is written there could be read or replaced.
        root = Path(tempfile.mkdtemp(prefix="wios-"))
    stack = ExitStack()
    folder = stack.enter_context(scratch_folder(root))
    atexit.register(stack.close)
    return folder


def remove_abandoned(root: Path) -> None:
    """Remove the scratch folders in `root` whose processes are gone."""
    if root.is_dir():
        with FileLock(root / _GUARD):
            _remove_abandoned(root)


def abandoned_folders(root: Path) -> list[Path]:
    """The scratch folders in `root` whose processes are gone, sorted; nothing is removed."""
    if not root.is_dir():
        return []
    abandoned = []
    with FileLock(root / _GUARD):
        for folder in _folders(root):
            lock = FileLock(_lock_file(folder))
            with suppress(Timeout):
                lock.acquire(timeout=0)
                if folder.is_dir():
                    abandoned.append(folder)
                lock.release()
    return abandoned


def _remove_abandoned(root: Path) -> None:
    for folder in _folders(root):
        # A folder without a lock is older than the locks.
        lock = FileLock(_lock_file(folder))
        with suppress(Timeout):
            lock.acquire(timeout=0)
            shutil.rmtree(folder, ignore_errors=True)
            _release(lock, folder)


def _folders(root: Path) -> list[Path]:
    return [root / name for name in sorted({entry.name.removesuffix(".lock") for entry in root.iterdir()} - {""})]


def _release(lock: FileLock, folder: Path) -> None:
    lock.release()
    # Unlocked first, because Windows does not remove a file that is open.
    with suppress(OSError):
        _lock_file(folder).unlink(missing_ok=True)


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
