"""Failed films that somebody asks to run again on the page: asked for one after the other, in a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from wios_assets.errors import Conflict, WiosError
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
        self._changed = threading.Condition()
        self._films: deque[str] = deque()
        self._worker: threading.Thread | None = None
        self._closed = False

    def ask(self, film: str, ready: bool) -> None:
        """Have a film run again.

        Args:
            ready: whether the library has it.

        Raises:
            Conflict: its newest run did not fail.
        """
        state = self.states.of(film, ready)
        with self._changed:
            # A run may have failed while its process still ends.
            if state.kind == "running" or (film in self._films and state.reason is None):
                raise Conflict(f"film {film!r} is being run; wait until it is done")
            if state.kind == "ready" and state.reason is None:
                raise Conflict(f"film {film!r} is ready; `wios run` runs it again all the same")
            self.states.note_request(film)
            self._films.append(film)
            if self._worker is None and not self._closed:
                self._worker = threading.Thread(target=self._work, name="run again", daemon=True)
                self._worker.start()
            self._changed.notify()

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while (film := self._next()) is not None:
            try:
                self._run(self.settings, film)
            except Exception as error:
                # The thread must outlive whatever a run fails of; the page shows what it was.
                shown = str(error) if isinstance(error, WiosError) else f"{type(error).__name__}: {error}"
                self.states.note_request(film, shown)
            finally:
                with self._changed:
                    self._films.remove(film)

    def _next(self) -> str | None:
        with self._changed:
            while not self._films and not self._closed:
                self._changed.wait()
            return None if self._closed else self._films[0]
