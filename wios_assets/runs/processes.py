"""Whether a process that something was left to still runs."""

from __future__ import annotations

import psutil


def process_identity(pid: int) -> str:
    """A process by number and start, so that a number used again is another process."""
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}@gone"


def lives(process: str) -> bool:
    """Whether the process of this identity still runs."""
    return process_identity(int(process.partition("@")[0])) == process
