"""Installs mpv's script and Kodi's add-on, which come with the package, into the players' own folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, NotFound, file_error
from wios_assets.settings import Settings

State = Literal["installed", "outdated", "not installed"]
ADDON = "script.wios"
MPV_SCRIPT = Path(__file__).parent / "mpv" / "wios.lua"
KODI_ADDON = Path(__file__).parent / "kodi"
_NOT_INSTALLED = {"__pycache__"}


@dataclass(frozen=True)
class Player:
    """A player that can be taught to show who is on screen.

    Attributes:
        name: as `wios players install` takes it.
        part: what is installed, for people.
        folders: its usual folders, the likeliest first.
        files: the package's files by their path in the player's folder.
        options: content of files that are written once and then the user's own, by path in the player's folder.
        mark: text that only the package's main file has, by its path in the player's folder.
        after: what is to be done after the installation.
    """

    name: str
    part: str
    folders: Callable[[], list[Path]]
    files: Callable[[], Mapping[str, Path]]
    options: Callable[[Settings], Mapping[str, str]]
    mark: tuple[str, str]
    after: str


@dataclass
class Installed:
    """Files that were written, and files of options that were there and are kept."""

    written: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def player_called(name: str) -> Player:
    """The player with a name.

    Raises:
        BadInput: there is none.
    """
    if name not in PLAYERS:
        raise BadInput(f"{name!r}: no player that WIOS knows; choose {' or '.join(PLAYERS)}")
    return PLAYERS[name]


def player_folder(player: Player, folder: Path | None = None) -> Path:
    """The player's folder: the given one, else the first of its usual ones that is there, else the likeliest.

    Raises:
        NotFound: the given folder is not there.
    """
    if folder is not None:
        if not folder.is_dir():
            raise NotFound(f"{folder}: there is no such folder; name the folder of {player.name}'s settings")
        return folder
    usual = player.folders()
    return next((each for each in usual if each.is_dir()), usual[0])


def install(settings: Settings, player: Player, folder: Path | None = None) -> Installed:
    """Write the package's files into a player's folder; options that are there are kept.

    Args:
        folder: the player's folder; None for its usual one.

    Raises:
        WiosError: the folder is missing or cannot be written, or holds another's file of the same name.
    """
    into = player_folder(player, folder)
    main, mark = player.mark
    if (into / main).exists() and mark not in _text(into / main):
        raise Conflict(f"{into / main}: is there already and is not of WIOS; rename it, or name another --folder")
    result = Installed()
    try:
        for name, source in player.files().items():
            write_atomic(into / name, source.read_bytes())
            result.written.append(into / name)
        for name, content in player.options(settings).items():
            if (into / name).exists():
                result.kept.append(into / name)
            else:
                write_atomic(into / name, content)
                result.written.append(into / name)
    except OSError as error:
        raise file_error(into, error, "written", "check its permissions") from None
    return result


def installed(player: Player, folder: Path | None = None) -> State:
    """Whether a player's folder has the package's files, and the present ones."""
    into = player_folder(player, folder)
    main, mark = player.mark
    if mark not in _text(into / main):
        return "not installed"
    for name, source in player.files().items():
        try:
            if (into / name).read_bytes() != source.read_bytes():
                return "outdated"
        except OSError:
            return "outdated"
    return "installed"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _home() -> Path:
    return Path.home()


def _mpv_folders() -> list[Path]:
    """mpv's configuration folders (https://mpv.io/manual/stable/#files)."""
    if sys.platform == "win32":
        return [Path(os.environ.get("APPDATA", _home())) / "mpv"]
    named = os.environ.get("MPV_HOME")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config")
    flatpak = _home() / ".var/app/io.mpv.Mpv/config/mpv"
    return [*([Path(named)] if named else []), config / "mpv", flatpak]


def _kodi_folders() -> list[Path]:
    """Kodi's data folders (https://kodi.wiki/view/Kodi_data_folder)."""
    if sys.platform == "win32":
        return [Path(os.environ.get("APPDATA", _home())) / "Kodi"]
    if sys.platform == "darwin":
        return [_home() / "Library/Application Support/Kodi"]
    return [_home() / ".kodi", _home() / ".var/app/tv.kodi.Kodi/data"]


def _mpv_files() -> dict[str, Path]:
    return {"scripts/wios.lua": MPV_SCRIPT}


def _kodi_files() -> dict[str, Path]:
    """The add-on and its keys; what is not a file of the add-on is left out."""
    files = {
        f"addons/{ADDON}/{file.relative_to(KODI_ADDON).as_posix()}": file
        for file in sorted(KODI_ADDON.rglob("*"))
        if file.is_file() and not _NOT_INSTALLED & set(file.parts)
    }
    keymap = f"addons/{ADDON}/resources/keymap.xml"
    return {**files, "userdata/keymaps/wios.xml": files[keymap]}


def _address(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.page_port}"


def _mpv_options(settings: Settings) -> dict[str, str]:
    lines = (
        "# Written once by `wios players install mpv`; change it as you like.",
        f"folder={settings.exports}",
        f"address={_address(settings)}",
        "# The page's token, if it has one (WIOS_PAGE_TOKEN):",
        "token=",
    )
    return {"script-opts/wios.conf": "\n".join(lines) + "\n"}


def _kodi_options(settings: Settings) -> dict[str, str]:
    values = {"folder": str(settings.exports), "address": _address(settings)}
    lines = (f'    <setting id="{name}">{escape(value)}</setting>' for name, value in values.items())
    content = "\n".join(['<settings version="2">', *lines, "</settings>"]) + "\n"
    return {f"userdata/addon_data/{ADDON}/settings.xml": content}


PLAYERS: dict[str, Player] = {
    player.name: player
    for player in (
        Player(
            "mpv",
            "a script",
            _mpv_folders,
            _mpv_files,
            _mpv_options,
            ("scripts/wios.lua", "wios/sidecar"),
            "start mpv anew: y shows who is on screen, Y chooses a person, n and N jump between the person's scenes",
        ),
        Player(
            "kodi",
            "an add-on",
            _kodi_folders,
            _kodi_files,
            _kodi_options,
            (f"addons/{ADDON}/addon.xml", ADDON),
            "start Kodi anew and enable it under Add-ons, My add-ons, Program add-ons, Who is on screen; "
            "in a film y shows who is on screen, Y chooses a person, n and N jump between the person's scenes",
        ),
    )
}
