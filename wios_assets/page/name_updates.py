"""Films whose names do not follow their decisions yet: asked for once nobody decides for a moment, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from wios_assets.errors import WiosError
from wios_assets.exports.player_files import write_player_files
from wios_assets.page.film_queue import FilmQueue
from wios_assets.runs.name_updates import names_follow_decisions, update_names
from wios_assets.settings import Settings

PAUSE_S = 3.0
"""Seconds without a decision after which the names are asked for, so that decisions in a row share one run."""

UpdateNames = Callable[[Settings, str], None]


class NameUpdates(FilmQueue):
    """Asks for the names of films after decisions. Decisions are stored before, so none is lost with the page.

    Args:
        update: brings a film's names in step with its decisions; raises WiosError.
    """

    def __init__(self, settings: Settings, update: UpdateNames | None = None, pause_s: float = PAUSE_S) -> None:
        super().__init__("names", self._follow, pause_s)
        self.settings, self._update = settings, update or update_names

    def catch_up(self, films: list[str]) -> None:
        """Ask for every film whose names do not follow its decisions, as after a page that was ended."""
        for film in films:
            with suppress(WiosError):
                if not names_follow_decisions(self.settings, film):
                    self.ask(film)

    def _follow(self, film: str) -> None:
        # Players read files, which should not wait for the run; it writes them again.
        with suppress(WiosError):
            write_player_files(self.settings, film)
        self._update(self.settings, film)
