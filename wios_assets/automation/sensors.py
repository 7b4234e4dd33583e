"""What runs when something changes in a folder."""

from dagster import (
    AddDynamicPartitionsRequest,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from wios_assets.automation.inbox import finished_films, look_at_inbox
from wios_assets.automation.jobs import film_map, film_names, library_refresh
from wios_assets.automation.requests import FilmRequest, film_requests, read_memory, remember, write_memory
from wios_assets.partitions import FILM
from wios_assets.settings import Settings


def inbox_sensor(settings: Settings) -> SensorDefinition:
    """Sees new, changed, renamed and removed films and starts what they need."""

    @sensor(
        jobs=[film_map, film_names, library_refresh],
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Films in {settings.films}: a new one gets its partition and its run.",
    )
    def inbox(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        changes = look_at_inbox(settings, settings.settle_seconds)
        for problem in changes.problems:
            context.log.warning(problem)
        requests = film_requests(changes.index, read_memory(context.cursor), finished_films(settings))
        known = set(context.instance.get_dynamic_partitions(FILM))
        missing = [film for film, entry in changes.index.films.items() if film not in known and entry.present]
        cursor = write_memory(remember(changes.index))
        if not requests and not missing:
            waiting = "; ".join(f"{path.name}: {why}" for path, why in changes.waiting.items())
            context.update_cursor(cursor)
            return SkipReason(waiting or f"nothing new in {settings.films}")
        return SensorResult(
            dynamic_partitions_requests=[AddDynamicPartitionsRequest(FILM, missing)] if missing else [],
            run_requests=[_run_request(request) for request in requests],
            cursor=cursor,
        )

    return inbox


def _run_request(request: FilmRequest) -> RunRequest:
    if request.job == "library_refresh":
        return RunRequest(job_name=request.job, run_key=request.run_key)
    return RunRequest(job_name=request.job, run_key=request.run_key, partition_key=request.film)
