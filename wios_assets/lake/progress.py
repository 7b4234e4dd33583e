"""Progress of what is running: the analysis of a film, and the loading of IMDB's files.

Both are small JSON files in the lake that whoever runs the work replaces and any other process reads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from wios_assets.atomic import write_atomic
from wios_assets.lake.paths import escape_key

PAUSE_S = 0.5
"""Time between two writes of a film's progress."""
LOADING_PAUSE_S = 0.2
"""Least time between two writes of the progress of loading."""
_FOLDER = ".progress"


@dataclass(frozen=True)
class Progress:
    """Seconds of film analysed, seconds of film in all, and the seconds that took."""

    done_s: float
    total_s: float
    taken_s: float

    @property
    def speed(self) -> float:
        """Multiple of real time; 0 before anything is done."""
        return self.done_s / self.taken_s if self.taken_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the analysis is done, at the speed so far; None before anything is done."""
        return (self.total_s - self.done_s) / self.speed if self.speed > 0 else None

    def sentence(self) -> str:
        """For a log: seconds done, speed, time left."""
        left = f", {self.left_s:.0f} s left" if self.left_s is not None else ""
        return f"{self.done_s:.0f} of {self.total_s:.0f} s of film, {self.speed:.1f} × real time{left}"


def progress_file(lake: Path, film: str) -> Path:
    """File of a running film's progress; it exists while the film is analysed."""
    return lake / _FOLDER / f"film={escape_key(film)}.json"


def read_progress(lake: Path, film: str) -> Progress | None:
    """A running film's progress; None where it is not being analysed."""
    try:
        return Progress(**json.loads(progress_file(lake, film).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def note_done(folder: Path, segment: int, seconds: float) -> None:
    """Note how many seconds of a segment are done; called by the worker that analyses it.

    Raises:
        FileNotFoundError: the folder was removed, because the run has ended; it is not made again.
    """
    folder.stat()
    write_atomic(folder / str(segment), f"{seconds:.3f}")


def seconds_done(folder: Path) -> float:
    """Seconds of film done over all segments."""
    return sum(float(entry.read_text(encoding="utf-8")) for entry in folder.iterdir() if entry.name.isdigit())


class ProgressWatch:
    """Publishes a film's progress while its segments are analysed: a context manager around the Spark job."""

    def __init__(
        self, lake: Path, film: str, folder: Path, total_s: float, log: Callable[[str], None], log_every_s: float
    ) -> None:
        self.file = progress_file(lake, film)
        self.folder, self.total_s, self.log, self.log_every_s = folder, total_s, log, log_every_s
        self.started = time.monotonic()
        self.ended = Event()
        self.thread = Thread(target=self._watch, name="film progress", daemon=True)

    def __enter__(self) -> ProgressWatch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        with suppress(OSError):
            self.file.unlink(missing_ok=True)

    def now(self) -> Progress:
        """The current progress."""
        done = min(seconds_done(self.folder), self.total_s)
        return Progress(done, self.total_s, time.monotonic() - self.started)

    def _watch(self) -> None:
        logged = time.monotonic()
        while not self.ended.wait(PAUSE_S):
            # Where a disk is full or gone, the analysis itself ends and says so; a run is not lost for its progress.
            with suppress(Exception):
                progress = self.now()
                write_atomic(self.file, json.dumps(asdict(progress)))
                if time.monotonic() - logged >= self.log_every_s:
                    logged = time.monotonic()
                    self.log(progress.sentence())


def loading_file(lake: Path) -> Path:
    """File of the progress of loading IMDB's files; it exists while they are loaded."""
    return lake / _FOLDER / "imdb.json"


def read_loading(lake: Path) -> dict[str, tuple[int, int]]:
    """Bytes done and bytes in all (0 where not known) of each file that is fetched or parsed; empty if none is."""
    try:
        content = json.loads(loading_file(lake).read_text(encoding="utf-8"))
        return {str(name): (int(done), int(size)) for name, (done, size) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


class LoadingProgress:
    """Publishes how far each of IMDB's files is; a context manager, called with each step from any thread."""

    def __init__(self, lake: Path) -> None:
        self.file = loading_file(lake)
        self._lock = Lock()
        self._files: dict[str, tuple[int, int]] = {}
        self._written = 0.0

    def __enter__(self) -> LoadingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.unlink(missing_ok=True)

    def __call__(self, name: str, done: int, size: int) -> None:
        with self._lock:
            self._files[name] = (done, size)
            if time.monotonic() - self._written < LOADING_PAUSE_S:
                return
            write_atomic(self.file, json.dumps(self._files))
            self._written = time.monotonic()
