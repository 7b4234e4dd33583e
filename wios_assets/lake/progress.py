"""How far a film's analysis is: seconds done, speed, time left."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread

from wios_assets.atomic import write_atomic
from wios_assets.lake.paths import escape_key

PAUSE_S = 0.5


@dataclass(frozen=True)
class Progress:
    """Seconds of film analysed, of how many, and the time that took in seconds."""

    done_s: float
    total_s: float
    taken_s: float

    @property
    def speed(self) -> float:
        """Multiple of real time; 0 before anything is done."""
        return self.done_s / self.taken_s if self.taken_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the analysis is done, at the speed so far; None before anything is."""
        return (self.total_s - self.done_s) / self.speed if self.speed > 0 else None

    def sentence(self) -> str:
        """For a log: seconds done, speed, time left."""
        left = f", {self.left_s:.0f} s left" if self.left_s is not None else ""
        return f"{self.done_s:.0f} of {self.total_s:.0f} s of film, {self.speed:.1f} × real time{left}"


def progress_file(lake: Path, film: str) -> Path:
    """Where a running film's progress can be read."""
    return lake / ".progress" / f"film={escape_key(film)}.json"


def read_progress(lake: Path, film: str) -> Progress | None:
    """A running film's progress; None where it is not being analysed."""
    try:
        return Progress(**json.loads(progress_file(lake, film).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def note_done(folder: Path, segment: int, seconds: float) -> None:
    """Called by a worker: seconds of its segment that are done."""
    write_atomic(folder / str(segment), f"{seconds:.3f}")


def seconds_done(folder: Path) -> float:
    """Seconds of film done over all segments."""
    return sum(float(entry.read_text(encoding="utf-8")) for entry in folder.iterdir() if entry.name.isdigit())


class ProgressWatch:
    """Publishes a film's progress while its segments are analysed; a context manager around the Spark job."""

    def __init__(
        self, lake: Path, film: str, folder: Path, total_s: float, log: Callable[[str], None], log_every_s: float
    ) -> None:
        self.file = progress_file(lake, film)
        self.folder, self.total_s, self.log, self.log_every_s = folder, total_s, log, log_every_s
        self.started = time.monotonic()
        self.ended = Event()
        self.thread = Thread(target=self._watch, name="film progress", daemon=True)

    def __enter__(self) -> ProgressWatch:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self.file.unlink(missing_ok=True)

    def now(self) -> Progress:
        """Progress at this instant."""
        done = min(seconds_done(self.folder), self.total_s)
        return Progress(done, self.total_s, time.monotonic() - self.started)

    def _watch(self) -> None:
        logged = time.monotonic()
        while not self.ended.wait(PAUSE_S):
            progress = self.now()
            write_atomic(self.file, json.dumps(asdict(progress)))
            if time.monotonic() - logged >= self.log_every_s:
                logged = time.monotonic()
                self.log(progress.sentence())
