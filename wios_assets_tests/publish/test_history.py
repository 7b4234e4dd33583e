"""Dagster's run history on a real PostgreSQL server."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey

from wios_assets.errors import Unavailable
from wios_assets.runs.launch import dagster_instance, run_job
from wios_assets.settings import load_settings
from wios_assets_tests.publish.servers import PASSWORD, RunningServer
from wios_assets_tests.sample_lake import fill, library_row

pytestmark = pytest.mark.slow


@pytest.fixture
def address(postgresql: RunningServer, monkeypatch: pytest.MonkeyPatch) -> str:
    postgresql.make_database("history")
    monkeypatch.setenv("DAGSTER_HOME", "")
    return postgresql.address("history")


def test_a_run_is_carried_out_and_remembered_by_postgresql(
    address: str, postgresql: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    settings = load_settings(data=tmp_path / "data", history={"address": address})
    fill(settings.lake, library_row("one"))
    with dagster_instance(settings) as instance:
        run_job(settings, instance, "library_refresh")
    with dagster_instance(settings) as instance:
        event = instance.get_latest_materialization_event(AssetKey("library"))
        assert event is not None
        materialization = event.asset_materialization
        assert materialization is not None
        assert materialization.metadata["films"].value == 1
    assert postgresql.run("SELECT status FROM runs", "history").split() == ["SUCCESS"]
    assert list(settings.dagster.rglob("*.db")) == []
    said = (settings.dagster / "dagster.yaml").read_text()
    assert address.partition("://")[2] in said
    assert PASSWORD not in said


def test_a_history_that_does_not_open_is_named_without_its_password(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "Wr0ng-s3cret")
    # Dagster tries again for some seconds.
    monkeypatch.setattr("dagster_postgres.utils.time.sleep", lambda seconds: None)
    settings = load_settings(data=tmp_path / "data", history={"address": address})
    with (
        pytest.raises(
            Unavailable, match=r"run history cannot be used .*password authentication failed.*docs/sql\.md"
        ) as refused,
        dagster_instance(settings),
    ):
        pass
    assert "Wr0ng" not in str(refused.value)
