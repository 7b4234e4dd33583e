from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from wios_assets.errors import BadInput, Conflict, NotFound
from wios_assets.players.installation import PLAYERS, install, installed, player_called
from wios_assets.settings import load_settings
from wios_assets_tests.cli.command_line import Wios


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


@pytest.mark.parametrize("name", sorted(PLAYERS))
def test_an_installation_is_whole_and_known_as_present_or_outdated(name: str, tmp_path: Path) -> None:
    player, settings = player_called(name), load_settings(data=tmp_path / "da&ta")
    assert installed(player, tmp_path) == "not installed"
    written = install(settings, player, tmp_path).written
    assert all(file.is_file() for file in written)
    assert installed(player, tmp_path) == "installed"
    main = tmp_path / player.mark[0]
    main.write_text(main.read_text() + "\n")
    assert installed(player, tmp_path) == "outdated"
    again = install(settings, player, tmp_path)
    assert installed(player, tmp_path) == "installed"
    assert len(again.kept) == 1


def test_options_are_written_once_and_then_the_users(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", page_port=4000)
    (options,) = [file for file in install(settings, PLAYERS["mpv"], tmp_path).written if file.suffix == ".conf"]
    assert f"folder={settings.exports}\naddress=http://127.0.0.1:4000\n" in options.read_text()
    options.write_text("folder=/elsewhere\n")
    assert install(settings, PLAYERS["mpv"], tmp_path).kept == [options]
    assert options.read_text() == "folder=/elsewhere\n"


def test_kodis_options_are_settings_that_the_add_on_has(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / 'a & "b" <c>')
    install(settings, PLAYERS["kodi"], tmp_path)
    stored = ElementTree.parse(tmp_path / "userdata/addon_data/script.wios/settings.xml").getroot()
    assert stored.findtext("setting[@id='folder']") == str(settings.exports)
    offered = ElementTree.parse(tmp_path / "addons/script.wios/resources/settings.xml").getroot()
    assert {each.get("id") for each in stored.iter("setting")} < {each.get("id") for each in offered.iter("setting")}
    keys = ElementTree.parse(tmp_path / "userdata/keymaps/wios.xml").getroot()
    actions = [each.text for each in keys.findall("FullscreenVideo/keyboard/*")]
    assert actions == [f"RunScript(script.wios,{each})" for each in ("who", "choose", "next", "previous")]


def test_a_script_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    foreign = tmp_path / "scripts" / "wios.lua"
    foreign.parent.mkdir()
    foreign.write_text("-- mine")
    with pytest.raises(Conflict, match="is there already and is not of WIOS"):
        install(load_settings(data=tmp_path / "data"), PLAYERS["mpv"], tmp_path)
    assert foreign.read_text() == "-- mine"


def test_a_folder_that_is_not_there_and_a_player_that_is_not_known_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no such folder"):
        install(load_settings(data=tmp_path / "data"), PLAYERS["kodi"], tmp_path / "nowhere")
    with pytest.raises(BadInput, match="choose mpv or kodi"):
        player_called("vlc")


def test_the_commands_install_and_list(wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MPV_HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    config = tmp_path / "config"
    config.mkdir()
    answer = wios("players", "install", "mpv", "--folder", config)
    assert answer.code == 0
    assert answer.out.splitlines()[0] == f"wrote {config / 'scripts' / 'wios.lua'}"
    monkeypatch.setenv("MPV_HOME", str(config))
    listed = json.loads(wios("players", "list", "--json").out)
    assert [(each["player"], each["state"]) for each in listed] == [("mpv", "installed"), ("kodi", "not installed")]
    assert "mpv     a script   installed" in wios("players", "list").out
    assert wios("players", "install", "vlc").code == 1


def test_kodis_checker_has_nothing_to_say(tmp_path: Path) -> None:
    checker = shutil.which("kodi-addon-checker")
    if checker is None:
        pytest.skip("kodi-addon-checker is not installed")
    install(load_settings(data=tmp_path / "data"), PLAYERS["kodi"], tmp_path)
    command = [checker, "--branch=nexus", "--skip-dependency-checks", str(tmp_path / "addons" / "script.wios")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("kodi-addon-checker does not reach Kodi's list of add-ons")
    assert "no problems and no warnings" in done.stdout
