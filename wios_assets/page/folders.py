"""What tells one state of the lake's files from another."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

State = tuple[tuple[str, int, int], ...]


def folder_state(folder: Path) -> State:
    """What tells one state of a folder's Parquet files from another; empty where there are none."""
    state = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".parquet"):
                stat = entry.stat()
                state.append((entry.name, stat.st_ino, stat.st_mtime_ns))
    return tuple(sorted(state))


def file_state(file: Path) -> State:
    """What tells one state of a file from another; empty where there is none."""
    with suppress(OSError):
        stat = file.stat()
        return ((file.name, stat.st_ino, stat.st_mtime_ns),)
    return ()
