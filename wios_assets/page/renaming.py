"""Working a film's names out anew after people decided: in a process of its own, one film after the other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Literal

from wios_assets.errors import WiosError
from wios_assets.lake.store import read_rows
from wios_assets.reviews.decisions import read_decisions, revision_of
from wios_assets.settings import Settings
from wios_assets.tables import TRACK_NAMES

PAUSE_S = 3.0
"""So long nobody decides before the names are worked out, so that decisions in a row share one run."""
_LONGEST_WAIT_S = 1800.0
_LOOK_EVERY_S = 2.0
_MOST_REASON_BYTES = 4000

Rename = Callable[[Settings, str], None]


@dataclass(frozen=True)
class RenamingState:
    """Whether a film's names are being worked out anew; `reason` where that failed."""

    kind: Literal["done", "waiting", "running", "failed"]
    reason: str | None = None


class Renaming:
    """Films whose names follow what was decided. Decisions are stored before, so none is lost with the page.

    Args:
        rename: materialises what follows from a film's decisions; raises WiosError.
    """

    def __init__(self, settings: Settings, rename: Rename | None = None, pause_s: float = PAUSE_S) -> None:
        self.settings, self.pause_s = settings, pause_s
        self._rename = rename or rename_in_a_process
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._running: str | None = None
        self._failed: dict[str, str] = {}
        self._worker: threading.Thread | None = None
        self._closed = False

    def ask(self, film: str) -> None:
        """Work out a film's names once nobody decides on it for a moment."""
        with self._changed:
            self._failed.pop(film, None)
            self._due[film] = time.monotonic() + self.pause_s
            if self._worker is None and not self._closed:
                self._worker = threading.Thread(target=self._work, name="renaming", daemon=True)
                self._worker.start()
            self._changed.notify()

    def state(self, film: str) -> RenamingState:
        with self._changed:
            if film in self._due:
                return RenamingState("waiting")
            if film == self._running:
                return RenamingState("running")
            if film in self._failed:
                return RenamingState("failed", self._failed[film])
            return RenamingState("done")

    def catch_up(self, films: list[str]) -> None:
        """Ask for every film whose names do not rest on all its decisions, as after a page that was ended."""
        for film in films:
            with suppress(WiosError):
                revision = revision_of(read_decisions(self.settings.data, film))
                if not revision:
                    continue
                rests_on = read_rows(self.settings.lake, TRACK_NAMES, film)["decisions"].to_pylist()
                if any((each or 0) < revision for each in rests_on):
                    self.ask(film)

    def close(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while (film := self._next()) is not None:
            try:
                self._rename(self.settings, film)
                failure = None
            except WiosError as error:
                failure = str(error)
            except Exception as error:
                # The thread must outlive whatever a run dies of; the page says what it was.
                failure = f"{type(error).__name__}: {error}"
            with self._changed:
                self._running = None
                if failure is not None and film not in self._due:
                    self._failed[film] = failure

    def _next(self) -> str | None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                film = min(self._due, key=lambda each: self._due[each], default=None)
                if film is not None and self._due[film] <= now:
                    del self._due[film]
                    self._running = film
                    return film
                self._changed.wait(None if film is None else self._due[film] - now)
        return None


def rename_in_a_process(settings: Settings, film: str) -> None:
    """Run the job `film_decisions` for a film in a process of its own, and wait for its end.

    Raises:
        WiosError: the run failed; the message is the cause's.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(settings, film, theirs), name="renaming", daemon=True)
    process.start()
    theirs.close()
    with ours:
        try:
            reason = ours.recv_bytes().decode()
        except EOFError:
            reason = f"film {film!r}: the process that works out the names was ended"
        process.join()
    if reason:
        raise WiosError(reason)


def _run(settings: Settings, film: str, answer: Connection) -> None:
    from wios_assets.runs.launch import dagster_instance, run_film
    from wios_assets.runs.orphans import runs_at

    # Ctrl-C is meant for the page, which ends this process with itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reason = ""
    try:
        with dagster_instance(settings) as instance:
            ended = time.monotonic() + _LONGEST_WAIT_S
            while runs_at(instance, film):
                if time.monotonic() > ended:
                    raise WiosError(f"film {film!r}: another run is at it; what was decided comes with the next run")
                time.sleep(_LOOK_EVERY_S)
            run_film(settings, instance, film, lambda progress, step: None, "film_decisions")
    except Exception as error:
        # Only a text crosses to the page's process.
        reason = str(error) or type(error).__name__
    answer.send_bytes(reason.encode()[:_MOST_REASON_BYTES])
