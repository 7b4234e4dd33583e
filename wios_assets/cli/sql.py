"""`wios sql`."""

from __future__ import annotations

import csv
import datetime
import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wios_assets.cli.console import note, show_json, show_table
from wios_assets.errors import NotFound

if TYPE_CHECKING:
    from wios_assets.lake.library import Library
    from wios_assets.lake.saved_queries import Answer
    from wios_assets.settings import Settings

_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "NUMBER")


def sql(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="SQL", help="One SELECT; with --saved, the arguments of the query.")
    ] = None,
    format: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Format.")] = "table",
    saved: Annotated[str | None, typer.Option("--saved", metavar="NAME", help="Run a saved query.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the saved queries with their arguments.")] = False,
) -> None:
    """Query the tables in DuckDB's SQL, read-only: a view per table, IMDB's as imdb.title_basics and so on."""
    from wios_assets.lake.saved_queries import ask, saved_query
    from wios_assets.settings import load_settings

    texts = texts or []
    if show:
        _list(format)
        return
    if saved is not None:
        query, parameters = saved_query(saved, texts)
        text = query.sql
    elif len(texts) == 1:
        text, parameters = texts[0], {}
    else:
        raise typer.BadParameter("give one SELECT in quotes, or --saved NAME, or --list")
    with _library(load_settings()) as library:
        _show(ask(library, text, parameters), format)


def _list(format: str) -> None:
    from wios_assets.lake.saved_queries import saved_queries

    queries = saved_queries()
    rows = [
        (query.name, " ".join(argument.upper() for argument in query.arguments), query.meaning) for query in queries
    ]
    columns = ("name", "arguments", "meaning")
    if format == "table":
        show_table(("Name", "Arguments", "Meaning"), rows)
    elif format == "csv":
        _write_csv(columns, rows)
    else:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])


def _library(settings: Settings) -> Library:
    """The library, also if only IMDB's tables are in the lake.

    Raises:
        WiosError: the lake has no tables yet.
    """
    from wios_assets.lake.library import open_library, publish
    from wios_assets.lake.paths import parquet_files, table_folder
    from wios_assets.tables import TABLES

    if not settings.library.exists():
        tables = [table for table in TABLES.values() if not table.by_film]
        if not any(parquet_files(table_folder(settings.lake, table.name)) for table in tables):
            raise NotFound(
                f"{settings.lake}: no tables yet; `wios imdb load` loads IMDB's, `wios run FILM` makes a film's"
            )
        publish(settings.lake, settings.library)
    return open_library(settings)


def _show(result: Answer, format: str) -> None:
    if format == "csv":
        _write_csv(result.columns, result.rows)
    elif format == "json":
        show_json([dict(zip(result.columns, map(_plain, row), strict=True)) for row in result.rows])
    else:
        right = [
            name
            for name, kind in zip(result.columns, result.types, strict=True)
            if any(number in kind for number in _NUMBERS) and "[" not in kind
        ]
        rows = [tuple(_cell(value) for value in row) for row in result.rows]
        show_table(result.columns, rows, right)
        if not rows:
            note("no rows", style="dim")


def _write_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> object:
    """A value as printed in a table or CSV file; None stays None."""
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else plain


def _plain(value: Any) -> Any:
    """A value as a JSON value."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        # JSON has no infinity and no NaN.
        return value if value - value == 0 else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return str(value)
