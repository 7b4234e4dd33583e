"""`wios update`, over data folders of earlier versions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from wios_assets.lake.schema_versions import SCHEMA_VERSION
from wios_assets.runs.instance import dagster_instance, ui_lock
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.update.earlier_lakes import FILM, fill_earlier

pytestmark = pytest.mark.slow


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def test_a_lake_of_an_older_schema_is_carried_over_and_put_back(wios: Wios) -> None:
    lake = wios.settings.lake
    fill_earlier(lake, 3)
    before = {file: file.read_bytes() for file in lake.rglob("*.parquet")}
    checked = wios("update", "--check")
    assert f"{FILM}: face_embeddings of schema 3: is carried over by `wios update`" in checked.out
    assert {file: file.read_bytes() for file in lake.rglob("*.parquet")} == before
    done = wios("update")
    assert (done.code, done.err) == (0, "")
    assert f"{FILM}: face_embeddings of schema 3: carried over" in done.out
    assert "`wios update --back` puts it back" in done.out
    assert wios("update").out == "everything is of this version\n"
    back = wios("update", "--back")
    assert f"face_embeddings of '{FILM}': put back" in back.out
    assert {file: file.read_bytes() for file in lake.rglob("*.parquet")} == before
    again = wios("update", "--back")
    assert (again.code, again.out) == (1, "")
    assert "holds no backup of an update" in again.err


def test_a_film_that_needs_a_run_is_named_with_its_command(wios: Wios) -> None:
    fill_earlier(wios.settings.lake, 1)
    done = wios("update")
    assert done.code == 1
    assert (
        f"face_tracks was stored by an older version of WIOS (schema 1, now {SCHEMA_VERSION}) and cannot be" in done.err
    )
    assert f"`wios run '{FILM}'` renews it" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_settings_file_of_an_earlier_version_is_renewed_and_put_back(
    wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wios.yaml"
    file.write_text("# mine\nsettle_seconds: 5\n", encoding="utf-8")
    monkeypatch.setenv("WIOS_CONFIG", str(file))
    assert "settle_seconds is now inbox.settle_seconds" in wios("settings").err
    assert "settle_seconds is now inbox.settle_seconds" in wios("update", "--check").out
    assert file.read_text(encoding="utf-8") == "# mine\nsettle_seconds: 5\n"
    assert wios("update").code == 0
    assert file.read_text(encoding="utf-8") == "# mine\n# settle_seconds: 5\ninbox:\n  settle_seconds: 5\n"
    assert wios.settings.inbox.settle_seconds == 5
    assert wios("update", "--back").code == 0
    assert file.read_text(encoding="utf-8") == "# mine\nsettle_seconds: 5\n"


def test_a_settings_file_that_would_not_be_usable_is_not_written(
    wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wios.yaml"
    file.write_text("settle_seconds: soon\n", encoding="utf-8")
    monkeypatch.setenv("WIOS_CONFIG", str(file))
    done = wios("update")
    assert done.code == 1
    assert "inbox.settle_seconds" in done.err
    assert "Traceback" not in done.err
    assert file.read_text(encoding="utf-8") == "settle_seconds: soon\n"


def test_a_run_history_of_an_older_dagster_is_migrated_and_put_back(wios: Wios) -> None:
    settings = wios.settings
    with dagster_instance(settings) as instance:
        version = instance.run_storage.alembic_version()
    assert version is not None
    revision, newest = version
    assert revision == newest
    database = settings.dagster / "history" / "runs.db"
    older = "6b7fb194ff9c"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [older])
    done = wios("update")
    assert (done.code, done.err) == (0, "")
    assert "the run history is of this version of Dagster now" in done.out
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (newest,)
    assert wios("update", "--back").code == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (older,)


def test_nothing_is_changed_while_the_services_run(wios: Wios) -> None:
    fill_earlier(wios.settings.lake, 4)
    wios.settings.dagster.mkdir(parents=True)
    with ui_lock(wios.settings):
        done = wios("update")
    assert done.code == 1
    assert "`wios down` ends it" in done.err
    assert not (wios.settings.data / "backups").exists()


def test_the_doctor_names_tables_of_another_schema(wios: Wios) -> None:
    fill_earlier(wios.settings.lake, 3)
    assert f"'{FILM}': face_embeddings of schema 3, now {SCHEMA_VERSION}; `wios update`" in wios("doctor").out
