"""Sorts the rows of an unsorted file on disk, and separates rows that repeat a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SORT_MEMORY = "1GB"


def rising(columns: Sequence[pa.Array], strictly: bool = True) -> bool:
    """Whether each row is greater than the one before, the first column deciding before the second."""
    less = pc.less if strictly else pc.less_equal
    here = [column.slice(0, max(len(column) - 1, 0)) for column in columns]
    after = [column.slice(1) for column in columns]
    answer = less(here[-1], after[-1])
    for low, high in zip(here[-2::-1], after[-2::-1], strict=True):
        answer = pc.or_(pc.less(low, high), pc.and_(pc.equal(low, high), answer))
    return bool(pc.all(answer, min_count=0).as_py())


def sorted_rows(
    folder: Path, key: Sequence[str], line: str, spill: Path, batch_rows: int
) -> Iterator[tuple[pa.Table, list[dict[str, Any]]]]:
    """Rows of the Parquet files in `folder` by key, in batches, each with the rows that repeat an earlier key.

    Args:
        key: columns that name a row; of rows with the same key the one with the smallest `line` is kept.
        spill: folder for data beyond 1 GB of memory.
        batch_rows: rows of a batch, at most.

    Yields:
        Rows to keep, and rows that repeat a key as dictionaries; both still have `line`.
    """
    names = [*key, line]
    last: pa.Table | None = None
    with duckdb.connect(config={"memory_limit": SORT_MEMORY, "temp_directory": str(spill)}) as db:
        rows = db.read_parquet(str(folder / "*.parquet")).order(", ".join(names))
        for batch in rows.to_arrow_reader(batch_rows):
            table = pa.Table.from_batches([batch])
            if not len(table):
                continue
            keys = table.select(names)
            with_last = keys if last is None else pa.concat_tables([last, keys])
            repeats = np.ones(len(with_last) - 1, bool)
            for name in key:
                column = with_last.column(name).combine_chunks()
                same = pc.equal(column.slice(0, len(column) - 1), column.slice(1))
                repeats &= same.to_numpy(zero_copy_only=False)
            if last is None:
                repeats = np.concatenate([[False], repeats])
            last = keys.slice(len(keys) - 1)
            yield table.filter(pa.array(~repeats)), table.filter(pa.array(repeats)).to_pylist()
