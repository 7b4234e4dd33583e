"""The sensor and the schedule that compare recognisers again once the galleries have changed."""

import hashlib

import pyarrow.parquet as pq
from dagster import (
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    schedule,
    sensor,
)

from wios_assets.assets.recognisers import data_hash, recorded_runs
from wios_assets.automation.jobs import recogniser_comparison
from wios_assets.automation.refining import any_run_is_left
from wios_assets.automation.schedules import machine_time_zone
from wios_assets.lake.cohort import read_galleries
from wios_assets.lake.paths import files_version, parquet_files, partition_folder, partition_keys
from wios_assets.notation import format_percent
from wios_assets.settings import Settings
from wios_assets.tables import GALLERY_EMBEDDINGS


def recogniser_sensor(settings: Settings) -> SensorDefinition:
    """Requests a comparison once the galleries have grown by the share that the settings name since the last one.

    The cursor holds the state of the galleries' files, so that they are read again only when one of them changed.
    """

    @sensor(
        job=recogniser_comparison,
        minimum_interval_seconds=settings.recogniser.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=(
            f"Galleries that grew by {format_percent(settings.recogniser.growth)}: the recognisers are compared again."
        ),
    )
    def grown_galleries(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        state = _files_state(settings)
        if state == context.cursor:
            return SkipReason("the galleries are as they were")
        if any_run_is_left(context.instance):
            return SkipReason("galleries changed; waiting until no run is left")
        context.update_cursor(state)
        photos, before = _photos(settings), _photos_compared(settings)
        if photos < settings.recogniser.least_photos:
            return SkipReason(f"{photos} photos; comparing begins at {settings.recogniser.least_photos}")
        if photos < before * (1.0 + settings.recogniser.growth):
            return SkipReason(f"{photos} photos, {before} at the last comparison")
        return RunRequest(run_key=f"{before}:{photos}")

    return grown_galleries


def recogniser_weekly(settings: Settings) -> ScheduleDefinition:
    """Compares recognisers once a week; skipped where the galleries are those of the last comparison."""

    @schedule(
        job=recogniser_comparison,
        cron_schedule=f"0 {settings.recogniser.hour} * * 0",
        execution_timezone=machine_time_zone(),
        default_status=DefaultScheduleStatus.RUNNING,
        description="Compares the recognisers on the galleries, on Sundays.",
    )
    def recogniser_weekly(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if _photos(settings) < settings.recogniser.least_photos:
            return SkipReason("too few photos")
        hashes = recorded_runs(settings.lake)["data_hash"].to_pylist()
        galleries, _ = read_galleries(settings.lake)
        if hashes and hashes[-1] == data_hash(galleries.drop_duplicates(["actor", "photo_hash"])):
            return SkipReason("the galleries are those of the last comparison")
        return RunRequest()

    return recogniser_weekly


def _files_state(settings: Settings) -> str:
    films = partition_keys(settings.lake, GALLERY_EMBEDDINGS.name)
    folders = [partition_folder(settings.lake, GALLERY_EMBEDDINGS.name, film) for film in films]
    versions = [files_version(parquet_files(folder)) for folder in folders]
    return hashlib.sha256(repr(versions).encode()).hexdigest()[:20]


def _photos(settings: Settings) -> int:
    """Different photos of people in all galleries."""
    photos: set[tuple[str, str]] = set()
    for film in partition_keys(settings.lake, GALLERY_EMBEDDINGS.name):
        for file in parquet_files(partition_folder(settings.lake, GALLERY_EMBEDDINGS.name, film)):
            try:
                rows = pq.read_table(file, columns=["actor", "photo_hash"], partitioning=None)
            except (OSError, ValueError):
                # Another film's damaged file, which `wios doctor` names.
                continue
            photos.update(zip(rows["actor"].to_pylist(), rows["photo_hash"].to_pylist(), strict=True))
    return len(photos)


def _photos_compared(settings: Settings) -> int:
    photos = recorded_runs(settings.lake)["photos"].to_pylist()
    return int(photos[-1]) if photos else 0
