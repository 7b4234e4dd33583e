"""The sensor that brings the tables over all films up to date once films have changed."""

import hashlib

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from wios_assets.assets.refined import changed_films, film_states, stored_states
from wios_assets.automation.jobs import refined_tables
from wios_assets.settings import Settings

UNFINISHED = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)


def any_run_is_left(instance: DagsterInstance) -> bool:
    """Whether a run has not ended; work over the whole library waits for it."""
    return bool(instance.get_runs(RunsFilter(statuses=list(UNFINISHED)), limit=1))


def refined_sensor(settings: Settings) -> SensorDefinition:
    """Sees films whose tables or decisions changed, and requests one run for all of them when no other run is left."""

    @sensor(
        job=refined_tables,
        minimum_interval_seconds=settings.refined.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description="Films that were added, changed or removed: the tables over all films follow.",
    )
    def refined_films(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = film_states(settings)
        changed = changed_films(now, stored_states(settings.lake))
        if not changed:
            return SkipReason("no film changed")
        if any_run_is_left(context.instance):
            return SkipReason(f"{len(changed)} films changed; waiting until no run is left")
        state = hashlib.sha256(repr(sorted(now.items())).encode()).hexdigest()[:20]
        # A state is asked for once: a run that failed is not repeated until a film changes.
        return RunRequest(run_key=state)

    return refined_films
