"""The I/O manager of all table assets: Parquet files in the lake, with Spark for Spark data frames."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.functions as F
from dagster import (
    ConfigurableIOManager,
    InputContext,
    MetadataValue,
    OutputContext,
    ResourceDependency,
    TableColumn,
    TableSchema,
)
from pyspark.sql import DataFrame as SparkFrame
from pyspark.sql.pandas.types import from_arrow_schema

from wios_assets.errors import BadInput
from wios_assets.failures import one_line_failures
from wios_assets.lake.paths import parquet_files, partition_keys, spark_path, table_folder
from wios_assets.lake.schema_versions import require_current, stamp
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import (
    StoredRows,
    missing_rows,
    move_rows,
    read_rows,
    replace_folder,
    staging_folder,
    table_place,
    write_rows,
)
from wios_assets.lake.worker_files import rows_by_film, rows_of_folder, write_folder
from wios_assets.tables import TABLES, Table

PREVIEW_ROWS = 8


class SparkIOManager(ConfigurableIOManager):
    """Stores what an asset returns, and loads inputs in the type of their annotation.

    An asset may return a Spark DataFrame (which is evaluated here), a pandas DataFrame, an Arrow table, or
    `StoredRows` that it has written itself. Inputs may be annotated as any of the first three. A film's partition is
    replaced atomically.
    """

    lake: str
    spark: ResourceDependency[SparkSessionResource]

    @one_line_failures
    def handle_output(self, context: OutputContext, obj: SparkFrame | pd.DataFrame | pa.Table | StoredRows) -> None:
        table = _table(context)
        film = context.partition_key if table.by_film else None
        started = time.monotonic()
        if isinstance(obj, SparkFrame):
            self._write_spark(obj, table, film)
        elif isinstance(obj, StoredRows):
            move_rows(Path(self.lake), table, obj, film)
        elif isinstance(obj, pd.DataFrame | pa.Table):
            write_rows(Path(self.lake), table, obj, film)
        else:
            raise BadInput(
                f"{table.name}: an asset returns a Spark or pandas DataFrame, an Arrow table or StoredRows, not "
                f"{type(obj)}"
            )
        context.add_output_metadata(self._describe(table, film) | {"seconds to store": time.monotonic() - started})

    @one_line_failures
    def load_input(self, context: InputContext) -> Any:
        table = _table(context)
        film = context.partition_key if table.by_film and context.has_asset_partitions and _one(context) else None
        wanted = context.dagster_type.typing_type
        if wanted is SparkFrame:
            return self.spark_rows(table, film)
        rows = read_rows(Path(self.lake), table, film)
        return rows if wanted is pa.Table else rows.to_pandas()

    def spark_rows(self, table: Table, film: str | None) -> SparkFrame:
        """A table, or one film's rows of it, as a Spark DataFrame with `film` first."""
        lake = Path(self.lake)
        if film is None and table.by_film:
            return rows_of_films(self.spark, lake, table, partition_keys(lake, table.name))
        rows = rows_of_table(self.spark, lake, table, film)
        return rows if film is None else rows.select(F.lit(film).alias("film"), *rows.columns)

    def _write_spark(self, plan: SparkFrame, table: Table, film: str | None) -> None:
        schema = table.stored_schema
        missing = [name for name in schema.names if name not in plan.columns]
        if missing:
            raise BadInput(f"{table.name}: the plan has no column {', '.join(missing)}")
        types = from_arrow_schema(schema)
        rows = plan.select(*(F.col(field.name).cast(field.dataType).alias(field.name) for field in types.fields))
        lake = Path(self.lake)
        with staging_folder(lake) as staging:
            new = staging / "rows"
            new.mkdir()
            write_folder(self.spark, rows, new, schema)
            if not parquet_files(new):
                pq.write_table(schema.empty_table(), new / "part-0.parquet", compression="zstd")
            stamp(new)
            replace_folder(new, table_place(lake, table, film))

    def _describe(self, table: Table, film: str | None) -> dict[str, Any]:
        folder = table_place(Path(self.lake), table, film)
        files = parquet_files(folder)
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        return {
            "dagster/row_count": rows,
            "dagster/column_schema": column_schema(table),
            "bytes": sum(file.stat().st_size for file in files),
            "place": MetadataValue.path(folder),
            "preview": MetadataValue.md(preview(files, table)),
        }


def rows_of_table(spark: SparkSessionResource, lake: Path, table: Table, film: str | None = None) -> SparkFrame:
    """An unpartitioned table, or one film's rows of another without the column `film`.

    Raises:
        WiosError: there are no files, or another version of the schema wrote them.
    """
    folder = table_place(lake, table, film)
    if not parquet_files(folder):
        raise missing_rows(folder, table, film)
    require_current(folder, table, film)
    if spark.roots is not None:
        return rows_of_folder(spark, folder, table.stored_schema)
    schema = from_arrow_schema(table.stored_schema)
    return spark.spark_session.read.schema(schema).parquet(spark_path(folder))


def rows_of_films(spark: SparkSessionResource, lake: Path, table: Table, films: Collection[str]) -> SparkFrame:
    """Rows of some films of a table that is partitioned by film, with `film` first; only their files are read.

    Raises:
        WiosError: another version of the schema wrote a film's rows, which Spark would read as nulls.
    """
    there = set(partition_keys(lake, table.name))
    wanted = sorted(there & set(films))
    for film in wanted:
        require_current(table_place(lake, table, film), table, film)
    if spark.roots is not None:
        return rows_by_film(spark, lake, wanted, _RowsOfFilm(table), table.schema)
    session, schema = spark.spark_session, from_arrow_schema(table.schema)
    folders = [spark_path(table_place(lake, table, film)) for film in wanted]
    if not folders:
        return session.createDataFrame([], schema)
    root = table_folder(lake, table.name)
    reader = session.read.schema(schema)
    if len(folders) == len(there):
        rows = reader.parquet(spark_path(root))
    else:
        rows = reader.option("basePath", str(root)).parquet(*folders)
    return rows.select(*table.schema.names)


@dataclass(frozen=True)
class _RowsOfFilm:
    """Reads a film's rows of a table on a worker."""

    table: Table

    def __call__(self, lake: Path, film: str) -> pa.Table:
        return read_rows(lake, self.table, film)


def _one(context: InputContext) -> bool:
    return len(context.asset_partition_keys) == 1 and context.has_partition_key


def _table(context: InputContext | OutputContext) -> Table:
    name = "/".join(context.asset_key.path)
    if name not in TABLES:
        raise BadInput(f"{name}: no such table in wios_assets/tables.py")
    return TABLES[name]


def column_schema(table: Table) -> TableSchema:
    """A table's columns with types and descriptions for Dagster."""
    return TableSchema(
        columns=[
            TableColumn(name=field.name, type=str(field.type), description=_meaning(field)) for field in table.schema
        ]
    )


def _meaning(field: pa.Field) -> str | None:
    comment = (field.metadata or {}).get(b"comment")
    return comment.decode() if comment else None


def preview(files: list[Path], table: Table) -> str:
    """The first rows as a Markdown table; long values are cut, pictures and vectors shown by their length."""
    names = table.stored_schema.names
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    left = PREVIEW_ROWS
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=left):
            for row in batch.to_pylist()[:left]:
                lines.append(f"| {' | '.join(_cell(row.get(name)) for name in names)} |")
            left -= batch.num_rows
            break
        if left <= 0:
            break
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) if len(value) <= 4 else f"{len(value)} values"
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}…"
