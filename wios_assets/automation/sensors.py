"""Sensors: they look at files, report new versions to Dagster and request the runs that follow."""

import json
import time

from dagster import (
    AddDynamicPartitionsRequest,
    AssetKey,
    AssetRecordsFilter,
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

from wios_assets.assets.film_files import CAST_PHOTOS, DECISIONS, film_observations
from wios_assets.automation.jobs import film_decisions, film_map, film_names, imdb_refresh, library_refresh
from wios_assets.automation.requests import FilmRequest, film_requests, read_cursor, write_cursor
from wios_assets.automation.source_files import imdb_is_loaded, imdb_stamps, table_and_photo_stamps
from wios_assets.films.registry import finished_content, look_at_inbox
from wios_assets.lake.paths import partition_keys
from wios_assets.lake.store import finished_films
from wios_assets.partitions import FILM
from wios_assets.reviews.decisions import decisions_file, decisions_version
from wios_assets.settings import Settings
from wios_assets.tables import TRACK_NAMES

DECISIONS_SECONDS = 5
DECISIONS_SETTLE_S = 3.0
NANO = 1_000_000_000
UNSUCCESSFUL = (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)


def inbox_sensor(settings: Settings) -> SensorDefinition:
    """Sees new, changed, renamed and removed films and requests the runs that they need."""
    reported: list[str] = []

    @sensor(
        jobs=[film_map, film_names, library_refresh],
        minimum_interval_seconds=settings.inbox.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Films in {settings.films}: a new one gets its partition and its run.",
    )
    def inbox(context: SensorEvaluationContext) -> SensorResult:
        changes = look_at_inbox(settings, settings.inbox.settle_seconds)
        for problem in changes.problems:
            if problem not in reported:
                context.log.warning(problem)
        reported[:] = changes.problems
        wait_reason = why_films_wait(settings, context.instance, time.time())
        requests, seen = film_requests(
            changes.index,
            read_cursor(context.cursor),
            finished_content(settings),
            table_and_photo_stamps(settings).digest,
            wait_reason is not None,
        )
        known = set(context.instance.get_dynamic_partitions(FILM))
        missing = [film for film, entry in changes.index.films.items() if film not in known and entry.present]
        waiting = [f"{path.name}: {why}" for path, why in changes.waiting.items()]
        waiting += [wait_reason] if wait_reason else []
        return SensorResult(
            dynamic_partitions_requests=[AddDynamicPartitionsRequest(FILM, missing)] if missing else [],
            run_requests=[_run_request(request) for request in requests],
            asset_events=list(film_observations(settings, [request.film for request in requests])),
            skip_reason=None if requests else "; ".join(waiting) or f"nothing new in {settings.films}",
            cursor=write_cursor(seen),
        )

    return inbox


def why_films_wait(settings: Settings, instance: DagsterInstance, now: float) -> str | None:
    """Why films that are not finished must wait: photos or IMDB's tables are changing; None where they are not."""
    if now - table_and_photo_stamps(settings).changed_s < settings.inbox.settle_seconds:
        return "photos or IMDB's tables changed just now"
    if imdb_stamps(settings) is None or imdb_is_loaded(settings):
        return None
    runs = instance.get_runs(RunsFilter(job_name=imdb_refresh.name), limit=1)
    return None if runs and runs[0].status in UNSUCCESSFUL else "IMDB's tables are being loaded"


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


def decisions_sensor(settings: Settings) -> SensorDefinition:
    """Sees decisions of people and starts the run that brings a film's names in step with them.

    The cursor holds the state of each film's file of decisions. Whoever asks for a run elsewhere, as `wios name` does,
    reports the decisions' version to Dagster first; such a version needs no run from here.
    """

    @sensor(
        job=film_decisions,
        minimum_interval_seconds=DECISIONS_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Decisions of people about faces: the film's names follow.",
    )
    def decisions(context: SensorEvaluationContext) -> SensorResult:
        before: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
        seen: dict[str, int] = {}
        changed: dict[str, str] = {}
        for film in partition_keys(settings.lake, TRACK_NAMES.name):
            file = decisions_file(settings.data, film)
            if not file.is_file():
                continue
            changed_ns = file.stat().st_mtime_ns
            if before.get(film) != changed_ns:
                if time.time() - changed_ns / NANO < DECISIONS_SETTLE_S:
                    # Decisions in a row share one run.
                    seen |= {film: before[film]} if film in before else {}
                    continue
                version = decisions_version(settings.data, film)
                if version != _reported_version(context.instance, DECISIONS, film):
                    changed[film] = version
            seen[film] = changed_ns
        return SensorResult(
            run_requests=[
                RunRequest(run_key=f"{film_decisions.name}:{film}:{version}", partition_key=film)
                for film, version in changed.items()
            ],
            asset_events=list(film_observations(settings, changed)),
            skip_reason=None if changed else "no new decisions",
            cursor=json.dumps(seen),
        )

    return decisions


def photos_sensor(settings: Settings) -> SensorDefinition:
    """Sees photos that were added or removed and names the films anew whose cast they concern.

    The cursor holds the state of the photo folders and of IMDB's tables.
    """

    @sensor(
        job=film_names,
        minimum_interval_seconds=settings.inbox.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Photos in {settings.galleries}: the names of films whose cast they show follow.",
    )
    def photos(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        stamps = table_and_photo_stamps(settings)
        if stamps.digest == context.cursor:
            return SkipReason("photos are as they were")
        if time.time() - stamps.changed_s < settings.inbox.settle_seconds:
            return SkipReason("photos or IMDB's tables changed just now")
        events = list(film_observations(settings, finished_films(settings.lake)))
        changed: dict[str, str] = {}
        for event in (event for event in events if event.asset_key == CAST_PHOTOS):
            film = str(event.partition)
            if _reported_version(context.instance, CAST_PHOTOS, film) not in (None, event.data_version):
                changed[film] = str(event.data_version)
        return SensorResult(
            run_requests=[
                RunRequest(run_key=f"{film_names.name}:{film}:{version}", partition_key=film)
                for film, version in changed.items()
            ],
            asset_events=events,
            skip_reason=None if changed else "no photo of an analysed film's cast changed",
            cursor=stamps.digest,
        )

    return photos


def _reported_version(instance: DagsterInstance, asset: AssetKey, film: str) -> str | None:
    """Version of a film's decisions or photos that Dagster was last told of."""
    records = instance.fetch_observations(AssetRecordsFilter(asset, asset_partitions=[film]), limit=1).records
    observation = records[0].event_log_entry.asset_observation if records else None
    return observation.data_version if observation is not None else None


def _run_request(request: FilmRequest) -> RunRequest:
    if request.job == "library_refresh":
        return RunRequest(job_name=request.job, run_key=request.run_key)
    return RunRequest(job_name=request.job, run_key=request.run_key, partition_key=request.film)
