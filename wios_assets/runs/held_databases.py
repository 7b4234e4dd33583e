"""Keeps Dagster's SQLite files open while a run is executed in this process.

Dagster opens a connection for each event of a run. Where it is the only one, closing it copies SQLite's write-ahead log
into the database and removes it, with several fsyncs: some milliseconds, thousands of times a run. One idle connection
beside them leaves that to the run's end (https://www.sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Lock


class _Held:
    """One idle connection for each database file that was opened."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connections: dict[str, sqlite3.Connection] = {}

    def opened(self, connection: object, _: object) -> None:
        """Called by SQLAlchemy with each new DBAPI connection."""
        if not isinstance(connection, sqlite3.Connection):
            return
        with self._lock, closing(connection.cursor()) as cursor:
            # In WAL mode an fsync a commit saves no database from damage, only the last events from a power cut.
            cursor.execute("PRAGMA synchronous=NORMAL")
            file = next((path for _, name, path in cursor.execute("PRAGMA database_list") if name == "main"), "")
            if not file:
                return
            with suppress(sqlite3.OperationalError):
                if file not in self._connections:
                    self._connections[file] = sqlite3.connect(file, check_same_thread=False)
                # Only a connection that has read holds the write-ahead log.
                self._connections[file].execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()

    def close(self) -> None:
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()


@contextmanager
def held_databases() -> Iterator[None]:
    """Hold each SQLite file that SQLAlchemy opens in this process, until the block ends."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held = _Held()
    event.listen(Engine, "connect", held.opened)
    try:
        yield
    finally:
        event.remove(Engine, "connect", held.opened)
        held.close()
