"""Failed films that somebody asks to run again on the page: asked for one after the other, in a thread."""

from __future__ import annotations

from collections.abc import Callable

from wios_assets.errors import Conflict
from wios_assets.page.film_queue import FilmQueue, failure_text
from wios_assets.page.state.film_states import FilmStates
from wios_assets.runs.in_process import in_process
from wios_assets.settings import Settings

RunAgain = Callable[[Settings, str], None]


def run_again(settings: Settings, film: str) -> None:
    """Run what a film lacks in a process of its own; see `launch.run_film_again`.

    Raises:
        WiosError: the run failed, or could not be asked for.
    """
    # The page starts without what runs need.
    from wios_assets.runs.launch import run_film_again

    in_process(run_film_again, settings, film)


class FilmRetries:
    """Asks for the runs. `wios ui` queues them and goes on at once; a page alone carries them out itself.

    Args:
        run: asks for a film's run; raises WiosError.
    """

    def __init__(self, settings: Settings, states: FilmStates, run: RunAgain = run_again) -> None:
        self.settings, self.states, self._run = settings, states, run
        self._queue = FilmQueue("run again", self._run_again)

    def ask(self, film: str, ready: bool) -> None:
        """Have a film run again.

        Args:
            ready: whether the library has it.

        Raises:
            Conflict: its newest run did not fail.
        """
        state, asked = self.states.of(film, ready), self._queue.state(film).kind in ("waiting", "running")
        # A run may have failed while its process still ends.
        if state.kind == "running" or (asked and state.reason is None):
            raise Conflict(f"film {film!r} is being run; wait until it is done")
        if state.kind == "ready" and state.reason is None:
            raise Conflict(f"film {film!r} is ready; `wios run` runs it again all the same")
        self.states.note_request(film)
        self._queue.ask(film)

    def close(self) -> None:
        """Start nothing more."""
        self._queue.close()

    def _run_again(self, film: str) -> None:
        try:
            self._run(self.settings, film)
        except Exception as error:
            self.states.note_request(film, failure_text(error))
