"""IMDB's tables, typed, from its files."""

import time
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from wios_assets.assets.common import OWNERS, check, code_version, sentence
from wios_assets.imdb.files import IMDB_FILES, find_file
from wios_assets.imdb.parse import parse_imdb
from wios_assets.lake.paths import table_folder
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import staging_folder
from wios_assets.settings import Settings

QUARANTINE = "imdb/quarantine"


def imdb_assets() -> list[AssetsDefinition]:
    """imdb/title_basics, imdb/title_principals, imdb/title_crew and imdb/name_basics."""
    return [_imdb_asset(table) for table in IMDB_FILES]


def _imdb_asset(table: str) -> AssetsDefinition:
    key = table.split("/")

    @asset(
        key=key,
        group_name="imdb",
        kinds={"spark", "parquet"},
        owners=OWNERS,
        description=f"{sentence(table)} Lines that do not fit stand in {QUARANTINE} with their number and reason.",
        code_version=code_version(1),
        check_specs=[
            AssetCheckSpec(name, asset=AssetKey(key), blocking=True)
            for name in ("counts_add_up", "keys_unique_and_not_null")
        ],
    )
    def imdb_table(
        context: AssetExecutionContext, settings: ResourceParam[Settings], spark: SparkSessionResource
    ) -> Iterator[Any]:
        started = time.monotonic()
        file = find_file(settings.imdb, table)
        with staging_folder(settings.lake) as staging:
            report = parse_imdb(file, table, staging / "parsed")
            context.log.info(f"{file}: {report.rows} rows, {report.quarantined} lines set aside")
            quarantine = table_folder(settings.lake, QUARANTINE)
            quarantine.mkdir(parents=True, exist_ok=True)
            report.quarantine_file.replace(quarantine / f"{key[-1]}.parquet")
            rows = spark.spark_session.read.parquet(str(report.parquet_folder))
            yield Output(
                rows,
                metadata={
                    "file": MetadataValue.path(file),
                    "lines": report.lines,
                    "lines set aside": report.quarantined,
                    "reasons": MetadataValue.json(report.reasons),
                    "columns not used": MetadataValue.json(list(report.extra_columns)),
                    "seconds to parse": time.monotonic() - started,
                },
            )
        stored = sorted(table_folder(settings.lake, table).glob("*.parquet"))
        count = sum(pq.read_metadata(path).num_rows for path in stored)
        name = "/".join(key)
        lost = report.lines - count - report.quarantined
        yield check("counts_add_up", name, [f"{lost} lines"] if lost else [], lines=report.lines, rows=count)
        yield check("keys_unique_and_not_null", name, _bad_keys(stored, IMDB_FILES[table].key))

    return imdb_table


def _bad_keys(files: list, columns: tuple[str, ...]) -> list[str]:
    """Keys that are null or stand twice. Files are sorted by key, so equal keys are neighbours."""
    bad, last = [], None
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(columns=list(columns), batch_size=1 << 17):
            if any(batch.column(i).null_count for i in range(batch.num_columns)):
                bad.append(f"null in {', '.join(columns)}")
            if not batch.num_rows:
                continue
            same = None
            for i in range(batch.num_columns):
                column = batch.column(i)
                equal = pc.equal(column.slice(1), column.slice(0, batch.num_rows - 1))
                same = equal if same is None else pc.and_(same, equal)
            twice = batch.slice(1).filter(same)
            bad += [str(tuple(row.values())) for row in twice.to_pylist()]
            first = tuple(batch.slice(0, 1).to_pylist()[0].values())
            if first == last:
                bad.append(str(first))
            last = tuple(batch.slice(batch.num_rows - 1).to_pylist()[0].values())
    return bad
