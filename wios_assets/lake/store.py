"""Writes and reads tables as Parquet files; a partition is replaced atomically."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wios_assets.errors import BadInput, NotFound, Unavailable, WiosError
from wios_assets.lake.paths import parquet_files, partition_folder, partition_keys, table_folder
from wios_assets.lake.schema_versions import SCHEMA_VERSION, require_current, stamp, stored_version
from wios_assets.scratch import scratch_folder
from wios_assets.tables import MINUTE_APPEARANCES, SCREEN_TIME, Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

STAGING = ".staging"


def staging_folder(lake: Path) -> AbstractContextManager[Path]:
    """A new folder on the lake's file system, removed when the block ends; those of killed runs are removed first."""
    return scratch_folder(lake / STAGING)


def replace_folder(new: Path, target: Path) -> None:
    """Replace the folder `target` by `new`. A reader sees the old files or the new ones, never a mixture.

    Afterwards `new` has the old content, or does not exist if there was none.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        new.rename(target)
        return
    if _exchange(new, target):
        return
    aside = new.with_name(f"{new.name}.old")
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders atomically with renameat2(2) on Linux or renamex_np(2) on macOS; False if unsupported."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "linux" and hasattr(libc, "renameat2"):
        at_cwd, exchange = -100, 2
        failed = libc.renameat2(at_cwd, names[0], at_cwd, names[1], exchange)
    elif sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(names[0], names[1], 0x2)
    else:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(second))


def conform(rows: pd.DataFrame | pa.Table, table: Table, film: str | None) -> pa.Table:
    """Rows with the table's columns and types, without `film`.

    Raises:
        WiosError: a column is missing, or a value does not fit its type.
    """
    import pyarrow as pa

    schema = table.stored_schema
    names = rows.column_names if isinstance(rows, pa.Table) else list(rows.columns)
    missing = [name for name in schema.names if name not in names]
    name = f"{table.name}{f' of film {film!r}' if film is not None else ''}"
    if missing:
        raise BadInput(f"{name}: no column {', '.join(missing)}; wios_assets/tables.py defines the table's columns")
    try:
        if isinstance(rows, pa.Table):
            return rows.select(schema.names).cast(schema)
        return pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise BadInput(f"{name}: {error}") from error


def table_place(lake: Path, table: Table, film: str | None) -> Path:
    """Folder of one film's rows, or of the whole table if it is not partitioned."""
    return partition_folder(lake, table.name, film) if film is not None else table_folder(lake, table.name)


def write_rows(lake: Path, table: Table, rows: pd.DataFrame | pa.Table, film: str | None = None) -> int:
    """Replace one partition (or an unpartitioned table) by `rows`; returns their number.

    Raises:
        WiosError: the rows do not fit the table.
    """
    import pyarrow.parquet as pq

    content = conform(rows, table, film)
    with staging_folder(lake) as staging:
        new = staging / "rows"
        new.mkdir()
        pq.write_table(content, new / "part-0.parquet", compression="zstd", write_page_checksum=True)
        stamp(new)
        replace_folder(new, table_place(lake, table, film))
    return len(content)


@dataclass(frozen=True)
class StoredRows:
    """Rows that an asset has written itself, as Parquet files in a folder on the lake's file system."""

    folder: Path


def move_rows(lake: Path, table: Table, rows: StoredRows, film: str | None = None) -> None:
    """Replace one partition (or an unpartitioned table) by files that are written already; the folder is moved.

    Raises:
        WiosError: there are no files, or their columns or types differ from the table's.
    """
    import pyarrow.parquet as pq

    files = parquet_files(rows.folder)
    if not files:
        raise Unavailable(f"{rows.folder}: holds no Parquet files for {table.name}")
    schema = table.stored_schema
    for file in files:
        stored = pq.read_schema(file)
        if stored.names != schema.names or stored.types != schema.types:
            raise Unavailable(
                f"{file}: its columns are not those of {table.name} in wios_assets/tables.py: "
                f"{', '.join(f'{field.name} {field.type}' for field in stored)}"
            )
    stamp(rows.folder)
    replace_folder(rows.folder, table_place(lake, table, film))


def has_rows_of(lake: Path, table: Table, film: str | None = None) -> bool:
    """Whether the partition (or the unpartitioned table) is in the lake, even if it has no rows."""
    return bool(parquet_files(table_place(lake, table, film)))


def is_current(lake: Path, table: Table, film: str | None = None) -> bool:
    """Whether the partition (or the unpartitioned table) is in the lake, in the present version of the schema."""
    return has_rows_of(lake, table, film) and stored_version(table_place(lake, table, film), table) == SCHEMA_VERSION


def damaged_files(lake: Path, table: Table, film: str | None = None) -> list[Path]:
    """Files of a partition (or an unpartitioned table) that have no sound footer, as those that were cut."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    damaged = []
    for file in parquet_files(table_place(lake, table, film)):
        try:
            pq.read_metadata(file)
        except (OSError, pa.ArrowInvalid):
            damaged.append(file)
    return damaged


def finished_films(lake: Path) -> list[str]:
    """Films whose results are complete, sorted: those that have both of the last tables that a run stores."""
    return sorted(set(partition_keys(lake, SCREEN_TIME.name)) & set(partition_keys(lake, MINUTE_APPEARANCES.name)))


def read_rows(lake: Path, table: Table, film: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
    """One film's rows, or all films' if `film` is None, with the table's columns and types.

    Args:
        columns: the columns to read, `film` aside, which comes with a film's rows anyway; None for all.

    Raises:
        WiosError: the film (or the table) is not in the lake, a file of it cannot be read, or another version of the
            schema wrote it.
    """
    if not table.by_film:
        return _read_folder(table_folder(lake, table.name), table, None, columns)
    if film is not None:
        return _read_folder(partition_folder(lake, table.name, film), table, film, columns)
    import pyarrow as pa

    parts = [read_rows(lake, table, key, columns) for key in partition_keys(lake, table.name)]
    if parts:
        return pa.concat_tables(parts)
    empty = table.schema.empty_table()
    return empty if columns is None else empty.select(["film", *columns])


def _read_folder(folder: Path, table: Table, film: str | None, columns: Sequence[str] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = parquet_files(folder)
    if not files:
        raise missing_rows(folder, table, film)
    require_current(folder, table, film)
    schema = table.stored_schema
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
    try:
        parts = [
            pq.read_table(file, partitioning=None, columns=schema.names, page_checksum_verification=True)
            for file in files
        ]
        rows = pa.concat_tables([part.cast(schema) for part in parts])
    except (OSError, ValueError, KeyError) as error:
        remedy = f"run film {film!r} again" if film is not None else f"materialise {table.name} again"
        raise Unavailable(f"{folder}: {table.name} cannot be read ({error}); {remedy}") from error
    if film is None:
        return rows
    return rows.add_column(0, table.schema.field("film"), pa.array([film] * rows.num_rows, pa.string()))


def missing_rows(folder: Path, table: Table, film: str | None) -> WiosError:
    """The error for a missing partition or table."""
    if film is not None:
        return NotFound(
            f"{table.name}: film {film!r} is not in the lake ({folder}); materialise it for this film first"
        )
    return NotFound(f"{table.name}: not in the lake ({folder}); materialise it first")
