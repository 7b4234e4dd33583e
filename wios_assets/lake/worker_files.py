"""Spark's workers read and write the lake's files themselves, each at the path that its machine has for the lake.

Spark's own readers and writers take the driver's paths for those of all machines: on a worker with other paths they
would fail, or write into a folder that nobody reads. Also, a film's tables are many small files. Spark would list all
of them before it reads one, and sort the rows of all films to bring each film's together again, though they lie
together in the lake.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from wios_assets.errors import Unavailable
from wios_assets.lake.paths import parquet_files
from wios_assets.lake.roots import Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.spark_workers import require_folder, watched_workers, worker_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as SparkFrame

FilmFunction = Callable[[Path, str], pa.Table]
"""Rows that follow from one film's tables, given the lake and the film's key."""

ROWS_A_GROUP = 50_000
"""Rows of a row group of Parquet: few, so that a lookup of one key reads little."""
_FILMS_A_TASK = 50


def rows_by_film(
    spark: SparkSessionResource, lake: Path, films: Sequence[str], function: FilmFunction, schema: pa.Schema
) -> SparkFrame:
    """A lazy frame with what a function returns for each film.

    Args:
        function: a function of a module, or an object, which the workers import.
        schema: of the rows that it returns.
    """
    return _rows_by_key(spark, lake, films, function, schema)


def rows_of_folder(spark: SparkSessionResource, folder: Path, schema: pa.Schema) -> SparkFrame:
    """A lazy frame with the rows of the Parquet files in a folder of the lake."""
    names = [file.name for file in parquet_files(folder)]
    return _rows_by_key(spark, folder, names, _read_file, schema)


def write_folder(spark: SparkSessionResource, plan: SparkFrame, folder: Path, schema: pa.Schema) -> None:
    """Evaluate a plan, and write its rows as Parquet files into an empty folder of the lake, a file a partition.

    Raises:
        Unavailable: no worker is left, or what a worker wrote does not arrive in this machine's folder.
    """
    session = spark.spark_session
    writer = _Writer(schema, folder, spark.roots)
    with watched_workers(session, spark.worker_wait_s):
        counts = plan.mapInArrow(writer, "rows long").collect()
    written = sum(row["rows"] for row in counts)
    stored = sum(pq.read_metadata(file).num_rows for file in parquet_files(folder))
    if stored != written:
        raise Unavailable(
            f"{folder}: {stored} of the {written} rows that the workers wrote are here; see that the lake is the same "
            "folder on all machines (`wios doctor --cluster`)"
        )


def _rows_by_key(
    spark: SparkSessionResource,
    folder: Path,
    keys: Sequence[str],
    function: Callable[[Path, str], pa.Table],
    schema: pa.Schema,
) -> SparkFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    session = spark.spark_session
    tasks = max(1, min(len(keys), max(len(keys) // _FILMS_A_TASK, session.sparkContext.defaultParallelism)))
    frame = session.createDataFrame([(key,) for key in keys], "key string").repartition(tasks)
    return frame.mapInArrow(_Reader(function, folder, spark.roots), from_arrow_schema(schema))


def _read_file(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / name, partitioning=None, page_checksum_verification=True)


def _folder_here(folder: Path, roots: Roots | None) -> Path:
    """The driver's folder on the machine that this runs on.

    Raises:
        BadInput: it is not there.
    """
    here = folder if roots is None else roots.translated(folder, roots.of_this_machine())
    require_folder(here)
    return here


@dataclass(frozen=True)
class _Reader:
    """Called by Spark with batches of keys; returns the rows of each.

    Attributes:
        function: makes a key's rows. folder: the driver's. roots: the driver's folders; None where it does the work.
    """

    function: Callable[[Path, str], pa.Table]
    folder: Path
    roots: Roots | None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with worker_errors():
            folder = _folder_here(self.folder, self.roots)
            for batch in batches:
                for key in batch.column("key").to_pylist():
                    yield from self.function(folder, key).combine_chunks().to_batches()


@dataclass(frozen=True)
class _Writer:
    """Called by Spark with the rows of a partition, which it writes to a file; returns their number.

    Attributes:
        schema: of the file. folder: the driver's. roots: the driver's folders; None where it does the work.
    """

    schema: pa.Schema
    folder: Path
    roots: Roots | None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        number = context.partitionId() if context is not None else 0
        with worker_errors():
            folder = _folder_here(self.folder, self.roots)
            # A task that is tried again replaces its file; one that was lost leaves a name that no reader takes.
            unfinished = folder / f".{uuid.uuid4().hex}"
            rows = 0
            try:
                for table in _tables(batches, self.schema):
                    if not rows:
                        file = pq.ParquetWriter(unfinished, self.schema, compression="zstd", write_page_checksum=True)
                    file.write_table(table, ROWS_A_GROUP)
                    rows += table.num_rows
                if rows:
                    file.close()
                    unfinished.replace(folder / f"part-{number:05d}.parquet")
            finally:
                unfinished.unlink(missing_ok=True)
        yield pa.RecordBatch.from_pydict({"rows": pa.array([rows], pa.int64())})


def _tables(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Batches, which Spark makes small, joined to tables of at least `ROWS_A_GROUP` rows; the last may have fewer."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= ROWS_A_GROUP:
            yield pa.Table.from_batches(waiting).cast(schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting).cast(schema)
