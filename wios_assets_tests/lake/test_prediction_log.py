from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wios_assets.errors import Unavailable
from wios_assets.lake import answer_queue, prediction_log
from wios_assets.lake.answer_queue import AnswerQueue, Waiting
from wios_assets.lake.library import open_library, publish
from wios_assets.lake.paths import parquet_files
from wios_assets.lake.prediction_log import Answer, PredictionLog, append_answers, forget_answers
from wios_assets.lake.store import read_rows
from wios_assets.settings import load_settings
from wios_assets.tables import PREDICTION_LOG


def answer(number: int, film: str = "heat", actors: tuple[str, ...] = ("Al Pacino",), asked_s: float = 0.0) -> Answer:
    sure = [0.5 + number / 1000 if not name.startswith("unknown:") else None for name in actors]
    return Answer(asked_s or time.time(), film, float(number), list(actors), sure, "abc", "state", "api", 0.002)


def logged(lake: Path) -> list[float]:
    times: list[float] = read_rows(lake, PREDICTION_LOG)["time_s"].to_pylist()
    return times


def test_answers_are_stored_with_everything_said_of_them(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, most=10)
    log.note(answer(1, actors=("Al Pacino", "unknown:1"), asked_s=1_700_000_000.5))
    log.note(answer(2, actors=()))
    log.close()
    first, second = read_rows(tmp_path, PREDICTION_LOG).to_pylist()
    assert first["asked_at"].timestamp() == 1_700_000_000.5
    assert (first["film"], first["time_s"], first["actors"]) == ("heat", 1.0, ["Al Pacino", "unknown:1"])
    assert (first["probabilities"], first["model_hash"], first["duration_ms"]) == ([0.501, None], "abc", 2.0)
    assert second["actors"] == []
    assert first["version"]


def test_the_oldest_go_once_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "ROWS_A_FILE", 10)
    for start in range(0, 95, 5):
        append_answers(tmp_path, [answer(number) for number in range(start, start + 5)], "1", most=30)
    kept = logged(tmp_path)
    assert kept == [float(number) for number in range(95 - len(kept), 95)]
    assert 30 <= len(kept) < 40
    assert all(pq.read_metadata(file).num_rows <= 10 for file in parquet_files(tmp_path / "prediction_log"))


def test_nothing_is_kept_where_the_setting_says_so(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, most=0)
    log.note(answer(1))
    log.close()
    assert not (tmp_path / "prediction_log").exists()


def test_two_pages_on_one_lake_lose_no_answer(tmp_path: Path) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 10):
            append_answers(tmp_path, [answer(number)], "1", most=1000)

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(logged(tmp_path)) == [float(100 * n + i) for n in range(3) for i in range(10)]


def test_who_is_forgotten_is_gone_from_the_log_and_does_not_come_back_from_a_running_page(tmp_path: Path) -> None:
    append_answers(tmp_path, [answer(1), answer(2, film="other"), answer(3, actors=("Val Kilmer",))], "1", most=100)
    log = PredictionLog(tmp_path, most=100)
    log.note(answer(4))
    log.note(answer(5, actors=("Val Kilmer",)))
    before_s = time.time()
    assert forget_answers(tmp_path, lambda film, actors: "Al Pacino" in actors) == 2
    # Answered before, and noted after.
    log.note(answer(6, asked_s=before_s))
    log.note(answer(7, actors=("Val Kilmer",)))
    log.close()
    assert logged(tmp_path) == [3.0, 5.0, 7.0]
    assert b"Al Pacino" not in b"".join(file.read_bytes() for file in tmp_path.glob(".answers.db*"))


class Target:
    """A target that fails while `fails`."""

    name = "server"

    def __init__(self) -> None:
        self.stored: list[float] = []
        self.fails = False

    def store(self, queue: str, answers: Sequence[Waiting]) -> None:
        if self.fails:
            raise Unavailable("the server does not answer")
        self.stored += [each.answer.time_s for each in answers]


def test_each_target_gets_each_answer_and_one_that_fails_gets_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(prediction_log, "FLUSH_EVERY_S", 600)
    target = Target()
    log = PredictionLog(tmp_path, 100, target)
    log.note(answer(1))
    log.flush()
    target.fails = True
    for second in (2, 3):
        log.note(answer(second))
        log.flush()
    assert caplog.text.count("the server does not answer") == 1
    assert (logged(tmp_path), target.stored) == ([1.0, 2.0, 3.0], [1.0])
    target.fails = False
    log.close()
    assert target.stored == [1.0, 2.0, 3.0]
    with closing(AnswerQueue(tmp_path)) as queue:
        assert queue.waiting("anything", 10) == []


def test_answers_of_a_killed_page_are_stored_by_the_next_one_and_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "FLUSH_EVERY_S", 600)
    monkeypatch.setattr(prediction_log, "ROWS_A_FILE", 4)
    killed = PredictionLog(tmp_path, 100)
    for second in range(6):
        killed.note(answer(second))

    def dies(queue: AnswerQueue, target: str, number: int, targets: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # Stored in the lake, and the queue does not know of it.
        patch.setattr(AnswerQueue, "delivered", dies)
        with pytest.raises(KeyboardInterrupt):
            killed.flush()
    killed.note(answer(6))
    following = PredictionLog(tmp_path, 100)
    following.note(answer(7))
    following.close()
    assert logged(tmp_path) == [float(second) for second in range(8)]
    killed.close()
    assert logged(tmp_path) == [float(second) for second in range(8)]


def test_a_process_that_is_killed_loses_no_answer_that_it_noted(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; "
        "from wios_assets.lake.prediction_log import Answer, PredictionLog; "
        "log = PredictionLog(Path(sys.argv[1]), 100); "
        "[log.note(Answer(time.time(), 'heat', float(n), [], [], None, '', 'api', 0.1)) for n in range(5)]; "
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    PredictionLog(tmp_path, 100).close()
    assert logged(tmp_path) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_queue_is_bounded_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_queue, "LONGEST_QUEUE", 3)
    with closing(AnswerQueue(tmp_path)) as queue:
        for second in range(10):
            queue.put(answer(second), "1")
        assert [each.answer.time_s for each in queue.waiting("server", 100)] == [7.0, 8.0, 9.0]


def test_a_damaged_queue_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / ".answers.db").write_bytes(b"no database" * 1000)
    log = PredictionLog(tmp_path, 100)
    log.note(answer(1))
    log.close()
    assert logged(tmp_path) == [1.0]
    assert (tmp_path / ".answers.db.damaged").is_file()


def test_the_log_is_a_view_of_the_library(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    publish(settings.lake, settings.library)
    append_answers(settings.lake, [answer(1)], "1", most=100)
    with open_library(settings) as library:
        (row,) = library.rows("prediction_log", "SELECT film, probabilities FROM prediction_log")
    assert row == {"film": "heat", "probabilities": [0.501]}


@pytest.mark.parametrize("kept_bytes", [0, 500])
def test_a_damaged_file_is_removed_and_stops_neither_logging_nor_forgetting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    monkeypatch.setattr(prediction_log, "ROWS_A_FILE", 1)
    for second in range(3):
        append_answers(tmp_path, [answer(second)], "1", 100)
    files = parquet_files(tmp_path / "prediction_log")
    for damaged in (files[0], files[-1]):
        os.truncate(damaged, kept_bytes)
    append_answers(tmp_path, [answer(9)], "1", 100)
    assert forget_answers(tmp_path, lambda film, actors: False) == 0
    assert sorted(logged(tmp_path)) == [1.0, 9.0]


def test_a_lake_that_cannot_be_written_stops_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "lake").write_text("a file")
    log = PredictionLog(tmp_path / "lake", most=10)
    log.note(answer(1))
    log.close()
    assert "cannot be logged" in caplog.text
