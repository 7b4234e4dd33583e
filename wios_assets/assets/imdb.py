"""IMDB's tables, typed, from its files."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    MetadataValue,
    Output,
    ResourceParam,
    multi_asset,
)

from wios_assets.assets.common import check, code_version, table_out
from wios_assets.imdb.download import download_imdb
from wios_assets.imdb.files import IMDB_FILES, TERMS
from wios_assets.imdb.load import parse_folder
from wios_assets.imdb.lookup import build_film_titles
from wios_assets.lake.loading import LoadingNote
from wios_assets.lake.paths import parquet_files, table_folder
from wios_assets.lake.store import StoredRows, staging_folder
from wios_assets.settings import Settings
from wios_assets.tables import FILM_TITLES, QUARANTINE

TABLE_CHECKS = ("counts_add_up", "keys_unique_and_not_null")
PRINCIPALS = "imdb/title_principals"
UNKNOWN_KEYS_SHARE = 0.01
"""Largest share of credits whose title or person may be missing; IMDB's files are not all of one moment."""
MEMORY = "1GB"


def imdb_assets() -> list[AssetsDefinition]:
    """The tables of IMDB's four files, the index of film titles, and the lines that do not fit; made in one go."""
    tables = (*IMDB_FILES, FILM_TITLES.name, QUARANTINE.name)

    @multi_asset(
        outs={_output(table): table_out(table, "imdb", code_version(2), {"parquet", "duckdb"}) for table in tables},
        check_specs=[
            *(
                AssetCheckSpec(name, asset=AssetKey(table.split("/")), blocking=True)
                for table in IMDB_FILES
                for name in TABLE_CHECKS
            ),
            AssetCheckSpec("keys_found", asset=AssetKey(PRINCIPALS.split("/")), blocking=True),
            AssetCheckSpec("every_film_findable", asset=AssetKey(FILM_TITLES.name.split("/")), blocking=True),
            AssetCheckSpec("no_line_set_aside", asset=AssetKey(QUARANTINE.name.split("/"))),
        ],
        name="imdb",
    )
    def imdb(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> Iterator[Any]:
        if settings.imdb_download:
            context.log.info(TERMS)
            with LoadingNote(settings.lake) as note:
                download_imdb(settings.imdb_address, settings.imdb, progress=note)
        started = time.monotonic()
        with staging_folder(settings.lake) as staging:
            with LoadingNote(settings.lake) as note:
                reports = parse_folder(
                    settings.imdb, staging, allowed_share=settings.imdb_quarantine_share, progress=note
                )
            seconds = time.monotonic() - started
            aside = staging / "aside"
            aside.mkdir()
            titles = build_film_titles(reports["imdb/title_basics"].parquet_files, staging / "titles")
            versions = {table: _file_version(report.file) for table, report in reports.items()}
            for table, report in reports.items():
                context.log.info(f"{report.file}: {report.rows} rows, {report.quarantined} lines set aside")
                report.quarantine_file.replace(aside / f"{_output(table)}.parquet")
                yield Output(
                    StoredRows(report.parquet_folder),
                    output_name=_output(table),
                    data_version=DataVersion(versions[table]),
                    metadata={
                        "file": MetadataValue.path(report.file),
                        "lines": report.lines,
                        "lines set aside": report.quarantined,
                        "reasons": MetadataValue.json(report.reasons),
                        "columns not used": MetadataValue.json(list(report.extra_columns)),
                        "seconds to parse all files": seconds,
                    },
                )
            yield Output(
                StoredRows(titles),
                output_name=_output(FILM_TITLES.name),
                data_version=DataVersion(versions["imdb/title_basics"]),
            )
            yield Output(
                StoredRows(aside),
                output_name=_output(QUARANTINE.name),
                data_version=DataVersion(_hash("".join(versions.values()))),
            )
        for table, report in reports.items():
            stored = parquet_files(table_folder(settings.lake, table))
            count = sum(pq.read_metadata(path).num_rows for path in stored)
            lost = report.lines - count - report.quarantined
            yield check("counts_add_up", table, [f"{lost} lines"] if lost else [], lines=report.lines, rows=count)
            yield check("keys_unique_and_not_null", table, bad_keys(stored, IMDB_FILES[table].key))
        unknown, rows = unknown_keys(settings.lake)
        share = max(unknown.values()) / max(rows, 1)
        yield check(
            "keys_found",
            PRINCIPALS,
            []
            if share <= UNKNOWN_KEYS_SHARE
            else [f"{share:.2%} of the credits have a key that no other file has; download all files again"],
            unknown=MetadataValue.json(unknown),
            share=share,
        )
        yield check("every_film_findable", FILM_TITLES.name, films_without_name(settings.lake))
        by_reason = [
            f"{table}: {number} × {reason}"
            for table, report in reports.items()
            for reason, number in report.reasons.items()
        ]
        yield check("no_line_set_aside", QUARANTINE.name, by_reason, warn=True)

    return [imdb]


def bad_keys(files: list[Path], columns: tuple[str, ...]) -> list[str]:
    """Keys that are null or stand twice, or out of order. Files and rows are in the order of the key."""
    bad: list[str] = []
    last: tuple[Any, ...] | None = None
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(columns=list(columns), batch_size=1 << 17):
            if not batch.num_rows:
                continue
            if any(column.null_count for column in batch.columns):
                bad.append(f"{file.name}: null in {', '.join(columns)}")
                continue
            rises = pc.greater(batch.column(0).slice(1), batch.column(0).slice(0, batch.num_rows - 1))
            for place in range(1, len(columns)):
                before = [(column.slice(1), column.slice(0, batch.num_rows - 1)) for column in batch.columns[:place]]
                same = pc.equal(*before[0])
                for pair in before[1:]:
                    same = pc.and_(same, pc.equal(*pair))
                own = batch.column(place)
                rises = pc.or_(rises, pc.and_(same, pc.greater(own.slice(1), own.slice(0, batch.num_rows - 1))))
            bad += [str(tuple(row.values())) for row in batch.slice(1).filter(pc.invert(rises)).to_pylist()]
            first = tuple(column[0].as_py() for column in batch.columns)
            if last is not None and first <= last:
                bad.append(str(first))
            last = tuple(column[batch.num_rows - 1].as_py() for column in batch.columns)
    return bad


def unknown_keys(lake: Path) -> tuple[dict[str, int], int]:
    """Credits whose title, or whose person, no other table has; and the number of credits."""
    # The number in a key stands for it: an eighth of the memory of texts.
    counts = {
        "titles": ("tconst", "imdb/title_basics"),
        "people": ("nconst", "imdb/name_basics"),
    }
    unknown = {}
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(lake / ".staging" / "spill")}) as db:
        for what, (key, table) in counts.items():
            row = db.execute(
                f"SELECT count(*) FROM (SELECT substr({key}, 3)::BIGINT AS key FROM read_parquet($credits)) AS credits "
                f"ANTI JOIN (SELECT substr({key}, 3)::BIGINT AS key FROM read_parquet($known)) AS known USING (key)",
                {"credits": _files(lake, PRINCIPALS), "known": _files(lake, table)},
            ).fetchone()
            unknown[what] = int(row[0]) if row else 0
    return unknown, sum(pq.read_metadata(file).num_rows for file in _files(lake, PRINCIPALS))


def films_without_name(lake: Path) -> list[str]:
    """The index of film titles must hold something where there are titles at all."""
    named = sum(pq.read_metadata(file).num_rows for file in _files(lake, FILM_TITLES.name))
    return [] if named else ["no title of IMDB's is a film; is this the whole of title.basics?"]


def _files(lake: Path, table: str) -> list[str]:
    return [str(file) for file in parquet_files(table_folder(lake, table))]


def _output(table: str) -> str:
    return table.split("/")[-1]


def _file_version(file: Path) -> str:
    """Data version of a file: the same bytes leave what depends on them fresh."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
