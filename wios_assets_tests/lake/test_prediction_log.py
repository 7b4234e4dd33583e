from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wios_assets.lake import prediction_log
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
    waiting = answer(4)
    assert forget_answers(tmp_path, lambda film, actors: "Al Pacino" in actors) == 2
    append_answers(tmp_path, [waiting, answer(5, actors=("Val Kilmer",))], "1", most=100)
    assert logged(tmp_path) == [3.0, 5.0]


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
