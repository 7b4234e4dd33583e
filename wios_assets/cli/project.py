"""`wios init`, and where the data of a command lie."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from wios_assets.atomic import write_atomic
from wios_assets.cli.console import note, say
from wios_assets.errors import Conflict

FOLDERS = ("films", "galleries", "imdb")
_CONTENT = """\
# WIOS: this folder is a project. `wios` uses the nearest one, from the working folder upwards.
# Each line is `setting: value`; relative paths start here. `wios settings --all` lists all settings.
# Example:
# samples_per_second: 4
"""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Folder to make a project of; the working folder if none.")
    ] = Path(),
) -> None:
    """Make a project folder: `wios.yaml`, `films/`, `galleries/`, `imdb/`. What is there already stays."""
    from wios_assets.settings.project import PROJECT_FILE, is_checkout

    root = folder.expanduser().resolve()
    if is_checkout(root):
        raise Conflict(f"{root}: a checkout of WIOS is a project already, with its data in {root / 'data'}")
    if root.exists() and not root.is_dir():
        raise Conflict(f"{root}: is a file; choose a folder")
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    file = root / PROJECT_FILE
    if file.exists():
        say(f"{root}: is a project already; nothing was changed in {PROJECT_FILE}")
        return
    write_atomic(file, _CONTENT)
    say(f"{root}: made; put films into {root / 'films'}, photos into {root / 'galleries'}/<actor>/")
    say(f"Next: `cd {shlex.quote(str(root))}`, then `wios up` (`wios ui` in the foreground), or `wios demo`")


def tell_data_folder() -> None:
    """Say once where data go if no project folder and no setting says so: while that folder does not exist yet."""
    if os.environ.get("WIOS_DATA"):
        return
    from wios_assets.settings.project import default_data_folder, project_folder

    if project_folder() is not None:
        return
    data = default_data_folder()
    if not data.exists():
        note(f"no project folder here or above (`wios init` makes one): data go to {data}")
