from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.films.film_lock import LockHolder, command_line, film_lock, free_film_lock, lock_holder

HOLD = """
import sys
from pathlib import Path
from wios_assets.films.film_lock import film_lock
with film_lock(Path(sys.argv[1]), sys.argv[2], "`wios run heat`"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(data: Path, film: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), film], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_free_lock_is_taken_at_once_and_leaves_no_holder_behind(tmp_path: Path) -> None:
    with film_lock(tmp_path, "heat", "`wios run heat`") as waited:
        assert not waited
        holder = lock_holder(tmp_path, "heat")
        assert holder is not None
        assert holder.command == "`wios run heat`"
    assert lock_holder(tmp_path, "heat") is None


def test_a_second_process_is_told_who_has_the_film_and_waits(tmp_path: Path) -> None:
    holders: list[LockHolder | None] = []
    with held_elsewhere(tmp_path, "heat") as process:

        def waiting(holder: LockHolder | None) -> None:
            holders.append(holder)
            assert process.stdin is not None
            process.stdin.close()

        with film_lock(tmp_path, "heat", waiting=waiting) as waited:
            assert waited
            assert process.wait(60) == 0
    assert holders[0] is not None
    assert (holders[0].process, holders[0].command) == (process.pid, "`wios run heat`")
    assert str(holders[0]).startswith(f"`wios run heat` (process {process.pid}, since ")


def test_a_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path, "heat") as process:
        process.kill()
        process.wait()
        with film_lock(tmp_path, "heat") as waited:
            assert not waited


def test_other_films_are_not_held(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path, "heat"), free_film_lock(tmp_path, "ronin"):
        pass


def test_the_thread_that_holds_a_film_may_take_it_again_and_another_thread_waits(tmp_path: Path) -> None:
    waits = threading.Event()
    order: list[str] = []

    def other() -> None:
        with film_lock(tmp_path, "heat", waiting=lambda _: waits.set()):
            order.append("other")

    thread = threading.Thread(target=other)
    with film_lock(tmp_path, "heat", "`wios run heat`"):
        with film_lock(tmp_path, "heat", "a run"):
            holder = lock_holder(tmp_path, "heat")
            assert holder is not None
            assert holder.command == "`wios run heat`"
        thread.start()
        assert waits.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "other"]


def test_who_must_not_wait_is_refused_with_the_holder(tmp_path: Path) -> None:
    with (
        held_elsewhere(tmp_path, "heat"),
        pytest.raises(WiosError, match=r"film 'heat': `wios run heat` \(process \d+, since .*\) is writing it; wait"),
        free_film_lock(tmp_path, "heat"),
    ):
        pass


def test_nothing_of_a_films_name_is_left_in_the_folder(tmp_path: Path) -> None:
    with film_lock(tmp_path, "heat"):
        pass
    assert not [path for path in tmp_path.rglob("*") if "heat" in path.name]


def test_a_command_with_bytes_that_are_no_text_can_be_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/wios", "run", "Am\udce9lie (2008)", "Heat (1995)"])
    assert command_line() == "`wios run Amélie (2008) Heat (1995)`"
