from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.test_utils import create_run_for_test

from wios_assets.errors import BadInput, Conflict, WiosError
from wios_assets.runs import instance as instance_module
from wios_assets.runs.instance import DAMAGED_FOLDER, daemon_runs, dagster_instance, ui_lock, ui_runs
from wios_assets.settings import Settings, load_settings

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


@pytest.fixture
def damaged(settings: Settings) -> Settings:
    """A data folder with a history of which runs.db is no database any more."""
    with dagster_instance(settings) as instance:
        create_run_for_test(instance)
    runs = settings.dagster / "history" / "runs.db"
    for journal in runs.parent.glob("runs.db-*"):
        journal.unlink()
    runs.write_bytes(b"this is no database" * 100)
    return settings


def kept(settings: Settings) -> list[str]:
    return sorted(file.name for file in (settings.dagster / DAMAGED_FOLDER).rglob("*.db"))


def test_a_damaged_history_is_set_aside_with_one_line(damaged: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with dagster_instance(damaged) as instance:
            assert instance.get_runs_count() == 0
            instance.add_dynamic_partitions("film", ["heat"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"wios: {damaged.dagster / 'history' / 'runs.db'}: damaged, and moved to ")
    assert "films, names and decisions stay" in line
    assert kept(damaged) == ["runs.db"]


def test_a_history_that_is_cut_in_half_is_set_aside(settings: Settings) -> None:
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", ["heat"])
    for database in settings.dagster.rglob("*.db"):
        content = database.read_bytes()
        database.write_bytes(content[: len(content) // 2])
    with dagster_instance(settings) as instance:
        assert instance.get_dynamic_partitions("film") == []
        instance.add_dynamic_partitions("film", ["ran"])
        assert instance.get_dynamic_partitions("film") == ["ran"]
    assert "runs.db" in kept(settings)


def test_a_history_that_is_damaged_while_it_is_used_is_one_line_and_the_next_command_sets_it_aside(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    def use() -> None:
        with dagster_instance(settings) as instance:
            for file in settings.dagster.rglob("runs.db*"):
                file.write_bytes(b"this is no database" * 1000)
            instance.get_runs()

    with pytest.raises(WiosError, match=r"is damaged .*the next command sets it aside, and results stay"):
        use()
    assert kept(settings) == []
    with dagster_instance(settings) as instance:
        assert instance.get_runs_count() == 0
    assert kept(settings) == ["runs.db"]
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_history_is_left_in_place_while_the_ui_works_with_it(damaged: Settings) -> None:
    with ui_lock(damaged), pytest.raises(Conflict, match="end `wios ui` and start it again"), dagster_instance(damaged):
        pass
    assert kept(damaged) == []


@pytest.mark.slow
def test_a_history_that_another_program_has_locked_is_waited_for(settings: Settings) -> None:
    with dagster_instance(settings) as instance, locked(settings, mode="") as other:
        ending = threading.Timer(6.0, other.execute, ("ROLLBACK",))
        ending.start()
        # Python's own default gives up after five seconds.
        create_run_for_test(instance)
        ending.join()
        assert instance.get_runs_count() == 1


@pytest.mark.parametrize("mode", ["", "PRAGMA locking_mode=EXCLUSIVE"])
def test_a_history_that_stays_locked_is_one_line_and_never_set_aside(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", ["heat"])
    monkeypatch.setattr(instance_module, "BUSY_S", 0.1)

    def use() -> None:
        with dagster_instance(settings) as instance:
            create_run_for_test(instance)

    with locked(settings, mode), pytest.raises(Conflict, match=r"in use by another process .*wait until that ends"):
        use()
    assert kept(settings) == []
    use()


@contextmanager
def locked(settings: Settings, mode: str) -> Iterator[sqlite3.Connection]:
    """runs.db, locked for writing by another program, or for reading too with the exclusive mode."""
    runs = settings.dagster / "history" / "runs.db"
    with closing(sqlite3.connect(runs, isolation_level=None, check_same_thread=False)) as other:
        other.execute(mode or "SELECT 1")
        other.execute("BEGIN EXCLUSIVE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


FIRST_COMMAND = """
import sys
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import load_settings
with dagster_instance(load_settings(data=sys.argv[1])) as instance:
    instance.get_runs_count()
"""


@pytest.mark.slow
def test_first_commands_at_once_in_an_empty_folder_all_open_the_history(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_COMMAND, str(tmp_path / "data")]
    commands = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(each.communicate()[1], each.returncode) for each in commands] == [("", 0)] * 3


def test_a_second_ui_on_one_data_folder_is_refused(settings: Settings) -> None:
    settings.dagster.mkdir(parents=True)
    with (
        ui_lock(settings),
        pytest.raises(Conflict, match="another `wios ui` or `wios up` is running"),
        ui_lock(settings),
    ):
        pass


def test_runs_are_queued_only_while_something_takes_them(settings: Settings) -> None:
    settings.dagster.mkdir(parents=True)
    instance = DagsterInstance.ephemeral()
    assert not ui_runs(settings)
    assert not daemon_runs(settings, instance)
    with ui_lock(settings):
        assert daemon_runs(settings, instance)
    assert not daemon_runs(settings, instance)


@pytest.mark.parametrize(
    "name", ["Films [4K]", "a{b}", "100%", "a#b", "a&b", "a'b", 'a"b', "a b", "ü", "a*b", "a\nb", "a=b", "a;b", "a\\b"]
)
def test_the_history_lies_in_the_data_folder_whatever_characters_its_path_has(tmp_path: Path, name: str) -> None:
    settings = load_settings(data=tmp_path / name)
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", ["heat"])
        assert instance.get_dynamic_partitions("film") == ["heat"]
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.db")} == {name}


@pytest.mark.parametrize("name", ["why?", "a%20b", "?", "50%off%2F"])
def test_a_folder_that_dagster_would_misread_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="set WIOS_DAGSTER"), dagster_instance(load_settings(data=tmp_path / name)):
        pass
    assert not (tmp_path / name).exists()
