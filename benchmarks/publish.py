"""Publishes a generated library to a real database server, and loads the same rows by the server's own means.

    python -m benchmarks.publish [--server postgresql|mariadb] [--films 2000] [--appearances 4000] [--own 2000]
                                 [--work FOLDER]

The server is started on a socket of its own, with durable commits. Its own means are `COPY … FROM file` and
`LOAD DATA INFILE`: files on the server's disk, a table at a time, one transaction each, into a database with the same
tables, keys and indexes; `--own` is the number of films whose rows are loaded so. Publishing covers everything: reading
Parquet, a transaction a film, the versions. Afterwards one film is published again, and nothing. `--work` keeps the
generated lake.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from benchmarks.generated_library import film_key, make_film, make_library
from benchmarks.processor import processor
from wios_assets.publish.migration import Schema
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.schema import FILM_TABLES, WHOLE_TABLES
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.publish.servers import PASSWORD, RunningServer, running

OPTIONS = {
    "postgresql": ("-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB"),
    "mariadb": ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G", "--local-infile=1"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=sorted(OPTIONS), default="postgresql")
    parser.add_argument("--films", type=int, default=2000)
    parser.add_argument("--appearances", type=int, default=4000)
    parser.add_argument("--own", type=int, default=2000, help="films whose rows the server loads by its own means")
    parser.add_argument("--work", type=Path, help="folder for the lake, kept")
    chosen = parser.parse_args()
    print(f"{processor()}; {chosen.films} films × {chosen.appearances} appearances, {chosen.server}", flush=True)
    with ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (work / "lake").is_dir():
            started = time.monotonic()
            make_library(work / "lake", chosen.films, chosen.appearances)
            print(f"lake generated in {time.monotonic() - started:.0f} s", flush=True)
        server = stack.enter_context(running(chosen.server, *OPTIONS[chosen.server], durable=True))
        settings = _settings(work, server, "wios")
        seconds, rows = _publish(settings)
        print(f"published: {rows} rows in {seconds:.1f} s, {rows / seconds:.0f} rows/s", flush=True)
        make_film(work / "lake", 0, chosen.appearances, seed=int(time.time()))
        seconds, rows = _publish(settings)
        print(f"one film again: {rows} rows in {seconds:.2f} s", flush=True)
        print(f"nothing to publish: {_publish(settings)[0]:.2f} s", flush=True)
        own_seconds, own_rows = _load_by_own_means(server, work, chosen.own)
        print(f"the server's own loading: {own_rows} rows in {own_seconds:.1f} s, {own_rows / own_seconds:.0f} rows/s")


def _settings(work: Path, server: RunningServer, database: str) -> Settings:
    publish = {"address": server.address(database), "password": PASSWORD}
    return load_settings(data=work / "data", lake=work / "lake", publish=publish)


def _publish(settings: Settings) -> tuple[float, int]:
    started = time.monotonic()
    with open_publisher(settings) as publisher:
        summary = publisher.catch_up()
    assert not summary.problems, summary.problems[:3]
    return time.monotonic() - started, summary.rows


def _load_by_own_means(server: RunningServer, work: Path, films: int) -> tuple[float, int]:
    """Seconds and rows of loading the rows of so many films from files that the server wrote itself."""
    server.make_database("own")
    sql_server = open_server(_settings(work, server, "own"))
    assert sql_server is not None
    schema = Schema(sql_server)
    with sql_server.engine.begin() as connection:
        schema.metadata.create_all(connection)
    seconds, rows = 0.0, 0
    last = film_key(films - 1)
    for table in (*FILM_TABLES, *WHOLE_TABLES):
        by_film = "film" in schema.tables[table.name].c
        where = f" WHERE film <= '{last}'" if by_film else ""
        file = server.data / f"{table.name}.out"
        if server.kind == "postgresql":
            server.run(f"COPY (SELECT * FROM \"{table.name}\"{where}) TO '{file}';", "wios")
            load = f"COPY \"{table.name}\" FROM '{file}';"
        else:
            server.run(f"SELECT * FROM `{table.name}`{where} INTO OUTFILE '{file}' CHARACTER SET utf8mb4;", "wios")
            load = f"LOAD DATA INFILE '{file}' INTO TABLE `{table.name}` CHARACTER SET utf8mb4;"
        started = time.monotonic()
        server.run(load, "own")
        seconds += time.monotonic() - started
        file.unlink()
        with sql_server.connect() as connection:
            rows += int(connection.scalar(sa.select(sa.func.count()).select_from(schema.tables[table.name])) or 0)
    return seconds, rows


if __name__ == "__main__":
    main()
