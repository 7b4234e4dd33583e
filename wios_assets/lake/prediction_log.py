"""Log of the answers to `who`: queued at once, stored in the lake some seconds later, the newest ones kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from wios_assets.atomic import atomic_path, write_atomic
from wios_assets.lake.paths import parquet_files, table_folder
from wios_assets.tables import PREDICTION_LOG

ROWS_A_FILE = 20_000
FLUSH_EVERY_S = 5.0
LONGEST_QUEUE = 50_000
"""Longest queue of answers; beyond it the oldest are dropped to bound the memory."""
_FORGOTTEN = ".forgotten"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: columns of the table `prediction_log`, times in seconds since the epoch and in seconds."""

    asked_s: float
    film: str
    time_s: float
    actors: list[str]
    probabilities: list[float | None]
    model_hash: str | None
    map_state: str
    source: str
    duration_s: float


class PredictionLog:
    """Takes answers from any thread and stores them in its own thread until it is closed."""

    def __init__(self, lake: Path, most: int) -> None:
        self.lake, self.most = lake, most
        self._waiting: deque[Answer] = deque(maxlen=LONGEST_QUEUE)
        self._ended = threading.Event()
        self._version = version("wios-assets")
        self._thread = threading.Thread(target=self._store, name="prediction log", daemon=True)
        if most:
            self._thread.start()

    def note(self, answer: Answer) -> None:
        """Queue an answer; returns at once."""
        if self.most:
            self._waiting.append(answer)

    def close(self) -> None:
        """Store what is queued, and end the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _store(self) -> None:
        while not self._ended.wait(FLUSH_EVERY_S):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Store what is queued."""
        answers = []
        with suppress(IndexError):
            while True:
                answers.append(self._waiting.popleft())
        if not answers:
            return
        try:
            append_answers(self.lake, answers, self._version, self.most)
        except Exception:
            # A fault of the log must not keep questions from being answered.
            logging.getLogger(__name__).warning("answers to `who` cannot be logged", exc_info=True)


def append_answers(lake: Path, answers: list[Answer], version: str, most: int) -> None:
    """Store answers, and remove the oldest beyond `most`.

    Answers from before the last time somebody was forgotten are left out, because they may name that person.
    """
    with _locked(lake):
        forgotten = _last_forgotten(lake)
        rows = _rows([answer for answer in answers if answer.asked_s > forgotten], version)
        files = parquet_files(_folder(lake))
        newest = _stored(files[-1]) if files else rows.slice(0, 0)
        number = int(files[-1].stem.rpartition("-")[2]) if files else 0
        if newest.num_rows >= ROWS_A_FILE:
            newest, number = rows.slice(0, 0), number + 1
        rows = pa.concat_tables([newest, rows])
        for start in range(0, rows.num_rows, ROWS_A_FILE):
            _write(lake, number, rows.slice(start, ROWS_A_FILE))
            number += 1
        _remove_oldest(lake, most)


def _stored(file: Path) -> pa.Table:
    """Answers of a file; none where it is damaged, and then the file is removed."""
    try:
        return pq.read_table(file).cast(PREDICTION_LOG.schema)
    except pa.ArrowInvalid:
        logging.getLogger(__name__).warning("%s: is damaged; its answers are lost", file)
        file.unlink()
        return PREDICTION_LOG.schema.empty_table()


def forget_answers(lake: Path, concerns: Callable[[str, list[str]], bool]) -> int:
    """Remove the answers for which `concerns(film, actors)` holds; returns their number."""
    removed = 0
    with _locked(lake):
        # Answers queued in a running page are older than this mark, so they are not stored.
        mark = lake / _FORGOTTEN
        write_atomic(mark, repr(time.time()))
        for file in parquet_files(_folder(lake)):
            rows = _stored(file)
            films, actors = rows["film"].to_pylist(), rows["actors"].to_pylist()
            kept = [not concerns(film, named or []) for film, named in zip(films, actors, strict=True)]
            if not all(kept):
                removed += kept.count(False)
                _write(lake, int(file.stem.rpartition("-")[2]), rows.filter(pa.array(kept)))
    return removed


def _rows(answers: list[Answer], version: str) -> pa.Table:
    columns = {
        "asked_at": [datetime.fromtimestamp(answer.asked_s, UTC) for answer in answers],
        "film": [answer.film for answer in answers],
        "time_s": [answer.time_s for answer in answers],
        "actors": [answer.actors for answer in answers],
        "probabilities": [answer.probabilities for answer in answers],
        "model_hash": [answer.model_hash for answer in answers],
        "map_state": [answer.map_state for answer in answers],
        "version": [version] * len(answers),
        "source": [answer.source for answer in answers],
        "duration_ms": [answer.duration_s * 1000 for answer in answers],
    }
    return pa.table(columns, schema=PREDICTION_LOG.schema)


def _write(lake: Path, number: int, rows: pa.Table) -> None:
    with atomic_path(_folder(lake) / f"part-{number:09d}.parquet") as temporary:
        pq.write_table(rows, temporary, compression="zstd")


def _remove_oldest(lake: Path, most: int) -> None:
    left = most
    for file in reversed(parquet_files(_folder(lake))):
        if left <= 0:
            file.unlink(missing_ok=True)
        try:
            left -= pq.read_metadata(file).num_rows if left > 0 else 0
        except pa.ArrowInvalid:
            file.unlink()


def _last_forgotten(lake: Path) -> float:
    try:
        return float((lake / _FORGOTTEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0


def _folder(lake: Path) -> Path:
    return table_folder(lake, PREDICTION_LOG.name)


def _locked(lake: Path) -> FileLock:
    lake.mkdir(parents=True, exist_ok=True)
    return FileLock(lake / f".{PREDICTION_LOG.name}.lock", timeout=60)
