from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.settings import FOLDERS, Settings, load_settings, setting_origins


@pytest.fixture(autouse=True)
def no_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "wios.yaml"
    monkeypatch.setenv("WIOS_CONFIG", str(file))
    return file


def test_moving_the_data_folder_moves_lake_and_run_history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIOS_DATA", str(tmp_path / "elsewhere"))
    settings = load_settings()
    assert {getattr(settings, name).parent for name in FOLDERS} == {tmp_path / "elsewhere"}
    assert settings.library.is_relative_to(tmp_path / "elsewhere")


def test_a_folder_of_its_own_stays_where_it_was_put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIOS_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("WIOS_FILMS", str(tmp_path / "inbox"))
    assert load_settings().films == tmp_path / "inbox"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path
) -> None:
    no_settings_file.write_text("samples_per_second: 2\nui_port: 4000\n")
    monkeypatch.setenv("WIOS_SAMPLES_PER_SECOND", "8")
    settings = load_settings()
    assert (settings.samples_per_second, settings.ui_port) == (8, 4000)
    origins = {row.name: row.origin for row in setting_origins(settings)}
    assert origins["samples_per_second"] == "WIOS_SAMPLES_PER_SECOND"
    assert origins["ui_port"] == str(no_settings_file)
    assert origins["engine"] == "default"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("samples_per_secnd: 2\n", "there is no setting 'samples_per_secnd'"),
        ("samples_per_second: many\n", "samples_per_second = 'many'"),
        ("samples_per_second: 0\n", "greater than 0"),
        ("a: [\n", "not YAML"),
        ("- a\n", "not a list of"),
    ],
)
def test_a_wrong_line_in_the_file_is_named(no_settings_file: Path, text: str, says: str) -> None:
    no_settings_file.write_text(text)
    with pytest.raises(WiosError, match=says) as caught:
        load_settings()
    assert str(no_settings_file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_UI_PORT", "99999")
    with pytest.raises(WiosError, match="WIOS_UI_PORT: ui_port = '99999'"):
        load_settings()


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())
