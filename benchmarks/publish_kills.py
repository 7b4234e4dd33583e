"""Kills a publisher at random moments, and looks each time whether the server holds each film whole or not at all.

    python -m benchmarks.publish_kills [--server postgresql|mariadb] [--kills 20] [--films 60] [--appearances 1000]
                                       [--seed 1]

Before each kill some films get other rows, one leaves the lake and one comes back, so that films are added, replaced
and removed. After each kill every film on the server must have exactly the rows of one state of the lake that there
was, in all of its tables; after the last run the server must equal the lake, value by value. Ends with 1 where it does
not. A publisher that ends before its kill does not count, and tells until when the next kills are drawn.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.generated_library import film_key, make_film
from benchmarks.publish import OPTIONS
from wios_assets.lake.paths import partition_folder
from wios_assets.publish.migration import Schema
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.schema import FILM_TABLES, PublishedTable
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.publish.compared import differing_tables
from wios_assets_tests.publish.servers import PASSWORD, running

PUBLISHER = """
from wios_assets.publish.publisher import open_publisher
from wios_assets.settings import load_settings
with open_publisher(load_settings()) as publisher:
    print("open", flush=True)
    publisher.catch_up()
"""
FIRST_LONGEST_S = 1.0
"""Seconds within which the first kill is drawn."""
GROWTH = 1.1
"""How much later the latest kill is drawn after one that hit a running publisher."""
State = tuple[tuple[int, float | None], ...]
"""Rows and the sum of one column, for each table of a film."""
SUMMED = {"appearances": "end_s", "minute_appearances": "seconds", "screen_time": "seconds"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=sorted(OPTIONS), default="postgresql")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--appearances", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    with (
        tempfile.TemporaryDirectory() as work,
        running(chosen.server, *OPTIONS[chosen.server], durable=True) as server,
    ):
        publish = {"address": server.address(), "password": PASSWORD}
        settings = load_settings(data=Path(work) / "data", publish=publish)
        for number in range(chosen.films):
            make_film(settings.lake, number, chosen.appearances, seed=number)
        states: dict[str, set[State]] = defaultdict(set)
        lacking, faults, hits, longest_s = chosen.films - 1, 0, 0, FIRST_LONGEST_S
        while hits < chosen.kills:
            for number in rng.sample(range(chosen.films), chosen.films // 3):
                make_film(settings.lake, number, chosen.appearances, seed=rng.randrange(10**6))
            _take_out(settings, lacking := rng.randrange(chosen.films))
            for number in range(chosen.films):
                if number != lacking and not partition_folder(settings.lake, "film", film_key(number)).is_dir():
                    make_film(settings.lake, number, chosen.appearances, seed=number)
            _note_states(settings, states)
            pause = rng.uniform(0, longest_s)
            ended_s = _kill_after(settings, pause)
            broken, present = _broken_films(settings, states)
            faults += len(broken)
            hits += ended_s is None
            longest_s = longest_s * GROWTH if ended_s is None else ended_s
            done = f"kill {hits}: after {pause:.2f} s" if ended_s is None else f"had ended after {ended_s:.2f} s"
            print(f"{done}; {present} films, broken: {broken or 'none'}", flush=True)
        with open_publisher(settings) as publisher:
            publisher.catch_up()
        differing = differing_tables(settings)
        print(f"{hits} kills of a running publisher; films broken: {faults}")
        print(f"tables that differ from the lake after the next run: {differing or 'none'}")
        sys.exit(1 if faults or differing else 0)


def _take_out(settings: Settings, number: int) -> None:
    for table in FILM_TABLES:
        shutil.rmtree(partition_folder(settings.lake, table.table.name, film_key(number)), ignore_errors=True)


def _note_states(settings: Settings, states: dict[str, set[State]]) -> None:
    """Add the present state of each film in the lake."""
    from wios_assets.lake.store import read_rows

    by_table = {
        each.name: _sums(settings, each, read_rows(settings.lake, each.table).to_pandas()) for each in FILM_TABLES
    }
    for film in by_table["film"]:
        states[film].add(tuple(by_table[each.name].get(film, (0, None)) for each in FILM_TABLES))


def _sums(settings: Settings, table: PublishedTable, rows: object) -> dict[str, tuple[int, float | None]]:
    import pandas as pd

    assert isinstance(rows, pd.DataFrame)
    column = SUMMED.get(table.name)
    return {
        str(film): (len(own), round(float(own[column].sum()), 3) if column else None)
        for film, own in rows.groupby("film")
    }


def _kill_after(settings: Settings, pause: float) -> float | None:
    """Kill a publisher so many seconds after its connection is open; returns when it ended where that was before."""
    environment = {
        **os.environ,
        "WIOS_DATA": str(settings.data),
        "WIOS_PUBLISH__ADDRESS": settings.publish.address,
        "WIOS_PUBLISH__PASSWORD": PASSWORD,
    }
    process = subprocess.Popen([sys.executable, "-c", PUBLISHER], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    process.stdout.readline()
    opened = time.monotonic()
    ended_s = None
    try:
        process.wait(pause)
        ended_s = time.monotonic() - opened
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    process.stdout.close()
    return ended_s


def _broken_films(settings: Settings, states: dict[str, set[State]]) -> tuple[list[str], int]:
    """Films on the server whose rows are of no state of the lake, and the number of films there."""
    import pandas as pd

    server = open_server(settings)
    assert server is not None
    by_table = {}
    with server.connect() as connection:
        schema = Schema(server)
        for each in FILM_TABLES:
            columns = ["film", *([SUMMED[each.name]] if each.name in SUMMED else [])]
            table = schema.tables[each.name]
            query = table.select().with_only_columns(*(table.c[name] for name in columns))
            by_table[each.name] = _sums(settings, each, pd.read_sql(query, connection))
    films = {film for sums in by_table.values() for film in sums}
    present = {film: tuple(by_table[each.name].get(film, (0, None)) for each in FILM_TABLES) for film in films}
    return sorted(film for film, state in present.items() if state not in states[film]), len(films)


if __name__ == "__main__":
    main()
