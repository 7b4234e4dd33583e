"""`wios clean`."""

from __future__ import annotations

from typing import Annotated

import typer

from wios_assets.cli.console import say


def clean(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    backups: Annotated[bool, typer.Option("--backups", help="Also the backups of `wios update`.")] = False,
) -> None:
    """Say what is left over, old or can be made again, and remove it once that is confirmed. Films and results stay."""
    from wios_assets.settings import load_settings
    from wios_assets.update.cleaning import removable

    kinds = removable(load_settings(), backups=backups)
    if not kinds:
        say("nothing to remove")
        return
    for kind in kinds:
        say(f"{_size(kind.size):>9}  {kind.what} ({len(kind.paths)})")
        for path in kind.paths[:3]:
            say(f"           {path}")
        if len(kind.paths) > 3:
            say(f"           and {len(kind.paths) - 3} more")
    if not yes and not typer.confirm("Remove all of it?"):
        raise typer.Exit(1)
    for kind in kinds:
        kind.remove()
    say(f"removed: {_size(sum(kind.size for kind in kinds))}")


def _size(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size = round(size / 1000)
    return f"{size} GB"
