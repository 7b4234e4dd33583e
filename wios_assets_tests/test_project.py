"""The project folder: which one counts, and what `wios init` makes."""

from pathlib import Path

import platformdirs
import pytest

from wios_assets.settings import load_settings, settings_file
from wios_assets.settings import project as project_module
from wios_assets.settings.project import project_folder
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.conftest import ROOT


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working folder, with the package imported from no checkout."""
    monkeypatch.delenv("WIOS_DATA", raising=False)
    monkeypatch.delenv("WIOS_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(project_module, "package_parent", lambda: tmp_path / "site-packages")
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_init_makes_a_project_and_the_nearest_one_upwards_counts(
    wios: Wios, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("outer", "outer/inner"):
        made = wios("init", folder)
        assert made.code == 0
        for command in ("wios up", "wios ui", "wios demo"):
            assert f"`{command}`" in made.out
    below = elsewhere / "outer" / "inner" / "films"
    monkeypatch.chdir(below)
    assert project_folder() == elsewhere / "outer" / "inner"
    assert load_settings().films == below
    assert wios("settings").err.count("project folder") == 0


def test_init_keeps_what_is_there(wios: Wios, elsewhere: Path) -> None:
    (elsewhere / "wios.yaml").write_text("ui_port: 4000\n")
    answer = wios("init")
    assert (answer.code, (elsewhere / "wios.yaml").read_text()) == (0, "ui_port: 4000\n")
    assert "a project already" in answer.out


@pytest.mark.parametrize("folder", [ROOT, "a file"])
def test_init_refuses_a_checkout_and_a_file(wios: Wios, elsewhere: Path, folder: object) -> None:
    (elsewhere / "a file").touch()
    answer = wios("init", folder)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert str(folder) in answer.err


def test_without_a_project_data_go_to_the_users_folder_which_is_said_until_it_exists(
    wios: Wios, elsewhere: Path
) -> None:
    data = Path(platformdirs.user_data_dir("wios", appauthor=False))
    assert load_settings().data == data
    assert not data.is_relative_to(elsewhere)
    assert wios("film", "list").err.count(f"data go to {data}") == 1
    data.mkdir(parents=True)
    assert "data go to" not in wios("film", "list").err
    assert not list(elsewhere.iterdir())


def test_a_checkout_is_a_project_with_its_data_in_data(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "docs")
    assert load_settings().data == ROOT / "data"
    assert settings_file() == ROOT / "wios.yaml"


def test_relative_folders_of_the_settings_file_start_at_its_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "wios.yaml").write_text("films: ../shelf\n")
    (elsewhere / "below").mkdir()
    monkeypatch.chdir(elsewhere / "below")
    settings = load_settings()
    assert (settings.films, settings.lake) == (elsewhere.parent / "shelf", elsewhere / "lake")
