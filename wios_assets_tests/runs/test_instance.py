from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterInstance

from wios_assets.errors import BadInput, Conflict, WiosError
from wios_assets.runs.instance import daemon_runs, dagster_instance, ui_lock, ui_runs
from wios_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def test_a_damaged_history_is_one_line_with_a_remedy(settings: Settings) -> None:
    history = settings.dagster / "history"
    history.mkdir(parents=True)
    (history / "runs.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(WiosError, match="is damaged"), dagster_instance(settings):
        pass


def test_a_history_that_is_damaged_while_it_is_used_is_one_line_as_well(settings: Settings) -> None:
    def use() -> None:
        with dagster_instance(settings) as instance:
            for file in settings.dagster.rglob("runs.db*"):
                file.write_bytes(b"this is no database" * 1000)
            instance.get_runs()

    with pytest.raises(WiosError, match="is damaged"):
        use()


def test_a_second_ui_on_one_data_folder_is_refused(settings: Settings) -> None:
    settings.dagster.mkdir(parents=True)
    with ui_lock(settings), pytest.raises(Conflict, match="another `wios ui` is running"), ui_lock(settings):
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
