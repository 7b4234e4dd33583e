"""Log of the answers to `who`: queued on the disk at once, some seconds later in the lake and on the SQL server.

The newest answers are kept in the lake. Every target gets each answer once, whatever is killed when.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from wios_assets.atomic import atomic_path
from wios_assets.lake.answer_queue import FILE, LONGEST_QUEUE, Answer, AnswerQueue, Waiting
from wios_assets.lake.paths import parquet_files, table_folder
from wios_assets.tables import PREDICTION_LOG

__all__ = ["Answer", "AnswerTarget", "PredictionLog", "append_answers", "forget_answers"]

ROWS_A_FILE = 20_000
FLUSH_EVERY_S = 5.0
LAKE = "lake"
_BATCH = 5_000
_LOCK_TIMEOUT_S = 60.0
_DELIVERED = b"wios.delivered"
"""Key in a file's metadata: the queue and the number of its newest answer, as JSON."""

Delivered = tuple[str, int]
"""A queue's key, and the number of its newest answer that a file holds."""


class AnswerTarget(Protocol):
    """Where answers go besides the lake."""

    name: str

    def store(self, queue: str, answers: Sequence[Waiting]) -> None:
        """Store answers, those left out that it has from this queue already.

        Raises:
            WiosError: it cannot now; they stay queued.
        """


class PredictionLog:
    """Takes answers from any thread and stores them in its own thread until it is closed."""

    def __init__(self, lake: Path, most: int, target: AnswerTarget | None = None) -> None:
        self.lake, self.most, self.target = lake, most, target
        self._version = version("wios-assets")
        self._queue: AnswerQueue | None = None
        self._opening = threading.Lock()
        self._ended = threading.Event()
        self._failing = set[str]()
        self._thread = threading.Thread(target=self._run, name="prediction log", daemon=True)
        if most:
            self._thread.start()

    def note(self, answer: Answer) -> None:
        """Queue an answer: one write to a file, which survives a kill of this process."""
        if not self.most:
            return
        try:
            self._opened().put(answer, self._version)
        except (OSError, sqlite3.Error):
            # A fault of the log must not keep questions from being answered.
            logging.getLogger(__name__).warning("answers to `who` cannot be logged", exc_info=True)

    def close(self) -> None:
        """Store what is queued, and end the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        with self._opening:
            if self._queue is not None:
                self._queue.close()
                self._queue = None

    def _opened(self) -> AnswerQueue:
        with self._opening:
            if self._queue is None:
                self._queue = AnswerQueue(self.lake)
            return self._queue

    def _run(self) -> None:
        while not self._ended.wait(FLUSH_EVERY_S):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Store what is queued, by this process or one that was killed."""
        if self._queue is None and not (self.lake / FILE).is_file():
            return
        targets = [LAKE] if self.target is None else [LAKE, self.target.name]
        for name in targets:
            try:
                queue = self._opened()
                with _locked(self.lake):
                    while waiting := queue.waiting(name, _BATCH):
                        if name == LAKE or self.target is None:
                            _append(self.lake, waiting, queue.key, self.most)
                        else:
                            self.target.store(queue.key, waiting)
                        queue.delivered(name, waiting[-1].number, targets)
            except Exception as error:
                # Said once for each time that it goes wrong, not every few seconds.
                if name not in self._failing:
                    logging.getLogger(__name__).warning(
                        "answers to `who` cannot be stored (%s): %s; the newest %d stay queued in %s",
                        *(name, error, LONGEST_QUEUE, self.lake / FILE),
                    )
                self._failing.add(name)
            else:
                self._failing.discard(name)


def append_answers(lake: Path, answers: list[Answer], version: str, most: int) -> None:
    """Store answers that are in no queue, and remove the oldest beyond `most`."""
    with _locked(lake):
        _append(lake, [Waiting(0, version, answer) for answer in answers], None, most)


def _append(lake: Path, answers: Sequence[Waiting], queue: str | None, most: int) -> None:
    """Append answers to the newest file, and to further ones as each has `ROWS_A_FILE`.

    Args:
        queue: key of the queue that the answers come from; those that a file holds already are left out.
    """
    files = parquet_files(_folder(lake))
    newest, stored = _stored(files[-1]) if files else (PREDICTION_LOG.schema.empty_table(), None)
    if stored is not None and stored[0] == queue:
        answers = [each for each in answers if each.number > stored[1]]
    if not answers:
        return
    number = int(files[-1].stem.rpartition("-")[2]) if files else 0
    if newest.num_rows >= ROWS_A_FILE:
        newest, number = newest.slice(0, 0), number + 1
    rows = pa.concat_tables([newest, _rows(answers)])
    for start in range(0, rows.num_rows, ROWS_A_FILE):
        part = rows.slice(start, ROWS_A_FILE)
        last = answers[start + part.num_rows - newest.num_rows - 1]
        _write(lake, number, part, (queue, last.number) if queue is not None else None)
        number += 1
    _remove_oldest(lake, most)


def _stored(file: Path) -> tuple[pa.Table, Delivered | None]:
    """Answers of a file, and what it holds of which queue; none where it is damaged, and then it is removed."""
    try:
        rows = pq.read_table(file)
        delivered = (rows.schema.metadata or {}).get(_DELIVERED)
        return rows.cast(PREDICTION_LOG.schema), tuple(json.loads(delivered)) if delivered else None
    except pa.ArrowInvalid:
        logging.getLogger(__name__).warning("%s: is damaged; its answers are lost", file)
        file.unlink()
        return PREDICTION_LOG.schema.empty_table(), None


def forget_answers(lake: Path, concerns: Callable[[str, list[str]], bool]) -> int:
    """Remove the answers for which `concerns(film, actors)` holds, queued ones too.

    A page that runs meanwhile stores none that was asked for before.

    Returns:
        The number of those removed from the table.
    """
    removed = 0
    with _locked(lake), closing(AnswerQueue(lake)) as queue:
        queue.forget(concerns, time.time())
        for file in parquet_files(_folder(lake)):
            rows, delivered = _stored(file)
            films, actors = rows["film"].to_pylist(), rows["actors"].to_pylist()
            kept = [not concerns(film, named or []) for film, named in zip(films, actors, strict=True)]
            if not all(kept):
                removed += kept.count(False)
                _write(lake, int(file.stem.rpartition("-")[2]), rows.filter(pa.array(kept)), delivered)
    return removed


def answer_columns(each: Waiting) -> dict[str, Any]:
    """An answer as a row of the table `prediction_log`."""
    answer = each.answer
    return {
        "asked_at": datetime.fromtimestamp(answer.asked_s, UTC),
        "film": answer.film,
        "time_s": answer.time_s,
        "actors": answer.actors,
        "probabilities": answer.probabilities,
        "model_hash": answer.model_hash,
        "map_state": answer.map_state,
        "version": each.version,
        "source": answer.source,
        "duration_ms": answer.duration_s * 1000,
    }


def _rows(answers: Sequence[Waiting]) -> pa.Table:
    return pa.Table.from_pylist([answer_columns(each) for each in answers], schema=PREDICTION_LOG.schema)


def _write(lake: Path, number: int, rows: pa.Table, delivered: Delivered | None) -> None:
    metadata = {_DELIVERED: json.dumps(delivered)} if delivered is not None else None
    with atomic_path(_folder(lake) / f"part-{number:09d}.parquet") as temporary:
        pq.write_table(rows.replace_schema_metadata(metadata), temporary, compression="zstd")


def _remove_oldest(lake: Path, most: int) -> None:
    left = most
    for file in reversed(parquet_files(_folder(lake))):
        if left <= 0:
            file.unlink(missing_ok=True)
        try:
            left -= pq.read_metadata(file).num_rows if left > 0 else 0
        except pa.ArrowInvalid:
            file.unlink()


def _folder(lake: Path) -> Path:
    return table_folder(lake, PREDICTION_LOG.name)


def _locked(lake: Path) -> FileLock:
    lake.mkdir(parents=True, exist_ok=True)
    return FileLock(lake / f".{PREDICTION_LOG.name}.lock", timeout=_LOCK_TIMEOUT_S)
