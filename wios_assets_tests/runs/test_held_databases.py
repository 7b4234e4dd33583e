"""Dagster's SQLite files stay open during a run, and nothing of that remains afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dagster import AssetMaterialization, DagsterInstance

from wios_assets.runs.held_databases import held_databases


@pytest.fixture
def instance(tmp_path: Path) -> DagsterInstance:
    return DagsterInstance.local_temp(str(tmp_path))


def events(database: Path) -> int:
    with closing(sqlite3.connect(database)) as reader:
        return int(reader.execute("SELECT count(*) FROM event_logs").fetchone()[0])


def test_the_write_ahead_log_stays_while_files_are_held_and_goes_into_the_database_afterwards(
    instance: DagsterInstance, tmp_path: Path
) -> None:
    database = tmp_path / "history" / "runs" / "index.db"
    log = database.with_name("index.db-wal")
    with held_databases():
        instance.report_runless_asset_event(AssetMaterialization("first"))
        instance.report_runless_asset_event(AssetMaterialization("second"))
        assert log.stat().st_size
        assert events(database) == 2
    assert not log.exists()
    instance.report_runless_asset_event(AssetMaterialization("third"))
    assert not log.exists()
    assert events(database) == 3


def test_what_one_run_held_the_next_one_opens_again(instance: DagsterInstance) -> None:
    for name in ("first", "second"):
        with held_databases():
            instance.report_runless_asset_event(AssetMaterialization(name))
            assert {key.to_user_string() for key in instance.all_asset_keys()} >= {name}
