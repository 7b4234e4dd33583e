"""Films whose names do not follow their decisions yet: asked for once nobody decides for a moment, one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from wios_assets.errors import WiosError
from wios_assets.exports.player_files import write_player_files
from wios_assets.runs.name_updates import names_follow_decisions, update_names
from wios_assets.settings import Settings

PAUSE_S = 3.0
"""Seconds without a decision after which the names are asked for, so that decisions in a row share one run."""

UpdateNames = Callable[[Settings, str], None]


@dataclass(frozen=True)
class NameUpdateState:
    """Whether a film's names follow its decisions; `reason` where bringing them in step failed."""

    kind: Literal["done", "waiting", "running", "failed"]
    reason: str | None = None


class NameUpdates:
    """Asks for the names of films after decisions. Decisions are stored before, so none is lost with the page.

    Args:
        update: brings a film's names in step with its decisions; raises WiosError.
    """

    def __init__(self, settings: Settings, update: UpdateNames | None = None, pause_s: float = PAUSE_S) -> None:
        self.settings, self.pause_s = settings, pause_s
        self._update = update or update_names
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._running: str | None = None
        self._failed: dict[str, str] = {}
        self._worker: threading.Thread | None = None
        self._closed = False

    def ask(self, film: str) -> None:
        """Bring a film's names in step once nobody decides on it for a moment."""
        with self._changed:
            self._failed.pop(film, None)
            self._due[film] = time.monotonic() + self.pause_s
            if self._worker is None and not self._closed:
                self._worker = threading.Thread(target=self._work, name="names", daemon=True)
                self._worker.start()
            self._changed.notify()

    def state(self, film: str) -> NameUpdateState:
        with self._changed:
            if film in self._due:
                return NameUpdateState("waiting")
            if film == self._running:
                return NameUpdateState("running")
            if film in self._failed:
                return NameUpdateState("failed", self._failed[film])
            return NameUpdateState("done")

    def catch_up(self, films: list[str]) -> None:
        """Ask for every film whose names do not follow its decisions, as after a page that was ended."""
        for film in films:
            with suppress(WiosError):
                if not names_follow_decisions(self.settings, film):
                    self.ask(film)

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while (film := self._next()) is not None:
            # Players read files, which should not wait for the run; it writes them again.
            with suppress(WiosError):
                write_player_files(self.settings, film)
            try:
                self._update(self.settings, film)
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
