"""The version of the schema that wrote a partition, and what changed between versions.

Every partition has the file `_schema.json` beside its Parquet files, written with them, so both are replaced together.
Spark, DuckDB and Arrow skip it. A partition without it is older than the file; its version is that of the newest schema
with the same columns.

The versions count changes of tables that a lake may hold: a column that is added or removed, or that gets another
meaning. A new table is no change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wios_assets.columns import BYTES, CANDIDATES, LONGS, REAL, TEXT, Table
from wios_assets.errors import Unavailable, WiosError
from wios_assets.lake.paths import parquet_files
from wios_assets.text import typed

SCHEMA_VERSION = 6
"""Version of the schema in wios_assets/tables.py."""
STAMP = "_schema.json"
"""File of a partition that names the version."""


@dataclass(frozen=True)
class Change:
    """How one table differs from the version before.

    Attributes:
        version: the first version with the change.
        table: name of the table.
        added: type of each added column by name. removed: the same of removed columns.
        needs_run: whether the added columns cannot be had from what the lake holds, so that the film must be run again.
    """

    version: int
    table: str
    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    needs_run: bool = False


CHANGES = (
    Change(2, "face_tracks", added={"disagreement": REAL}, needs_run=True),
    Change(3, "appearances", added={"perhaps": CANDIDATES, "numbers": LONGS}),
    Change(
        3,
        "track_names",
        added={
            "perhaps": CANDIDATES,
            "numbers": LONGS,
            "time_s": REAL,
            "left": REAL,
            "top": REAL,
            "right": REAL,
            "bottom": REAL,
        },
    ),
    Change(4, "face_embeddings", removed={"clothing": BYTES}),
    Change(5, "imdb/film_titles", added={"other_title": TEXT}),
    Change(6, "refined/film_statistics", added={"engine": TEXT, "speed": REAL}, needs_run=True),
)
"""All changes since version 1, oldest first."""


def stamp(folder: Path) -> None:
    """Write the present version into a folder of Parquet files that is about to become a partition."""
    (folder / STAMP).write_text(json.dumps({"schema": SCHEMA_VERSION}), encoding="utf-8")


def stamped_version(folder: Path) -> int | None:
    """The version that a partition's file names; None where it has no such file, or an unreadable one."""
    try:
        return int(json.loads((folder / STAMP).read_text(encoding="utf-8"))["schema"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def changes_since(table: str, version: int) -> list[Change]:
    """What changed in a table after a version, oldest first."""
    return [change for change in CHANGES if change.table == table and change.version > version]


def is_carried_over(table: str, version: int) -> bool:
    """Whether a table's rows of a version can be brought to the present one without running the film again."""
    return version <= SCHEMA_VERSION and not any(change.needs_run for change in changes_since(table, version))


def columns_of(table: Table, version: int) -> dict[str, str]:
    """Type of each column that a table's files had in a version, by name."""
    columns = {column.name: column.type for column in table.columns}
    for change in reversed(changes_since(table.name, version)):
        columns = {name: kind for name, kind in columns.items() if name not in change.added} | dict(change.removed)
    return columns


def stored_version(folder: Path, table: Table) -> int | None:
    """The version of the schema that wrote a partition, or an unpartitioned table.

    Returns:
        `SCHEMA_VERSION` where the table did not change since. None where the columns are those of no known version. A
        folder without files, or with unreadable ones, counts as current: reading it says what is wrong.
    """
    version = stamped_version(folder)
    if version is None:
        version = _version_by_columns(folder, table)
    if version is not None and version < SCHEMA_VERSION and not changes_since(table.name, version):
        return SCHEMA_VERSION
    return version


def require_current(folder: Path, table: Table, film: str | None) -> None:
    """Refuse a partition of another version, which would be misread.

    Raises:
        Unavailable: it was written by another version; the message names the remedy.
    """
    fault = schema_fault(folder, table, film, stored_version(folder, table))
    if fault is not None:
        raise fault


def schema_fault(folder: Path, table: Table, film: str | None, version: int | None) -> WiosError | None:
    """The error for a partition that a version of the schema wrote; None for the present version."""
    if version == SCHEMA_VERSION:
        return None
    if film is not None:
        run = f"`wios run {typed(film)}` renews it"
    else:
        run = "`wios refine` makes it again" if table.name.startswith("refined/") else f"materialise {table.name} again"
    if version is None:
        return Unavailable(
            f"{folder}: {table.name} was stored by another version of WIOS, whose columns are not known here; {run}"
        )
    if version > SCHEMA_VERSION:
        return Unavailable(
            f"{folder}: {table.name} was stored by a newer version of WIOS (schema {version}, here {SCHEMA_VERSION}); "
            "install that version"
        )
    if not is_carried_over(table.name, version):
        return Unavailable(
            f"{folder}: {table.name} was stored by an older version of WIOS (schema {version}, now {SCHEMA_VERSION}) "
            f"and cannot be carried over; {run}"
        )
    return Unavailable(
        f"{folder}: {table.name} was stored by an older version of WIOS (schema {version}, now {SCHEMA_VERSION}); "
        "`wios update` carries it over"
    )


def _version_by_columns(folder: Path, table: Table) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        stored = [pq.read_schema(file) for file in parquet_files(folder)]
    except (OSError, pa.ArrowInvalid):
        return SCHEMA_VERSION
    names = {tuple(sorted(schema.names)) for schema in stored}
    if not names:
        return SCHEMA_VERSION
    for version in range(SCHEMA_VERSION, 0, -1):
        if names == {tuple(sorted(columns_of(table, version)))}:
            return version
    return None
