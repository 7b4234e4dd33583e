"""Work that a page does for films in a thread of its own: one film at a time, each once however often it is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wios_assets.errors import WiosError


@dataclass(frozen=True)
class FilmWork:
    """How far a film's work is; `reason` where it failed last."""

    kind: Literal["done", "waiting", "running", "failed"]
    reason: str | None = None


def failure_text(error: Exception) -> str:
    """What a page shows of a failure."""
    return str(error) if isinstance(error, WiosError) else f"{type(error).__name__}: {error}"


class FilmQueue:
    """Films in the order in which their work is due; the thread starts with the first.

    Args:
        name: the thread's name.
        work: does a film's work; whatever it raises is kept as the reason.
        pause_s: seconds after the last time that a film was asked for, until its work is due.
    """

    def __init__(self, name: str, work: Callable[[str], None], pause_s: float = 0.0) -> None:
        self._name, self._work, self._pause_s = name, work, pause_s
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._running: str | None = None
        self._failed: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, film: str) -> None:
        """Have a film's work done, also once more where it is being done now."""
        with self._changed:
            self._failed.pop(film, None)
            self._due[film] = time.monotonic() + self._pause_s
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def state(self, film: str) -> FilmWork:
        """How far a film's work is."""
        with self._changed:
            if film in self._due:
                return FilmWork("waiting")
            if film == self._running:
                return FilmWork("running")
            if film in self._failed:
                return FilmWork("failed", self._failed[film])
            return FilmWork("done")

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _serve(self) -> None:
        while (film := self._next()) is not None:
            failure = None
            try:
                self._work(film)
            except Exception as error:
                # The thread must outlive whatever the work fails of; the page shows what it was.
                failure = failure_text(error)
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
