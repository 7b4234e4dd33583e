"""Rows of a partition that an older version of the schema wrote, in the columns of this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.schema_versions import Change, changes_since
from wios_assets.lake.store import conform, table_place
from wios_assets.tables import APPEARANCES, FACE_TRACKS, FACES, TRACK_NAMES, Table

if TYPE_CHECKING:
    import pyarrow as pa

_UNKNOWN = "unknown:"
_BOX = ("time_s", "left", "top", "right", "bottom")


def carried_rows(lake: Path, table: Table, film: str | None, version: int) -> pa.Table:
    """A partition's rows after all changes since `version`, with the table's columns and types, without `film`.

    Values of added columns are derived from the lake where they can be, else null.

    Raises:
        WiosError: the rows do not fit the table.
        OSError, pyarrow.ArrowInvalid: a file cannot be read.
    """
    rows = _read(table_place(lake, table, film))
    for change in changes_since(table.name, version):
        rows = rows.drop_columns([name for name in change.removed if name in rows.column_names])
        derive = _DERIVED.get((change.table, change.version), _nulls)
        rows = derive(rows, change, lake, film)
    return conform(rows, table, film)


def _nulls(rows: pa.Table, change: Change, lake: Path, film: str | None) -> pa.Table:
    """Adds columns of nulls, which `conform` gives their types."""
    import pyarrow as pa

    for name in change.added:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows))
    return rows


def _with_numbers(rows: pa.Table, change: Change, lake: Path, film: str | None) -> pa.Table:
    """Adds `numbers`: that of `unknown:<n>`, none for others; `perhaps` was not kept then."""
    import pyarrow as pa

    numbers = []
    for actor in rows["actor"].to_pylist():
        after = actor.removeprefix(_UNKNOWN) if actor is not None and actor.startswith(_UNKNOWN) else ""
        numbers.append([int(after)] if after.isdigit() else [])
    return _nulls(rows.append_column("numbers", pa.array(numbers, pa.list_(pa.int64()))), change, lake, film)


def _with_best_face(rows: pa.Table, change: Change, lake: Path, film: str | None) -> pa.Table:
    """Adds instant and box of each track's best face, from the tracks and the faces, and `numbers`."""
    import pyarrow as pa

    assert film is not None
    tracks = _read(partition_folder(lake, FACE_TRACKS.name, film), ["track", "best_face"]).to_pylist()
    faces = _read(partition_folder(lake, FACES.name, film), ["face", *_BOX]).to_pylist()
    by_face = {face["face"]: face for face in faces}
    best = {track["track"]: by_face.get(track["best_face"], {}) for track in tracks}
    boxes = [best.get(track, {}) for track in rows["track"].to_pylist()]
    for name in _BOX:
        rows = rows.append_column(name, pa.array([box.get(name) for box in boxes], pa.float64()))
    return _with_numbers(rows, change, lake, film)


_DERIVED: dict[tuple[str, int], Callable[[pa.Table, Change, Path, str | None], pa.Table]] = {
    (APPEARANCES.name, 3): _with_numbers,
    (TRACK_NAMES.name, 3): _with_best_face,
}
"""What derives added columns, by table and version; all others are null."""


def _read(folder: Path, columns: list[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.concat_tables([pq.read_table(file, partitioning=None, columns=columns) for file in parquet_files(folder)])
