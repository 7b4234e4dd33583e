from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from wios_assets.lake import progress
from wios_assets.lake.progress import (
    LoadingProgress,
    Progress,
    ProgressWatch,
    note_done,
    progress_file,
    read_loading,
    read_progress,
    seconds_done,
)

FILM = "Heat (1995)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "segments"
    path.mkdir()
    return path


def test_speed_and_time_left_follow_from_what_is_done() -> None:
    half = Progress(done_s=300.0, total_s=600.0, taken_s=20.0)
    assert half.speed == 15.0
    assert half.left_s == 20.0
    assert half.sentence() == "300 of 600 s of film, 15.0 × real time, 20 s left"
    assert Progress(600.0, 600.0, 40.0).left_s == 0.0


def test_no_time_left_is_told_before_anything_is_done() -> None:
    start = Progress(0.0, 600.0, 3.0)
    assert start.left_s is None
    assert start.sentence() == "0 of 600 s of film, 0.0 × real time"


def test_the_seconds_of_all_segments_add_up_and_what_is_half_written_does_not_count(folder: Path) -> None:
    note_done(folder, 0, 1.0)
    note_done(folder, 0, 2.5)
    note_done(folder, 11, 4.0)
    (folder / ".1.4711.tmp").write_text("9")
    assert seconds_done(folder) == 6.5


def test_a_running_films_progress_can_be_read_and_is_logged_until_it_ends(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PAUSE_S", 0.01)
    sentences: list[str] = []
    logged = Event()

    def log(sentence: str) -> None:
        sentences.append(sentence)
        logged.set()

    note_done(folder, 0, 30.0)
    with ProgressWatch(tmp_path, FILM, folder, 120.0, log, log_every_s=0.0):
        assert logged.wait(30)
        running = read_progress(tmp_path, FILM)
    assert running is not None
    assert (running.done_s, running.total_s) == (30.0, 120.0)
    assert running.taken_s > 0
    assert sentences[0].startswith("30 of 120 s of film, ")
    assert sentences[0].endswith(" s left")
    assert read_progress(tmp_path, FILM) is None


def test_nothing_is_left_of_the_progress_of_a_film_that_failed(tmp_path: Path, folder: Path) -> None:
    def fail() -> None:
        with ProgressWatch(tmp_path, FILM, folder, 120.0, lambda sentence: None, log_every_s=10.0):
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert not progress_file(tmp_path, FILM).exists()


def test_no_more_is_told_than_the_film_has(tmp_path: Path, folder: Path) -> None:
    note_done(folder, 0, 120.25)
    watch = ProgressWatch(tmp_path, FILM, folder, 120.0, lambda sentence: None, log_every_s=10.0)
    assert watch.now().done_s == 120.0


def test_the_progress_of_loading_can_be_read_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOADING_PAUSE_S", 0.0)
    assert read_loading(tmp_path) == {}
    with LoadingProgress(tmp_path) as report:
        report("title.basics.tsv.gz", 10, 0)
        report("name.basics.tsv.gz", 5, 20)
        report("title.basics.tsv.gz", 30, 40)
        assert read_loading(tmp_path) == {"title.basics.tsv.gz": (30, 40), "name.basics.tsv.gz": (5, 20)}
    assert read_loading(tmp_path) == {}
