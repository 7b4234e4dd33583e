"""`wios settings`."""

from __future__ import annotations

from typing import Annotated

import typer

from wios_assets.cli.console import note, show_json, show_table


def settings(
    everything: Annotated[bool, typer.Option("--all", help="Show every setting of every group as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, every setting included.")] = False,
) -> None:
    """Settings with their values, where these come from, and what they mean.

    Shown are the settings that people set, and those of the groups that differ from their default.
    """
    from wios_assets.settings import GROUPS, load_settings, setting_origins

    rows = setting_origins(load_settings())
    if as_json:
        show_json(
            {
                row.name: {"value": _plain(row.value), "origin": row.origin, "description": row.description}
                for row in rows
            }
        )
        return
    shown = [row for row in rows if everything or "." not in row.name or row.origin != "default"]
    show_table(
        ("Setting", "Value", "From", "Meaning"), [(row.name, row.value, row.origin, row.description) for row in shown]
    )
    if len(shown) < len(rows):
        note(
            f"{len(rows) - len(shown)} finer settings ({', '.join(GROUPS)}) have their defaults: "
            "`wios settings --all` shows them"
        )


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
