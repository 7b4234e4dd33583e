"""Dagster's run history in SQLite files and in PostgreSQL, written by runs and read by pages at the same time.

    python -m benchmarks.run_history [--runs 1,2] [--pages 2] [--events 300]

Each run is a process that stores a run's events one after the other, every third one a materialization of a film's
table, as steps do; each page is a process that asks for what the page and Dagster's page ask for, again and again
with short pauses: the newest runs, the newest materializations, the events of a run. Both use the instance as WIOS
opens it; the server has durable commits. Times are those of an event from the call to its return, over all runs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import AssetKey, AssetMaterialization, DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun
from dagster._core.events import StepMaterializationData

from benchmarks.processor import processor
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES
from wios_assets_tests.publish.servers import PASSWORD, running

PAUSE_S = 0.2
"""Pause of a page between two questions."""


@dataclass(frozen=True)
class Written:
    """What a run saw: milliseconds of each event, and what storage refused."""

    milliseconds: list[float]
    errors: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", default="1,2", help="numbers of runs at once")
    parser.add_argument("--pages", type=int, default=2, help="pages that read meanwhile")
    parser.add_argument("--events", type=int, default=300, help="events of a run")
    chosen = parser.parse_args()
    print(f"{processor()}; {chosen.events} events a run, {chosen.pages} pages\n")
    print("| history | runs at once | event, median | 99 % | longest | events/s | answers/s | refused |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for number in map(int, chosen.runs.split(",")):
        for name in ("SQLite", "PostgreSQL"):
            with _history(name) as settings:
                print(_row(name, settings, number, chosen.pages, chosen.events), flush=True)


@contextmanager
def _history(name: str) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DAGSTER_HOME"] = ""
        if name == "SQLite":
            yield load_settings(data=Path(folder))
            return
        with running("postgresql", durable=True) as server:
            server.make_database("history")
            os.environ["PGPASSWORD"] = PASSWORD
            yield load_settings(data=Path(folder), history={"address": server.address("history")})


def _row(name: str, settings: Settings, runs: int, pages: int, events: int) -> str:
    with dagster_instance(settings):
        # The tables are made by the first that opens them.
        pass
    given = settings.model_dump(include={"data", "history"})
    context = multiprocessing.get_context("spawn")
    with context.Manager() as shared, ProcessPoolExecutor(runs + pages, mp_context=context) as pool:
        begin, ended = shared.Barrier(runs + pages + 1), shared.Event()
        reading = [pool.submit(_read, given, begin, ended) for _ in range(pages)]
        writing = [pool.submit(_write, given, number, events, begin) for number in range(runs)]
        begin.wait()
        started = time.monotonic()
        written = [each.result() for each in writing]
        seconds = time.monotonic() - started
        ended.set()
        read = [each.result() for each in reading]
    times = sorted(value for each in written for value in each.milliseconds)
    errors = [error for each in written for error in each.errors] + [error for _, found in read for error in found]
    refused = f"{len(errors)}: {errors[0]}" if errors else "0"
    last = times[int(0.99 * len(times))]
    return (
        f"| {name} | {runs} | {statistics.median(times):.1f} ms | {last:.1f} ms | {times[-1]:.0f} ms "
        f"| {len(times) / seconds:.0f} | {sum(number for number, _ in read) / seconds:.1f} | {refused} |"
    )


def _write(given: dict[str, Any], number: int, events: int, begin: Any) -> Written:
    written = Written([], [])
    with dagster_instance(load_settings(**given)) as instance:
        run = instance.create_run_for_job(_job(), tags={"dagster/partition": f"film {number}"})
        begin.wait()
        for event in range(events):
            started = time.monotonic()
            try:
                _store(instance, run, number, event)
            except Exception as error:
                written.errors.append(" ".join(str(error).split())[:60])
            written.milliseconds.append(1000 * (time.monotonic() - started))
    return written


def _job() -> Any:
    from dagster import Definitions, asset, define_asset_job

    @asset
    def film() -> None: ...

    return Definitions(assets=[film], jobs=[define_asset_job("film_job")]).resolve_job_def("film_job")


def _store(instance: DagsterInstance, run: DagsterRun, film: int, number: int) -> None:
    if number % 3:
        instance.report_engine_event(f"step {number}", run)
        return
    table = FILM_TABLES[number // 3 % len(FILM_TABLES)]
    made = AssetMaterialization(AssetKey(table.split("/")), partition=f"film {film}", metadata={"rows": number})
    event = DagsterEvent(
        event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name=run.job_name,
        event_specific_data=StepMaterializationData(made),
    )
    instance.report_dagster_event(event, run_id=run.run_id)


def _read(given: dict[str, Any], begin: Any, ended: Any) -> tuple[int, list[str]]:
    """Number of answers to a page, and what storage refused."""
    answers, errors = 0, []
    keys = [AssetKey(table.split("/")) for table in FILM_TABLES]
    with dagster_instance(load_settings(**given)) as instance:
        begin.wait()
        while not ended.is_set():
            try:
                records = instance.get_run_records(limit=20)
                instance.get_asset_records(keys)
                for record in records[:1]:
                    instance.get_records_for_run(record.dagster_run.run_id, limit=100)
            except Exception as error:
                errors.append(" ".join(str(error).split())[:60])
            answers += 1
            time.sleep(PAUSE_S)
    return answers, errors


if __name__ == "__main__":
    main()
