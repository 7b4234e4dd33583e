"""Measures loading IMDB's files into the lake, and look-ups in it, against other tools.

    python -m benchmarks.imdb_load --principals 10_000_000

Methods, each in a process of its own; time from its start to its end, memory of all its processes:

- wios: the four files into typed, sorted, checked Parquet and the index of film titles (`parse_folder`)
- graph: the same as the assets do it, through Dagster and the Spark I/O manager, checks included
- duckdb: DuckDB's `read_csv` of the same files straight into Parquet, types as it finds them, one after the other
- duckdb-typed: the same with lists and JSON parsed, as in the lake's tables
- pandas: chunks of 100,000 rows into SQLite through SQLAlchemy
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from benchmarks.imdb_files import write_files
from wios_assets.imdb.files import IMDB_FILES, find_file

WAYS = ("wios", "graph", "duckdb", "duckdb-typed", "pandas")


def wios(files: Path, out: Path) -> None:
    from wios_assets.imdb.load import parse_folder
    from wios_assets.imdb.lookup import FILM_TITLES, build_film_titles

    reports = parse_folder(files, out / "staging")
    basics = reports["imdb/title_basics"].parquet_files
    build_film_titles(basics, out / "staging" / FILM_TITLES)
    for table in (*reports, FILM_TITLES):
        (out / table).parent.mkdir(exist_ok=True)
        (out / "staging" / table / "rows").replace(out / table)


def graph(files: Path, out: Path) -> None:
    os.environ["DAGSTER_HOME"] = ""
    from wios_assets.runs.launch import dagster_instance, run_job
    from wios_assets.settings import load_settings

    settings = load_settings(data=out, imdb=files, lake=out / "lake")
    with dagster_instance(settings) as instance:
        run_job(settings, instance, "imdb_refresh")


def duckdb(files: Path, out: Path) -> None:
    _duckdb_copy(files, out, dict.fromkeys(IMDB_FILES, "*"))


def duckdb_typed(files: Path, out: Path) -> None:
    comma = "string_split({0}, ',') AS {0}"
    _duckdb_copy(
        files,
        out,
        {
            "imdb/title_basics": f"* REPLACE ({comma.format('genres')}, isAdult = 1 AS isAdult)",
            "imdb/title_principals": "* REPLACE (from_json(characters, '[\"VARCHAR\"]') AS characters)",
            "imdb/title_crew": f"* REPLACE ({comma.format('directors')}, {comma.format('writers')})",
            "imdb/name_basics": f"* REPLACE ({comma.format('primaryProfession')}, {comma.format('knownForTitles')})",
        },
    )


def _duckdb_copy(files: Path, out: Path, columns: dict[str, str]) -> None:
    import duckdb as engine

    with engine.connect() as db:
        for table, chosen in columns.items():
            target = out / f"{IMDB_FILES[table].stem}.parquet"
            db.execute(
                f"COPY (SELECT {chosen} FROM read_csv('{find_file(files, table)}', delim='\t', quote='', escape='', "
                f"header=true, nullstr='\\N')) TO '{target}' (FORMAT parquet)"
            )


def pandas(files: Path, out: Path) -> None:
    import csv

    import pandas as frames
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"sqlite:///{out / 'imdb.db'}")
    for table, spec in IMDB_FILES.items():
        chunks = frames.read_csv(
            find_file(files, table),
            sep="\t",
            quoting=csv.QUOTE_NONE,
            na_values="\\N",
            chunksize=100_000,
            low_memory=False,
        )
        for chunk in chunks:
            chunk.to_sql(spec.stem.replace(".", "_"), engine, if_exists="append", index=False)


def measure(way: str, files: Path, out: Path) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak memory in GiB of one way in its own process."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.imdb_load", "--one", way, str(files), str(out)]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE)
    watched = psutil.Process(process.pid)
    peak, processor = 0.0, 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak, processor
        while not done.wait(0.05):
            tree = []
            try:
                tree = [watched, *watched.children(recursive=True)]
                peak = max(peak, sum(one.memory_info().rss for one in tree) / 2**30)
                processor = max(processor, sum(sum(one.cpu_times()[:2]) for one in tree))
            except psutil.Error:
                continue

    thread = threading.Thread(target=watch)
    thread.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - began
    done.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"{way} failed: {output.decode()}")
    return seconds, processor, peak


def look_ups(lake: Path, times: int = 30) -> dict[str, list[float]]:
    """Milliseconds of look-ups in `lake`, each of another title."""
    import duckdb as engine

    from wios_assets.imdb.casts import cast_of_title
    from wios_assets.imdb.lookup import ImdbLookup
    from wios_assets.imdb.matching import match_title

    films = engine.execute(
        f"SELECT tconst, primary_title, start_year FROM read_parquet('{lake}/imdb/title_basics/*.parquet') "
        f"WHERE title_type = 'movie' AND start_year IS NOT NULL ORDER BY hash(tconst) LIMIT {times}"
    ).fetchall()
    taken: dict[str, list[float]] = {}

    def clock(what: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        taken.setdefault(what, []).append(time.perf_counter() - began)

    for tconst, title, year in films:
        clock("open", lambda: ImdbLookup(lake).close())
        with ImdbLookup(lake) as lookup:
            clock("match by name and year", partial(match_title, [f"{title} ({year})"], None, None, lookup))
            clock("match by name", partial(match_title, [title], None, 5400.0, lookup))
            clock("cast by tconst", partial(cast_of_title, lookup, tconst))
    return {what: [1000 * second for second in seconds] for what, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--principals", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["wios", "graph", "duckdb", "pandas"])
    parser.add_argument("--runs", type=int, default=1, help="the median of so many runs, the ways taking turns")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "wios-imdb")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "FILES", "OUT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        way, files, out = chosen.one
        {"wios": wios, "graph": graph, "duckdb": duckdb, "duckdb-typed": duckdb_typed, "pandas": pandas}[way](
            Path(files), Path(out)
        )
        return
    files = chosen.folder / f"files-{chosen.principals}"
    if not files.is_dir():
        write_files(files, chosen.principals)
    packed = sum(file.stat().st_size for file in files.iterdir())
    print(f"{chosen.principals:,} principals, {packed / 1e6:.0f} MB packed, {os.cpu_count()} cores")
    taken: dict[str, list[tuple[float, float, float]]] = {way: [] for way in chosen.ways}
    measure("duckdb", files, chosen.folder / "duckdb")  # so that every way finds the files in the system's cache
    for _ in range(chosen.runs):
        for way in chosen.ways:
            taken[way].append(measure(way, files, chosen.folder / way))
    middle = {way: statistics.median(seconds for seconds, _, _ in runs) for way, runs in taken.items()}
    for way in ("wios", "graph"):
        for other in ("duckdb", "pandas"):
            if way in middle and other in middle:
                share = middle[way] / middle[other]
                print(f"{way}: {share:.2f} × the time of {other}, {1 / share:.1f} × as fast")
    for way, runs in taken.items():
        seconds, processor, peak = (statistics.median(values) for values in zip(*runs, strict=True))
        disk = sum(file.stat().st_size for file in (chosen.folder / way).rglob("*") if file.is_file())
        print(f"{way:13}{seconds:8.1f} s {processor:8.1f} s of processor {peak:6.2f} GiB {disk / 1e6:8.0f} MB on disk")
    for way in ("wios", "graph"):
        lake = chosen.folder / way / ("lake" if way == "graph" else "")
        if way in taken:
            for what, times in look_ups(lake).items():
                high = sorted(times)[int(0.95 * len(times))]
                print(f"{way}, {what}: median {statistics.median(times):.1f} ms, 95 % under {high:.1f} ms")
    (chosen.folder / f"figures-{chosen.principals}.json").write_text(json.dumps(taken, indent=1))


if __name__ == "__main__":
    main()
