"""Dagster's SQLite files stay open during a run, and nothing of that remains afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from wios_assets.runs.held_databases import held_databases


def write(file: Path, value: int) -> None:
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("CREATE TABLE IF NOT EXISTS events (value INTEGER)"))
        connection.execute(text("INSERT INTO events VALUES (:value)"), {"value": value})
        connection.commit()
    engine.dispose()


def test_the_write_ahead_log_stays_while_files_are_held_and_goes_into_the_database_afterwards(tmp_path: Path) -> None:
    file, log = tmp_path / "events.db", tmp_path / "events.db-wal"
    with held_databases():
        write(file, 1)
        write(file, 2)
        assert log.stat().st_size
        with closing(sqlite3.connect(file)) as reader:
            assert reader.execute("SELECT value FROM events ORDER BY value").fetchall() == [(1,), (2,)]
    assert not log.exists()
    write(file, 3)
    assert not log.exists()
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (3,)


def test_a_database_in_memory_is_let_alone() -> None:
    engine = create_engine("sqlite://")
    with held_databases(), engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()
