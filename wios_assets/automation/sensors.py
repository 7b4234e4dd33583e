"""What runs when something changes in a folder."""

import time

from dagster import (
    AddDynamicPartitionsRequest,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from wios_assets.assets.imdb_rows import observed_rows
from wios_assets.automation.inputs import imdb_is_loaded, imdb_stamps, table_and_photo_stamps
from wios_assets.automation.jobs import film_map, film_names, imdb_refresh, library_refresh
from wios_assets.automation.requests import FilmRequest, film_requests, read_memory, write_memory
from wios_assets.films.registry import finished_content, look_at_inbox
from wios_assets.partitions import FILM
from wios_assets.settings import Settings

ENDED_BADLY = (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)


def inbox_sensor(settings: Settings) -> SensorDefinition:
    """Sees new, changed, renamed and removed films and starts what they need."""

    @sensor(
        jobs=[film_map, film_names, library_refresh],
        minimum_interval_seconds=settings.inbox.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Films in {settings.films}: a new one gets its partition and its run.",
    )
    def inbox(context: SensorEvaluationContext) -> SensorResult:
        changes = look_at_inbox(settings, settings.inbox.settle_seconds)
        for problem in changes.problems:
            context.log.warning(problem)
        held = why_films_wait(settings, context.instance, time.time())
        requests, memory = film_requests(
            changes.index,
            read_memory(context.cursor),
            finished_content(settings),
            table_and_photo_stamps(settings).digest,
            held is not None,
        )
        known = set(context.instance.get_dynamic_partitions(FILM))
        missing = [film for film, entry in changes.index.films.items() if film not in known and entry.present]
        waiting = [f"{path.name}: {why}" for path, why in changes.waiting.items()] + ([held] if held else [])
        return SensorResult(
            dynamic_partitions_requests=[AddDynamicPartitionsRequest(FILM, missing)] if missing else [],
            run_requests=[_run_request(request) for request in requests],
            asset_events=list(observed_rows(settings, [request.film for request in requests])),
            skip_reason=None if requests else "; ".join(waiting) or f"nothing new in {settings.films}",
            cursor=write_memory(memory),
        )

    return inbox


def why_films_wait(settings: Settings, instance: DagsterInstance, now: float) -> str | None:
    """Why films that are not finished must wait: what their names rest on is just changing; None if it is not."""
    if now - table_and_photo_stamps(settings).changed_s < settings.inbox.settle_seconds:
        return "photos or IMDB's tables changed just now"
    if imdb_stamps(settings) is None or imdb_is_loaded(settings):
        return None
    runs = instance.get_runs(RunsFilter(job_name=imdb_refresh.name), limit=1)
    return None if runs and runs[0].status in ENDED_BADLY else "IMDB's tables are being loaded"


def imdb_sensor(settings: Settings) -> SensorDefinition:
    """Sees new and changed IMDB files and loads them."""

    @sensor(
        job=imdb_refresh,
        minimum_interval_seconds=settings.inbox.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"IMDB's files in {settings.imdb}: changed ones are loaded.",
    )
    def imdb_files(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        stamps = imdb_stamps(settings)
        if stamps is None:
            return SkipReason(f"not all of IMDB's four files are in {settings.imdb}")
        if stamps.digest == context.cursor:
            return SkipReason("IMDB's files are as they were")
        if time.time() - stamps.changed_s < settings.inbox.settle_seconds:
            return SkipReason("IMDB's files changed just now")
        if context.cursor is None and imdb_is_loaded(settings):
            return SensorResult(skip_reason="IMDB's tables are in the lake", cursor=stamps.digest)
        return SensorResult(run_requests=[RunRequest(run_key=stamps.digest)], cursor=stamps.digest)

    return imdb_files


def _run_request(request: FilmRequest) -> RunRequest:
    if request.job == "library_refresh":
        return RunRequest(job_name=request.job, run_key=request.run_key)
    return RunRequest(job_name=request.job, run_key=request.run_key, partition_key=request.film)
