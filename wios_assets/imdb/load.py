"""Parses all of IMDB's files, as typed Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np

from wios_assets.imdb.files import ALL_FILES, OPTIONAL_FILES, file_if_there, find_file
from wios_assets.imdb.lookup import FILM_TYPES, SERIES_TYPES
from wios_assets.imdb.parse import ALLOWED_SHARE, ParseReport, no_lines, parse_imdb
from wios_assets.tables import TITLE_BASICS

_AT_ONCE = 2


def parse_folder(
    folder: Path,
    staging: Path,
    tables: Iterable[str] = tuple(ALL_FILES),
    allowed_share: float = ALLOWED_SHARE,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, ParseReport]:
    """Parse the files of `folder`, two at a time, into `staging`/<table>.

    Decompression takes one core per file, so two files occupy two cores; more would only need more memory. An optional
    file that is not there gives a table without rows.

    Args:
        tables: among them `imdb/title_basics`, where one of them keeps the titles of films only.
        progress: called from two threads, with the table, bytes read and total bytes.

    Raises:
        WiosError: a file is missing or refused, see `parse_imdb`; the others may have been parsed.
    """
    wanted = list(tables)
    files = {table: find_file(folder, table) for table in wanted if table not in OPTIONAL_FILES}
    files |= {table: file for table in wanted if table in OPTIONAL_FILES and (file := file_if_there(folder, table))}
    absent = {table: no_lines(folder, table, staging / table) for table in wanted if table not in files}
    largest_first = sorted(files, key=lambda table: -files[table].stat().st_size)

    def parse(table: str, kept_titles: np.ndarray | None = None) -> ParseReport:
        def report(done: int, size: int) -> None:
            if progress is not None:
                progress(table, done, size)

        return parse_imdb(files[table], table, staging / table, allowed_share, report, kept_titles)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parsed: dict[str, Future[ParseReport]] = {
            table: pool.submit(parse, table) for table in largest_first if not ALL_FILES[table].films_only
        }
        for table in largest_first:
            if ALL_FILES[table].films_only:
                titles = _films_and_series(parsed[TITLE_BASICS.name].result().parquet_files)
                parsed[table] = pool.submit(parse, table, titles)
        reports = {**absent, **{table: future.result() for table, future in parsed.items()}}
    return {table: reports[table] for table in wanted}


def _films_and_series(basics: Sequence[Path]) -> np.ndarray:
    """Numbers of the tconsts of films and series, int64, ascending."""
    sql = (
        "SELECT substr(tconst, 3)::BIGINT AS number FROM read_parquet(?) "
        f"WHERE title_type IN {(*FILM_TYPES, *SERIES_TYPES)} ORDER BY number"
    )
    with duckdb.connect(config={"memory_limit": "1GB"}) as db:
        return np.asarray(db.execute(sql, [[str(file) for file in basics]]).fetchnumpy()["number"], dtype=np.int64)
