"""Keeps the connections to Dagster's SQLite files open while a run is executed in this process.

For each event of a run, Dagster makes an SQLAlchemy engine, opens a connection and closes both. An engine without
history inspects the database and compiles every statement again, and closing the last connection copies SQLite's
write-ahead log into the database and removes it, with several fsyncs (https://www.sqlite.org/wal.html). Here, one
engine with a pool of connections serves each file until the run ends.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_STORAGES = (
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
)


class _Engines:
    """One engine for each database."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._engines: dict[str, Engine] = {}

    def create(self, url: str, **options: Any) -> Engine:
        """Stands in for `sqlalchemy.create_engine`."""
        from sqlalchemy import create_engine, event

        with self._lock:
            if url not in self._engines:
                del options["poolclass"]
                engine = create_engine(url, **options)
                event.listen(engine, "connect", _sync_at_checkpoints)
                # Dagster disposes of an engine after each use.
                engine.dispose = _do_nothing  # type: ignore[method-assign]
                self._engines[url] = engine
            return self._engines[url]

    def close(self) -> None:
        for engine in self._engines.values():
            type(engine).dispose(engine)


def _sync_at_checkpoints(connection: Any, _: object) -> None:
    # In WAL mode an fsync a commit saves no database from damage, only the last events from a power cut.
    connection.execute("PRAGMA synchronous=NORMAL").close()


def _do_nothing(close: bool = True) -> None:
    pass


@contextmanager
def held_databases() -> Iterator[None]:
    """Hold the databases of runs and events that Dagster opens in this process, until the block ends."""
    engines = _Engines()
    modules: list[Any] = [importlib.import_module(name) for name in _STORAGES]
    before = [module.create_engine for module in modules]
    for module in modules:
        module.create_engine = engines.create
    try:
        yield
    finally:
        for module, function in zip(modules, before, strict=True):
            module.create_engine = function
        engines.close()
