"""`wios players`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from wios_assets.cli.console import note, say, show_json, show_table

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="The player's folder of settings. Default: its usual one."),
]


def install_player(
    player: Annotated[str, typer.Argument(metavar="PLAYER", help="mpv or kodi.")], folder: Folder = None
) -> None:
    """Install the script or add-on that shows in a player who is on screen."""
    from wios_assets.players import install, player_called
    from wios_assets.settings import load_settings

    known = player_called(player)
    result = install(load_settings(), known, folder)
    for file in result.written:
        say(f"wrote {shlex.quote(str(file))}")
    for file in result.kept:
        note(f"kept {shlex.quote(str(file))}, which was there", style="dim")
    note(known.after)


def list_players(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the players that can show who is on screen, and whether they are set up."""
    from wios_assets.players import PLAYERS, installed
    from wios_assets.players.installation import player_folder

    rows = [
        {"player": name, "what": player.part, "state": installed(player), "folder": str(player_folder(player))}
        for name, player in PLAYERS.items()
    ]
    if as_json:
        show_json(rows)
        return
    show_table(("Player", "What", "State", "Folder"), [tuple(row.values()) for row in rows])
