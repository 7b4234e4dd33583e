"""One lock per film: whoever writes a film's tables holds it, in whatever process, and says who it is."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from wios_assets.atomic import write_atomic
from wios_assets.errors import Conflict
from wios_assets.text import readable

POLL_S = 0.5


@dataclass(frozen=True)
class LockHolder:
    """Who holds a film's lock.

    Attributes:
        process: number of the process. command: what it carries out.
        since: local time at which it took the lock, ISO 8601.
    """

    process: int
    command: str
    since: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.process}, since {self.since[11:19]})"


@contextmanager
def film_lock(
    data: Path, film: str, command: str | None = None, waiting: Callable[[LockHolder | None], None] | None = None
) -> Iterator[bool]:
    """Hold a film's lock; the thread that holds it may take it again.

    Args:
        data: the data folder.
        command: what the lock is taken for, as shown to another process; this process's command line where None.
        waiting: called every `POLL_S` seconds while another holds the lock, with who that is (None where it is not
            known yet). What it raises ends the wait.

    Yields:
        Whether the lock was held by another first.
    """
    lock, holder_file = _lock(data, film), _holder_file(data, film)
    held_here = lock.is_locked
    waited = False
    while True:
        try:
            lock.acquire(timeout=POLL_S if waited else 0)
            break
        except Timeout:
            waited = True
            if waiting is not None:
                waiting(lock_holder(data, film))
    try:
        if not held_here:
            since = datetime.now().astimezone().isoformat(timespec="seconds")
            write_atomic(holder_file, json.dumps(asdict(LockHolder(os.getpid(), command or command_line(), since))))
        yield waited
    finally:
        if not held_here:
            holder_file.unlink(missing_ok=True)
        lock.release()


@contextmanager
def free_film_lock(data: Path, film: str) -> Iterator[None]:
    """Hold a film's lock, or refuse at once.

    Raises:
        Conflict: another holds it; the message says who.
    """

    def refuse(holder: LockHolder | None) -> None:
        raise Conflict(f"film {film!r}: {holder or 'another process'} is writing it; wait until it is done")

    with film_lock(data, film, waiting=refuse):
        yield


def lock_holder(data: Path, film: str) -> LockHolder | None:
    """Who holds a film's lock; None where it is free, or was taken this very moment."""
    try:
        return LockHolder(**json.loads(_holder_file(data, film).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def command_line() -> str:
    """This process's command as a person would type it."""
    program = Path(sys.argv[0]).name
    name = "wios" if program in ("wios", "__main__.py") else program
    return readable(" ".join([f"`{name}", *sys.argv[1:]]) + "`")


def _lock(data: Path, film: str) -> FileLock:
    path = _folder(data) / f"{_name(film)}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    # One object per path and process, so that a thread can take the lock again; other threads wait as processes do.
    return FileLock(path, is_singleton=True)


def _holder_file(data: Path, film: str) -> Path:
    return _folder(data) / f"{_name(film)}.json"


def _folder(data: Path) -> Path:
    return data / ".locks"


def _name(film: str) -> str:
    # A hash, so that nothing of a forgotten film's name is left in the folder.
    return hashlib.sha256(film.encode()).hexdigest()[:20]
