"""Running a film's partition from the command line, in Dagster's instance."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import yaml

from wios_assets.atomic import write_atomic
from wios_assets.errors import Unavailable, WiosError
from wios_assets.settings import Settings, project_root

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance

    from wios_assets.lake.progress import Progress

ProgressReport = Callable[["Progress | None", str | None], None]
"""Called some times a second while a film runs: the footage's progress, and the last finished asset."""

PAUSE_S = 0.25


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's home folder for these settings, with the project's dagster.yaml pointed at it; sets DAGSTER_HOME.

    Raises:
        WiosError: the project's dagster.yaml is missing, or the folder cannot be written.
    """
    source = project_root() / "dagster.yaml"
    try:
        config = yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable(f"{source}: not found; run `wios` in a checkout of the project") from None
    home = settings.dagster
    config["storage"]["sqlite"]["base_dir"] = str(home)
    config["local_artifact_storage"]["config"]["base_dir"] = str(home)
    config["compute_logs"]["config"]["base_dir"] = str(home / "logs")
    text = f"# Made from {source.name} at every start.\n{yaml.safe_dump(config, sort_keys=False)}"
    target = home / "dagster.yaml"
    try:
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            write_atomic(target, text)
    except OSError as error:
        raise Unavailable(f"{home}: cannot be written ({error.strerror}); choose another with WIOS_DAGSTER") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's instance for these settings."""
    prepare_dagster_home(settings)
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        yield instance


def run_film(
    settings: Settings, instance: DagsterInstance, film: str, report: ProgressReport, job: str = "film_map"
) -> None:
    """Materialise everything of a film's partition, or what one of the other film jobs makes.

    Raises:
        WiosError: the run failed; the message is the cause's.
        KeyboardInterrupt: the run was interrupted.
    """
    from dagster import AssetKey, AssetObservation

    from wios_assets.assets.appearances import DECISIONS
    from wios_assets.assets.imdb_rows import observed_rows
    from wios_assets.lake.progress import read_progress
    from wios_assets.reviews.decisions import decisions_version

    instance.add_dynamic_partitions("film", [film])
    # Decisions are made outside of runs; this event is what makes names stale in Dagster, and fresh once they ran.
    version = {"dagster/data_version": decisions_version(settings.data, film)}
    instance.report_runless_asset_event(AssetObservation(AssetKey(DECISIONS), partition=film, tags=version))
    for observation in observed_rows(settings, [film]):
        instance.report_runless_asset_event(observation)
    _run(settings, instance, job, film, lambda step: report(read_progress(settings.lake, film), step))


def run_job(
    settings: Settings,
    instance: DagsterInstance,
    job: str,
    tick: Callable[[str | None], None] = lambda step: None,
) -> None:
    """Run a job that has no partitions.

    Args:
        tick: called some times a second with the last finished asset.

    Raises:
        WiosError: the run failed; the message is the cause's.
    """
    _run(settings, instance, job, None, tick)


def _run(
    settings: Settings, instance: DagsterInstance, job: str, film: str | None, tick: Callable[[str | None], None]
) -> None:
    from dagster import DagsterEventType

    from wios_assets.definitions import build_definitions
    from wios_assets.runs.orphans import this_process

    run_id = str(uuid.uuid4())
    ended = Event()

    def watch() -> None:
        step: str | None = None
        while not ended.wait(PAUSE_S):
            newest = instance.get_records_for_run(
                run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION, limit=1, ascending=False
            ).records
            if newest and newest[0].asset_key is not None:
                step = newest[0].asset_key.to_user_string()
            tick(step)

    watcher = Thread(target=watch, name="run progress", daemon=True)
    watcher.start()
    try:
        result = (
            build_definitions(settings)
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                partition_key=film,
                raise_on_error=False,
                run_id=run_id,
                tags=this_process(),
            )
        )
    finally:
        ended.set()
        watcher.join()
    if not result.success:
        raise WiosError(_cause(result.all_events, result.run_id, film))


def _cause(events: Sequence[DagsterEvent], run_id: str, film: str | None) -> str:
    """The first failed step's deepest reason, in one line."""
    place = f"film {film!r}" if film is not None else "run"
    whole = f"the whole of it is in run {run_id} in `wios ui`"
    for event in events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            described = event.step_failure_data.user_failure_data
            if described is not None and described.description:
                return described.description
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            message = error.message.strip()
            if error.cls_name == "DagsterAssetCheckFailedError":
                return failed_check(events, place) or f"{place}: {message.splitlines()[0]}; {whole}"
            if error.cls_name == "DagsterExecutionInterruptedError":
                raise KeyboardInterrupt
            return f"{place}: {event.step_key} failed: {message.splitlines()[0]}; {whole}"
    return f"{place}: the run did not finish; see run {run_id} in `wios ui`"


def failed_check(events: Sequence[DagsterEvent], place: str) -> str | None:
    """The first check that stopped a run, with what it found; None where none did."""
    from dagster import AssetCheckSeverity

    from wios_assets.assets.results import OFFENDERS

    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            found = event.asset_check_evaluation_data
            if not found.passed and found.severity == AssetCheckSeverity.ERROR:
                shown = found.metadata[OFFENDERS].value if OFFENDERS in found.metadata else []
                offenders = "; ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
                return f"{place}: {found.asset_key.to_user_string()}: {found.check_name}: {offenders or 'failed'}"
    return None
