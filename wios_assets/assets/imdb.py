"""IMDB's tables, typed, read from its files."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wios_assets.assets.imdb_rows import observed_rows
from wios_assets.assets.results import OFFENDERS, check
from wios_assets.assets.specs import check_spec, table_out
from wios_assets.errors import BadInput
from wios_assets.failures import one_line_failures
from wios_assets.imdb.download import download_imdb
from wios_assets.imdb.files import ALL_FILES, IMDB_FILES, OPTIONAL_FILES, TERMS, file_if_there
from wios_assets.imdb.load import parse_folder
from wios_assets.imdb.lookup import build_film_titles, build_series_episodes
from wios_assets.imdb.parse import ParseReport
from wios_assets.lake.paths import parquet_files, partition_keys
from wios_assets.lake.progress import LoadingProgress
from wios_assets.lake.store import StoredRows, staging_folder
from wios_assets.notation import format_percent
from wios_assets.settings import Settings
from wios_assets.tables import FILM, FILM_TITLES, QUARANTINE, SERIES_EPISODES, TITLE_AKAS, TITLE_EPISODE

TABLE_CHECKS = {
    "counts_add_up": "Each line of the file became a row or was set aside.",
    "keys_unique_and_not_null": "Each row has a key, and no two have the same.",
}
PRINCIPALS = "imdb/title_principals"
UNKNOWN_KEYS_SHARE = 0.01
"""Largest share of credits whose title or person may be missing; IMDB does not write its files at one moment."""
MEMORY = "1GB"


def _output(table: str) -> str:
    return table.split("/")[-1]


@dg.multi_asset(
    name="imdb",
    pool="imdb",
    outs={
        _output(table): table_out(table, "imdb", code_version="3", kinds={"parquet", "duckdb"})
        for table in (*ALL_FILES, FILM_TITLES.name, SERIES_EPISODES.name, QUARANTINE.name)
    },
    check_specs=[
        *(
            check_spec(name, table, description, blocking=True, by_film=False)
            for table in ALL_FILES
            for name, description in TABLE_CHECKS.items()
        ),
        check_spec(
            "keys_found",
            PRINCIPALS,
            f"At most {format_percent(UNKNOWN_KEYS_SHARE)} of the credits lack their title or their person.",
            blocking=True,
            by_film=False,
        ),
        check_spec(
            "every_film_findable",
            FILM_TITLES.name,
            "The index of film titles holds at least one title.",
            blocking=True,
            by_film=False,
        ),
        check_spec(
            "no_line_set_aside",
            QUARANTINE.name,
            "Every line of IMDB's files fits its table.",
            blocking=False,
            by_film=False,
        ),
    ],
)
@one_line_failures
def imdb(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    if settings.imdb_download:
        context.log.info(TERMS)
        with LoadingProgress(settings.lake) as note:
            also = [table for table in OPTIONAL_FILES if file_if_there(settings.imdb, table)]
            download_imdb(settings.imdb_load.address, settings.imdb, (*IMDB_FILES, *also), progress=note)
    started = time.monotonic()
    with staging_folder(settings.lake) as staging:
        with LoadingProgress(settings.lake) as note:
            reports = parse_folder(
                settings.imdb, staging, allowed_share=settings.imdb_load.quarantine_share, progress=note
            )
        seconds = time.monotonic() - started
        aside = staging / "aside"
        aside.mkdir()
        for table, report in reports.items():
            report.quarantine_file.replace(aside / f"{_output(table)}.parquet")
        with ThreadPoolExecutor(2) as pool:
            akas = reports[TITLE_AKAS.name]
            titles = pool.submit(
                build_film_titles, _basics(reports), staging / "titles", akas.parquet_files if akas.rows else ()
            )
            episodes = pool.submit(
                build_series_episodes, reports[TITLE_EPISODE.name].parquet_files, staging / "episodes"
            )
            checks = pool.submit(lambda: list(checks_of(reports, staging / "spill")))
        findings = [*checks.result(), films_have_names(titles.result())]
        series_episodes = episodes.result()
        versions = {table: _file_version(report.file) for table, report in reports.items()}
        # Checked before anything is stored: a load that fails leaves the tables as they were.
        yield from findings
        _refuse(settings.imdb, findings)
        for table, report in reports.items():
            context.log.info(f"{report.file}: {report.rows} rows, {report.quarantined} lines set aside")
            yield dg.Output(
                StoredRows(report.parquet_folder),
                output_name=_output(table),
                data_version=dg.DataVersion(versions[table]),
                metadata={
                    "file": dg.MetadataValue.path(report.file),
                    "lines": report.lines,
                    "lines set aside": report.quarantined,
                    "lines of titles not kept": report.passed_over,
                    "reasons": dg.MetadataValue.json(report.reasons),
                    "columns not used": dg.MetadataValue.json(list(report.extra_columns)),
                    "seconds to parse all files": seconds,
                },
            )
        yield dg.Output(
            StoredRows(titles.result()),
            output_name=_output(FILM_TITLES.name),
            data_version=dg.DataVersion(_hash(versions["imdb/title_basics"] + versions[TITLE_AKAS.name])),
        )
        yield dg.Output(
            StoredRows(series_episodes),
            output_name=_output(SERIES_EPISODES.name),
            data_version=dg.DataVersion(versions[TITLE_EPISODE.name]),
        )
        yield dg.Output(
            StoredRows(aside),
            output_name=_output(QUARANTINE.name),
            data_version=dg.DataVersion(_hash("".join(versions.values()))),
        )
    for observation in observed_rows(settings, partition_keys(settings.lake, FILM.name)):
        context.log_event(observation)


def bad_keys(files: list[Path], columns: tuple[str, ...]) -> list[str]:
    """Keys that are null, repeated or out of order. Files and rows are sorted by key."""
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
            for index in range(1, len(columns)):
                before = [(column.slice(1), column.slice(0, batch.num_rows - 1)) for column in batch.columns[:index]]
                same = pc.equal(*before[0])
                for pair in before[1:]:
                    same = pc.and_(same, pc.equal(*pair))
                own = batch.column(index)
                rises = pc.or_(rises, pc.and_(same, pc.greater(own.slice(1), own.slice(0, batch.num_rows - 1))))
            bad += [str(tuple(row.values())) for row in batch.slice(1).filter(pc.invert(rises)).to_pylist()]
            first = tuple(column[0].as_py() for column in batch.columns)
            if last is not None and first <= last:
                bad.append(str(first))
            last = tuple(column[batch.num_rows - 1].as_py() for column in batch.columns)
    return bad


def unknown_keys(reports: Mapping[str, ParseReport], spill: Path) -> dict[str, int]:
    """Numbers of credits whose title, and whose person, is in no other table.

    Args:
        spill: DuckDB's folder for what exceeds 1 GB of memory.
    """
    # The number in a key stands for it: an eighth of the memory of texts.
    counts = {
        "titles": ("tconst", "imdb/title_basics"),
        "people": ("nconst", "imdb/name_basics"),
    }
    unknown = {}
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(spill)}) as db:
        for what, (key, table) in counts.items():
            row = db.execute(
                f"SELECT count(*) FROM (SELECT substr({key}, 3)::BIGINT AS key FROM read_parquet($credits)) AS credits "
                f"ANTI JOIN (SELECT substr({key}, 3)::BIGINT AS key FROM read_parquet($known)) AS known USING (key)",
                {
                    "credits": [str(file) for file in reports[PRINCIPALS].parquet_files],
                    "known": [str(file) for file in reports[table].parquet_files],
                },
            ).fetchone()
            unknown[what] = int(row[0]) if row else 0
    return unknown


def checks_of(reports: Mapping[str, ParseReport], spill: Path) -> Iterator[dg.AssetCheckResult]:
    """Results of the checks on the written tables, which are read again from their files."""
    for table, report in reports.items():
        count = _rows(report.parquet_files)
        lost = report.lines - count - report.quarantined - report.passed_over
        yield check("counts_add_up", table, [f"{lost} lines"] if lost else [], lines=report.lines, rows=count)
        yield check("keys_unique_and_not_null", table, bad_keys(list(report.parquet_files), ALL_FILES[table].key))
    unknown = unknown_keys(reports, spill)
    share = max(unknown.values()) / max(reports[PRINCIPALS].rows, 1)
    problem = (
        f"{unknown['titles']} credits of a title that title.basics lacks, {unknown['people']} of a person that "
        f"name.basics lacks, {format_percent(share, 2)} where {format_percent(UNKNOWN_KEYS_SHARE)} may be; the four "
        "files belong together, take all of them whole and of one day"
    )
    yield check(
        "keys_found",
        PRINCIPALS,
        [problem] if share > UNKNOWN_KEYS_SHARE else [],
        unknown=dg.MetadataValue.json(unknown),
        share=share,
    )
    reasons = [
        f"{table}: {number} × {reason}" for table, own in reports.items() for reason, number in own.reasons.items()
    ]
    yield check("no_line_set_aside", QUARANTINE.name, reasons, warn=True)


def films_have_names(titles: Path) -> dg.AssetCheckResult:
    """Result of the check that the index of film titles is not empty."""
    problem = "no title of IMDB's is a film; is this the whole of title.basics?"
    return check("every_film_findable", FILM_TITLES.name, [] if _rows(parquet_files(titles)) else [problem])


def _refuse(folder: Path, findings: Iterable[dg.AssetCheckResult]) -> None:
    for result in findings:
        if not result.passed and result.severity == dg.AssetCheckSeverity.ERROR and result.asset_key is not None:
            offenders = "; ".join(map(str, result.metadata[OFFENDERS].value or ()))  # type: ignore[arg-type]  # `check` put a list there
            check_name = f"{result.asset_key.to_user_string()}: {result.check_name}"
            raise BadInput(f"{folder}: {check_name}: {offenders}; the tables stay as they were")


def _basics(reports: Mapping[str, ParseReport]) -> Sequence[Path]:
    return reports["imdb/title_basics"].parquet_files


def _rows(files: Iterable[Path]) -> int:
    return sum(pq.read_metadata(file).num_rows for file in files)


def _file_version(file: Path) -> str:
    """Data version of a file: the same bytes leave what depends on them fresh. An optional file may be absent."""
    if not file.is_file():
        return _hash("")
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
