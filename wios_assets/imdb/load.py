"""Parses all of IMDB's files, as typed Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wios_assets.imdb.files import IMDB_FILES, find_file
from wios_assets.imdb.parse import ALLOWED_SHARE, ParseReport, parse_imdb

_AT_ONCE = 2


def parse_folder(
    folder: Path,
    staging: Path,
    tables: Iterable[str] = tuple(IMDB_FILES),
    allowed_share: float = ALLOWED_SHARE,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, ParseReport]:
    """Parse the files of `folder`, two at a time, into `staging`/<table>.

    Decompression takes one core per file, so two files occupy two cores; more would only need more memory.

    Args:
        progress: called from two threads, with the table, bytes read and total bytes.

    Raises:
        WiosError: a file is missing or refused, see `parse_imdb`; the others may have been parsed.
    """
    files = {table: find_file(folder, table) for table in tables}
    largest_first = sorted(files, key=lambda table: -files[table].stat().st_size)

    def parse(table: str) -> ParseReport:
        def report(done: int, size: int) -> None:
            if progress is not None:
                progress(table, done, size)

        return parse_imdb(files[table], table, staging / table, allowed_share, report)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reports = dict(zip(largest_first, pool.map(parse, largest_first), strict=True))
    return {table: reports[table] for table in files}
