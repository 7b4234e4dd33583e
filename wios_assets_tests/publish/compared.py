"""The lake and a server compared value by value."""

from __future__ import annotations

import json
import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from wios_assets.lake.paths import parquet_files, table_folder
from wios_assets.lake.store import read_rows
from wios_assets.publish.migration import Schema
from wios_assets.publish.schema import FILM_TABLES, WHOLE_TABLES, PublishedTable
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings

Row = tuple[Any, ...]


def rows_of_lake(lake: Path, published: PublishedTable) -> list[Row]:
    """Rows of a table in the lake, sorted."""
    table = published.table
    stored = table.by_film or parquet_files(table_folder(lake, table.name))
    rows = read_rows(lake, table) if stored else pa.table([[] for _ in table.schema], schema=table.schema)
    return in_order(tuple(plain(row[name]) for name in table.schema.names) for row in rows.to_pylist())


def differing_tables(settings: Settings) -> list[str]:
    """Names of the tables whose rows on the server are not those of the lake."""
    differing = []
    server = open_server(settings)
    assert server is not None
    with server.connect() as connection:
        schema = Schema(server)
        for each in (*FILM_TABLES, *WHOLE_TABLES):
            rows = connection.execute(sa.select(schema.tables[each.name])).all()
            if in_order(tuple(map(plain, row)) for row in rows) != rows_of_lake(settings.lake, each):
                differing.append(each.name)
    return differing


def in_order(rows: Any) -> list[Row]:
    return sorted(rows, key=repr)


def plain(value: Any) -> Any:
    """A value without the differences that drivers make: lists as JSON, numbers as floats, times without zone."""
    if isinstance(value, bool) or value is None:
        return None if value is None else float(value)
    if isinstance(value, int | float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value
