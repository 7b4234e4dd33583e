"""Rows of the lake as CSV files that a server loads; DuckDB reads the Parquet files and writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wios_assets.columns import Column, Table
from wios_assets.errors import damaged_table
from wios_assets.lake.paths import parquet_files
from wios_assets.lake.schema_versions import require_current
from wios_assets.lake.store import table_place

NULL = "NULL"
"""Text of a null in the files. Texts are always in quotes, so that none is taken for it."""

Expression = Callable[[Column, str], str]
"""DuckDB's expression that turns a column (given quoted) into what the server reads."""


@dataclass(frozen=True)
class CsvRows:
    """A CSV file without header: values in the order of the table's columns, texts in quotes, nulls as `NULL`."""

    file: Path
    count: int


def open_reader() -> duckdb.DuckDBPyConnection:
    """DuckDB's connection for `write_csv`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # A film's tables are too small to be divided, and the server needs cores too.
        "threads": "1",
    }
    return duckdb.connect(":memory:", config=config)


def write_csv(
    reader: duckdb.DuckDBPyConnection, lake: Path, table: Table, film: str | None, expression: Expression, file: Path
) -> CsvRows | None:
    """Write one film's rows, or a whole table, to `file`; None where the lake has none.

    Raises:
        Unavailable: a Parquet file cannot be read, or was stored by another version of the schema.
    """
    folder = table_place(lake, table, film)
    files = parquet_files(folder)
    if not files:
        return None
    require_current(folder, table, film)
    values = []
    for column in table.every_column:
        is_key = table.by_film and column.name == "film"
        source = "$film::VARCHAR" if is_key else f'"{column.name}"'
        values.append(f'{expression(column, source)} AS "{column.name}"')
    quoted = ", ".join(f'"{column.name}"' for column in table.every_column if not _is_number(column))
    names = "[" + ", ".join(_text(str(each)) for each in files) + "]"
    query = (
        f"COPY (SELECT {', '.join(values)} FROM read_parquet({names}, hive_partitioning = false)) "
        f"TO {_text(str(file))} (FORMAT csv, HEADER false, NULLSTR '{NULL}', FORCE_QUOTE ({quoted}))"
    )
    try:
        (written,) = reader.execute(query, {"film": film} if "$film" in query else {}).fetchall()
    except duckdb.Error as error:
        raise damaged_table(str(folder), str(error).strip().partition("\n")[0]) from error
    return CsvRows(file, int(written[0]))


def _is_number(column: Column) -> bool:
    return column.type in ("int32", "int64", "double", "float", "bool")


def _text(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
