"""`wios settings`."""

from __future__ import annotations

from typing import Annotated

import typer

from wios_assets.cli.console import show_json, show_table
from wios_assets.settings import load_settings, setting_origins


def settings(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """Every setting with its value, where that comes from, and what it means."""
    rows = setting_origins(load_settings())
    if as_json:
        show_json({row.name: {"value": _plain(row.value), "origin": row.origin} for row in rows})
        return
    show_table(
        ("Setting", "Value", "From", "Meaning"), [(row.name, row.value, row.origin, row.description) for row in rows]
    )


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
