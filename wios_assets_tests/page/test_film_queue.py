"""Films in line for a page's thread: once each, in order, and failures do not end it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wios_assets.errors import WiosError
from wios_assets.page.film_queue import FilmQueue, FilmWork

PATIENCE_S = 20.0


def wait_for(holds: Callable[[], bool]) -> None:
    pause, waited = threading.Event(), 0
    while not holds():
        assert waited < PATIENCE_S / 0.01
        waited += 1
        pause.wait(0.01)


def test_films_are_done_one_at_a_time_in_the_order_in_which_they_were_asked_for() -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def work(film: str) -> None:
        begun.set()
        assert go.wait(PATIENCE_S)
        done.append(film)

    queue = FilmQueue("test", work)
    for film in ("b", "a", "a", "c"):
        queue.ask(film)
    assert begun.wait(PATIENCE_S)
    assert [queue.state(film).kind for film in "bacd"] == ["running", "waiting", "waiting", "done"]
    queue.ask("b")
    go.set()
    wait_for(lambda: queue.state("b").kind == "done")
    queue.close()
    assert done == ["b", "a", "c", "b"]


def test_a_failure_is_kept_until_the_film_is_asked_for_again_and_others_go_on() -> None:
    broken = True

    def work(film: str) -> None:
        if film == "unknown" and broken:
            raise ValueError("no such thing")
        if film == "known" and broken:
            raise WiosError("known: cannot be read")

    queue = FilmQueue("test", work)
    for film in ("unknown", "known", "sound"):
        queue.ask(film)
    wait_for(lambda: queue.state("sound").kind == "done")
    assert queue.state("unknown") == FilmWork("failed", "ValueError: no such thing")
    assert queue.state("known") == FilmWork("failed", "known: cannot be read")
    broken = False
    queue.ask("known")
    wait_for(lambda: queue.state("known") == FilmWork("done"))
    queue.close()


def test_nothing_is_begun_after_the_queue_is_closed() -> None:
    done: list[str] = []
    waiting = FilmQueue("test", done.append, pause_s=60.0)
    waiting.ask("a")
    waiting.close()
    fresh = FilmQueue("test", done.append)
    fresh.close()
    fresh.ask("a")
    assert (waiting.state("a").kind, fresh.state("a").kind, done) == ("waiting", "waiting", [])
