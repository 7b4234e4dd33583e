"""Builds the tables over all films of a generated library, and DuckDB doing the same; then an update by one film.

    python -m benchmarks.refined [--films 2000] [--appearances 4000] [--ways wios,duckdb] [--work FOLDER]

`wios` is the job `refined_tables` with its asset checks and outliers, on Spark's `local[2]`, in a process of its own:
start, versions of all films and Dagster's events included. `duckdb` is a script of SQL with the same results, as
somebody would write it: two threads, a new file for each table; an update by one film reads that film and the stored
rows of the others. Times are of one run each; memory is that of all processes together. The rows of both are compared.
`--work` keeps the lake, which is made where it is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import duckdb

from benchmarks.generated_library import film_key, make_film, make_library
from benchmarks.processes import Cost, counted
from benchmarks.processor import processor
from wios_assets.lake.paths import table_folder
from wios_assets.refined_tables import (
    ACTOR_SCREEN_TIME,
    CHARACTER_PRESENCE,
    CO_APPEARANCES,
    FILM_PAIRS,
    FILM_STATISTICS,
)

TABLES = (ACTOR_SCREEN_TIME, CHARACTER_PRESENCE, FILM_PAIRS, FILM_STATISTICS, CO_APPEARANCES)
_SUMMED = {"film_statistics": "samples"}
_PAUSE_S = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=2000)
    parser.add_argument("--appearances", type=int, default=4000)
    parser.add_argument("--ways", default="wios,duckdb")
    parser.add_argument("--work", type=Path, help="folder for the lake and the results, kept")
    parser.add_argument("--run", choices=["wios", "duckdb"], help=argparse.SUPPRESS)
    parser.add_argument("--film", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run is not None:
        _run(chosen.run, chosen.work, chosen.film)
        return
    print(f"{processor()}; {chosen.films} films × {chosen.appearances} appearances", flush=True)
    with ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (work / "lake").is_dir():
            make_library(work / "lake", chosen.films, chosen.appearances)
        print("| way | step | seconds | processor seconds | peak memory, MiB |\n| --- | --- | --- | --- | --- |")
        for way in chosen.ways.split(","):
            shutil.rmtree(_results(work, way), ignore_errors=True)
            _show(way, "full build", _cost(way, work, None))
            # Another film each time, so that both ways start from the same lake.
            make_film(work / "lake", 0, chosen.appearances, seed=int(time.time()))
            _show(way, "update by one film", _cost(way, work, film_key(0)))
        if len(chosen.ways.split(",")) > 1:
            # The film that was changed for the second way is read again by the first.
            _cost(chosen.ways.split(",")[0], work, film_key(0))
        if all(_results(work, way).is_dir() for way in ("wios", "duckdb")):
            _compare(work)


def _show(way: str, step: str, cost: Cost) -> None:
    print(
        f"| {way} | {step} | {cost.seconds:.1f} | {cost.processor_s or 0:.1f} | {cost.peak_mib or 0:.0f} |", flush=True
    )


def _cost(way: str, work: Path, film: str | None) -> Cost:
    command = [sys.executable, "-m", "benchmarks.refined", "--run", way, "--work", str(work)]
    return counted([*command, *(["--film", film] if film else [])], Path.cwd(), {**os.environ, "DAGSTER_HOME": ""})


def _results(work: Path, way: str) -> Path:
    return table_folder(work / "lake", "refined") if way == "wios" else work / "duckdb"


def _run(way: str, work: Path, film: str | None) -> None:
    if way == "duckdb":
        with closing(duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})) as connection:
            _duckdb(connection, work, film)
        return
    import dagster as dg

    from wios_assets.definitions import build_definitions
    from wios_assets.settings import load_settings

    settings = load_settings(data=work / "data", lake=work / "lake", spark_master="local[2]")
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(settings).resolve_job_def("refined_tables")
        assert job.execute_in_process(instance=instance).success


def _duckdb(connection: duckdb.DuckDBPyConnection, work: Path, film: str | None) -> None:
    """Write the five tables to `work/duckdb`; with a film, its rows anew and the others' as they are stored."""
    target = work / "duckdb"
    target.mkdir(exist_ok=True)

    def source(table: str) -> str:
        folder = f"film={film}" if film is not None else "film=*"
        return f"read_parquet('{work}/lake/{table}/{folder}/*.parquet', hive_partitioning = true)"

    for table in ("film", "shots", "frame_samples", "face_tracks", "track_names", "appearances", "screen_time"):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {source(table)}")
    cast = "(SELECT film, actor, start_s, end_s FROM appearances WHERE kind = 'cast')"
    connection.execute(f"CREATE TEMP TABLE spans AS {_joined(cast, 'film, actor', 0)}")
    connection.execute(
        """
        CREATE TEMP TABLE together AS
        WITH buckets AS (
            SELECT *, unnest(range(floor(start_s / 60)::INTEGER, floor(end_s / 60)::INTEGER + 1)) AS bucket FROM spans
        )
        SELECT a.film, a.actor, b.actor AS other, greatest(a.start_s, b.start_s) AS start_s,
            least(a.end_s, b.end_s) AS end_s
        FROM buckets a JOIN buckets b ON a.film = b.film AND a.bucket = b.bucket
        WHERE a.actor < b.actor AND a.start_s < b.end_s AND b.start_s < a.end_s
            AND floor(greatest(a.start_s, b.start_s) / 60) = a.bucket
        """
    )
    pair = "film, actor, other"
    queries = {
        "actor_screen_time": f"""
            SELECT actor, nconst, year, film, title, character, seconds, share,
                row_number() OVER (PARTITION BY film ORDER BY rank, actor) AS rank, first_minute, last_minute,
                coalesce(scenes, 0) AS scenes
            FROM screen_time JOIN (SELECT film, title, year FROM film) USING (film)
            LEFT JOIN (SELECT film, actor, count(*) AS scenes FROM ({_joined(cast, "film, actor", _PAUSE_S)})
                       GROUP BY ALL) USING (film, actor)
            WHERE kind = 'cast'
        """,
        "character_presence": """
            WITH tenths AS (
                SELECT film, actor, start_s, end_s, duration_s / 10 AS tenth_s, unnest(range(
                    least(9, floor(start_s / (duration_s / 10)))::INTEGER,
                    least(9, floor(end_s / (duration_s / 10)))::INTEGER + 1)) AS tenth
                FROM spans JOIN (SELECT film, duration_s FROM film) USING (film)
            ), seconds AS (
                SELECT film, tenth, actor, tenth_s,
                    sum(least(end_s, (tenth + 1) * tenth_s) - greatest(start_s, tenth * tenth_s)) AS seconds
                FROM tenths WHERE least(end_s, (tenth + 1) * tenth_s) > greatest(start_s, tenth * tenth_s) GROUP BY ALL
            )
            SELECT film, tenth, actor, nconst, character, seconds.seconds, least(1, seconds.seconds / tenth_s) AS share
            FROM seconds LEFT JOIN (SELECT film, actor, nconst, character FROM screen_time WHERE kind = 'cast')
                USING (film, actor)
        """,
        "film_pairs": f"""
            SELECT film, year, actor, p.nconst, other, o.nconst AS other_nconst, seconds, scenes, first_s
            FROM (SELECT {pair}, sum(end_s - start_s) AS seconds, min(start_s) AS first_s FROM together GROUP BY ALL)
            JOIN (SELECT {pair}, count(*) AS scenes FROM ({_joined("together", pair, _PAUSE_S)}) GROUP BY ALL)
                USING ({pair})
            LEFT JOIN (SELECT film, actor, nconst FROM screen_time WHERE kind = 'cast') p USING (film, actor)
            LEFT JOIN (SELECT film, actor AS other, nconst FROM screen_time WHERE kind = 'cast') o USING (film, other)
            JOIN (SELECT film, year FROM film) USING (film)
        """,
        "film_statistics": """
            SELECT film, title, year, duration_s, people, unknown_people, mean_probability, shots, samples,
                faces_per_sample, unreadable_share, named_share, unknown_share, weak_share, model_hash,
                greatest(shots - 1, 0) / (duration_s / 60) AS cuts_per_minute
            FROM film
            LEFT JOIN (SELECT film, count(DISTINCT actor) FILTER (kind = 'cast') AS people,
                    count(DISTINCT actor) FILTER (kind = 'unknown') AS unknown_people,
                    sum(probability * (end_s - start_s)) FILTER (kind = 'cast')
                        / sum(end_s - start_s) FILTER (kind = 'cast') AS mean_probability
                FROM appearances GROUP BY film) USING (film)
            LEFT JOIN (SELECT film, count(*) AS shots FROM shots GROUP BY film) USING (film)
            LEFT JOIN (SELECT film, count(*) AS samples, avg(faces) AS faces_per_sample,
                    avg((outcome = 'unreadable')::INTEGER) AS unreadable_share
                FROM frame_samples GROUP BY film) USING (film)
            LEFT JOIN (SELECT film,
                    sum(end_s - start_s) FILTER (decision = 'named') / sum(end_s - start_s) AS named_share,
                    sum(end_s - start_s) FILTER (decision = 'unknown') / sum(end_s - start_s) AS unknown_share,
                    sum(end_s - start_s) FILTER (decision = 'weak') / sum(end_s - start_s) AS weak_share,
                    max(model_hash) AS model_hash
                FROM face_tracks JOIN (SELECT film, track, decision, model_hash FROM track_names) USING (film, track)
                GROUP BY film) USING (film)
        """,
    }
    for table, query in queries.items():
        if film is not None:
            query = f"SELECT * FROM '{target}/{table}.parquet' WHERE film <> '{film}' UNION ALL BY NAME ({query})"
        _store(connection, query, target / f"{table}.parquet")
    _store(
        connection,
        f"""
        WITH keyed AS (
            SELECT *, coalesce(nconst, actor) AS key, coalesce(other_nconst, other) AS other_key
            FROM '{target}/film_pairs.parquet'
        ), ordered AS (
            SELECT film, year, seconds, scenes, first_s,
                least(key, other_key) AS first, greatest(key, other_key) AS second,
                if(key > other_key, other, actor) AS actor, if(key > other_key, other_nconst, nconst) AS nconst,
                if(key > other_key, actor, other) AS other, if(key > other_key, nconst, other_nconst) AS other_nconst
            FROM keyed WHERE key <> other_key
        )
        SELECT max_by(actor, seconds) AS actor, max_by(nconst, seconds) AS nconst, max_by(other, seconds) AS other,
            max_by(other_nconst, seconds) AS other_nconst, sum(seconds) AS seconds, sum(scenes) AS scenes,
            count(DISTINCT film) AS films, min_by(film, (year IS NULL, year, film)) AS first_film,
            min_by(first_s, (year IS NULL, year, film)) AS first_s
        FROM ordered GROUP BY first, second
        """,
        target / "co_appearances.parquet",
    )


def _joined(rows: str, keys: str, gap_s: float) -> str:
    """Query for the intervals of each key, those joined that are at most `gap_s` seconds apart."""
    window = f"(PARTITION BY {keys} ORDER BY start_s, end_s"
    return f"""
        SELECT {keys}, min(start_s) AS start_s, max(end_s) AS end_s FROM (
            SELECT *, sum(begins) OVER {window} ROWS UNBOUNDED PRECEDING) AS number FROM (
                SELECT {keys}, start_s, end_s, coalesce((start_s > {gap_s} + max(end_s) OVER
                    {window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))::INTEGER, 1) AS begins FROM {rows}
            )
        ) GROUP BY {keys}, number
    """


def _store(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    new = file.with_suffix(".new")
    connection.execute(f"COPY ({query}) TO '{new}' (FORMAT parquet, COMPRESSION zstd)")
    new.replace(file)


def _compare(work: Path) -> None:
    """Print rows and sums of each table by both ways; ends with 1 where they differ."""
    equal = True
    with closing(duckdb.connect()) as connection:
        for table in TABLES:
            name = table.name.rpartition("/")[2]
            column = _SUMMED.get(name, "seconds")
            found = []
            for files in (f"{_results(work, 'wios')}/{name}/*.parquet", f"{work}/duckdb/{name}.parquet"):
                query = f"SELECT count(*), round(sum({column}), 2) FROM read_parquet('{files}')"
                (row,) = connection.execute(query).fetchall()
                found.append(row)
            equal &= found[0] == found[1]
            print(f"{name}: {found[0][0]} rows, sum {found[0][1]}; {'the same' if found[0] == found[1] else found[1]}")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
