"""`wios export`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from wios_assets.cli.asking import Film, asked_film
from wios_assets.cli.console import say
from wios_assets.exports.formats import Format, What, default_file, default_format


def export(
    film: Film,
    what: Annotated[What, typer.Option("--what", help="What to export.")] = "appearances",
    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Format: tables as csv, json or parquet; appearances also as vtt (captions), metadata.vtt, "
            "chapters.xml (Matroska), stash.json or edl (markers); screen-time also as nfo (Kodi, Jellyfin); the "
            "sidecar as json, vtt or bgra; the report as html; reviews as json. "
            "Default: the first of these.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="File; `-` for stdout. Default: in the exports folder."),
    ] = None,
) -> None:
    """Export a film's appearances, minutes, screen time, sidecar, report or reviews to a file."""
    from wios_assets.exports.files import export_bytes, export_film
    from wios_assets.settings import load_settings

    format = format or default_format(what)
    settings = load_settings()
    with asked_film(settings, film) as (library, row):
        if out == Path("-"):
            if format == "parquet" and sys.stdout.isatty():
                raise typer.BadParameter("Parquet cannot be shown in a terminal; name a file with -o")
            sys.stdout.flush()
            sys.stdout.buffer.write(export_bytes(library, row["film"], what, format))
            return
        file = out or default_file(settings.exports, row["film"], what, format)
        say(f"wrote {shlex.quote(str(export_film(library, row['film'], what, format, file)))}")
