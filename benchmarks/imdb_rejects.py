"""Compares our parser of IMDB's title.principals with DuckDB's `read_csv` and its reject tables.

    python -m benchmarks.imdb_files FOLDER --principals 2_000_000
    python -m benchmarks.imdb_rejects FOLDER/title.principals.tsv.gz

Both write typed Parquet sorted by key, without lines that do not fit and without repeated keys. Printed are seconds,
processor seconds and rows; then, for a small file with one fault of each kind, the lines that each reports.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from wios_assets.imdb.parse import parse_imdb

TABLE = "imdb/title_principals"
HEADER = b"tconst\tordering\tnconst\tcategory\tjob\tcharacters"
LINE = b"tt0000001\t%d\tnm0000001\tactor\t\\N\t%s"
FAULTS = {
    "too few columns": b"tt0000001\t2\tnm0000001",
    "too many columns": LINE % (3, b'["A"]') + b"\textra",
    "not a key": b"bad\t4\tnm0000001\tactor\t\\N\t\\N",
    "not UTF-8": LINE % (5, b'["\xff"]'),
    "empty line": b"",
    "not a number": b"tt0000001\tx\tnm0000001\tactor\t\\N\t\\N",
    "a number with a space": b"tt0000001\t 8\tnm0000001\tactor\t\\N\t\\N",
    "not JSON": LINE % (9, b"no list"),
    "missing key": b"tt0000001\t10\t\\N\tactor\t\\N\t\\N",
    "key on an earlier line": LINE % (1, b'["A"]'),
}
SOUND = LINE % (1, b'["A"]')

Faults = list[tuple[int | None, str]]


def wios(file: Path, folder: Path) -> tuple[int, Faults]:
    """Rows written, and line number and reason of each line set aside."""
    report = parse_imdb(file, TABLE, folder, allowed_share=1)
    rejected = pq.read_table(report.quarantine_file).sort_by("line").to_pylist()
    return report.rows, [(row["line"], row["reason"]) for row in rejected]


def reject_tables(file: Path, folder: Path) -> tuple[int, Faults]:
    """The same through DuckDB. Lines that fail a check in SQL have no line number: it is not known there."""
    folder.mkdir()
    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(folder)}) as db:
        db.execute(
            r"""
            CREATE TEMP TABLE lines AS SELECT row_number() OVER () AS number, * FROM read_csv(?, delim = '\t',
                quote = '', escape = '', header = true, nullstr = '\N', auto_detect = false, store_rejects = true,
                columns = {tconst: 'VARCHAR', ordering: 'INTEGER', nconst: 'VARCHAR', category: 'VARCHAR',
                    job: 'VARCHAR', characters: 'VARCHAR'})
            """,
            [str(file)],
        )
        rejected: Faults = db.execute(
            "SELECT line, any_value(error_type) FROM reject_errors GROUP BY line ORDER BY line"
        ).fetchall()
        db.execute(
            r"""
            CREATE TEMP TABLE checked AS SELECT *, CASE
                WHEN tconst IS NULL OR ordering IS NULL OR nconst IS NULL THEN 'is missing'
                WHEN NOT regexp_full_match(tconst, 'tt\d{7,10}') THEN 'is not a key of a title'
                WHEN NOT regexp_full_match(nconst, 'nm\d{7,10}') THEN 'is not a key of a person'
                WHEN characters IS NOT NULL AND try_cast(characters AS JSON) IS NULL THEN 'is not JSON'
                WHEN row_number() OVER (PARTITION BY tconst, ordering ORDER BY number) > 1 THEN 'is on an earlier line'
                END AS reason FROM lines
            """
        )
        rejected += [
            (None, reason)
            for (reason,) in db.execute(
                "SELECT reason FROM checked WHERE reason IS NOT NULL ORDER BY number"
            ).fetchall()
        ]
        target = folder / "part-00000.parquet"
        db.execute(
            f"""
            COPY (SELECT tconst, ordering, nconst, category, job, from_json(characters, '["VARCHAR"]') AS characters
                FROM checked WHERE reason IS NULL ORDER BY tconst, ordering)
            TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)
            """
        )
        return pq.read_metadata(target).num_rows, rejected


READERS: dict[str, Callable[[Path, Path], tuple[int, Faults]]] = {"WIOS": wios, "DuckDB": reject_tables}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="title.principals.tsv.gz")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, taking turns")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in range(chosen.runs):
            for reader, read in READERS.items():
                wall, processor = time.perf_counter(), time.process_time()
                rows, _ = read(chosen.file, folder / f"{reader}-{run}")
                wall, processor = time.perf_counter() - wall, time.process_time() - processor
                print(f"{reader}: {wall:.1f} s, {processor:.1f} s of processor, {rows:,} rows")
        small = folder / "faults.tsv"
        small.write_bytes(b"\n".join([HEADER, SOUND, *FAULTS.values()]) + b"\n")
        print("; ".join(f"line {number}: {fault}" for number, fault in enumerate(FAULTS, start=3)))
        for reader, read in READERS.items():
            print(f"{reader}: {read(small, folder / f'{reader}-faults')}")
        small.write_bytes(b"\n".join([HEADER, LINE % (1, b'["a\rb"]')]) + b"\n")
        for reader, read in READERS.items():
            try:
                print(f"{reader}, a carriage return in a value: {read(small, folder / f'{reader}-return')}")
            except duckdb.Error as error:
                print(f"{reader}, a carriage return in a value: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
