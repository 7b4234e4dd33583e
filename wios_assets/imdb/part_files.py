"""Writes rows to Parquet files of bounded size, with row groups small enough for look-ups by key."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_A_FILE = 2_000_000
# Columns whose values seldom repeat: dictionary encoding would cost time and save nothing.
_DISTINCT_VALUES = frozenset(
    {
        *("tconst", "nconst", "primary_title", "original_title", "primary_name", "characters", "directors", "writers"),
        *("known_for_titles", "ordering"),
    }
)


class PartFiles:
    """Writes `part-00000.parquet` and so on into a folder.

    Attributes:
        files: files begun so far. rows: rows written so far.
    """

    def __init__(self, folder: Path, schema: pa.Schema, rows_a_group: int, rows_a_file: int = ROWS_A_FILE) -> None:
        self.folder, self.schema = folder, schema
        self.rows_a_group, self.rows_a_file = rows_a_group, rows_a_file
        self.files: list[Path] = []
        self.rows = 0
        self._rows_in_file = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch, in row groups of equal size, about `rows_a_group`."""
        if self._writer is None:
            self.files.append(self.folder / f"part-{len(self.files):05d}.parquet")
            self._rows_in_file = 0
            self._writer = pq.ParquetWriter(
                self.files[-1],
                self.schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=_columns_with_repeats(self.schema),
            )
        groups = max(1, round(len(batch) / self.rows_a_group))
        self._writer.write_batch(batch, row_group_size=max(1, -(-len(batch) // groups)))
        self.rows += len(batch)
        self._rows_in_file += len(batch)
        if self._rows_in_file >= self.rows_a_file:
            self.close()

    def close(self) -> None:
        """Finish the last file; may be called twice."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()


def _columns_with_repeats(schema: pa.Schema) -> list[str]:
    return [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
        if field.type not in (pa.bool_(), pa.int64()) and field.name not in _DISTINCT_VALUES
    ]
