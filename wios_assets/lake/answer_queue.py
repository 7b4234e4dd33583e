"""Queue of answers on the disk, between answering `who` and the log's targets; it survives a kill of the process.

A SQLite file beside the lake's tables. An answer is in it before the question's response is sent, and leaves it once
every target has it. Each answer has a number, and a target stores the number of its last answer together with the
answers, so that it takes each once: whoever is killed after storing answers, and before the queue knows of it, offers
them again, and the target leaves them out.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = ".answers.db"
LONGEST_QUEUE = 50_000
"""Answers that the queue holds at most; beyond them the oldest are dropped, to bound the disk."""
_BUSY_S = 2.0


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer of the queue, with its number and the version of WIOS that gave it."""

    number: int
    version: str
    answer: Answer


class AnswerQueue:
    """The queue of a lake. Several processes, and any threads, may use it at once.

    Attributes:
        key: identifies the queue's file, because the numbers of a new file begin anew.

    Raises:
        OSError, sqlite3.Error: the file cannot be opened.
    """

    def __init__(self, lake: Path) -> None:
        lake.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        file = lake / FILE
        try:
            self._connection, self.key = _opened(file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # Damaged, as after a loss of power on some disks.
            file.replace(file.with_name(f"{FILE}.damaged"))
            self._connection, self.key = _opened(file)

    def put(self, answer: Answer, version: str) -> None:
        """Add an answer, unless somebody was forgotten since it was asked for: it may name that person."""
        with self._lock, self._connection:
            self._connection.execute(
                "INSERT INTO answers (version, answer) SELECT ?, ? WHERE ? > (SELECT forgotten_s FROM queue)",
                (version, json.dumps(asdict(answer)), answer.asked_s),
            )
            self._connection.execute(
                "DELETE FROM answers WHERE number <= (SELECT max(number) FROM answers) - ?", (LONGEST_QUEUE,)
            )

    def waiting(self, target: str, most: int) -> list[Waiting]:
        """Answers that a target does not have, the oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT number, version, answer FROM answers WHERE number > "
                "coalesce((SELECT number FROM delivered WHERE target = ?), 0) ORDER BY number LIMIT ?",
                (target, most),
            ).fetchall()
        return [Waiting(number, version, Answer(**json.loads(text))) for number, version, text in rows]

    def delivered(self, target: str, number: int, targets: Collection[str]) -> None:
        """Note that a target has all answers up to a number; those that all `targets` have are removed."""
        with self._lock, self._connection:
            self._connection.execute(
                "INSERT INTO delivered VALUES (?, ?) ON CONFLICT (target) DO UPDATE SET number = excluded.number",
                (target, number),
            )
            known = dict(self._connection.execute("SELECT target, number FROM delivered"))
            least = min(known.get(each, 0) for each in targets)
            self._connection.execute("DELETE FROM answers WHERE number <= ?", (least,))

    def forget(self, concerns: Callable[[str, list[str]], bool], now_s: float) -> None:
        """Remove the answers for which `concerns(film, actors)` holds; older ones are no longer taken."""
        with self._lock, self._connection:
            self._connection.execute("UPDATE queue SET forgotten_s = ?", (now_s,))
            rows = self._connection.execute("SELECT number, answer FROM answers").fetchall()
            answers = [(number, json.loads(text)) for number, text in rows]
            gone = [(number,) for number, answer in answers if concerns(answer["film"], answer["actors"])]
            self._connection.executemany("DELETE FROM answers WHERE number = ?", gone)
        with self._lock:
            # The log of writes has the rows as they were.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _opened(file: Path) -> tuple[sqlite3.Connection, str]:
    connection = sqlite3.connect(file, timeout=_BUSY_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # Deleted rows would stay readable in the file.
        connection.execute("PRAGMA secure_delete = ON")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS answers "
                "(number INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT, answer TEXT)"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS delivered (target TEXT PRIMARY KEY, number INTEGER)")
            connection.execute("CREATE TABLE IF NOT EXISTS queue (key TEXT, forgotten_s REAL)")
            connection.execute(
                "INSERT INTO queue SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM queue)", (uuid.uuid4().hex,)
            )
            (key,) = connection.execute("SELECT key FROM queue").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection, str(key)
