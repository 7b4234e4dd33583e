"""Dagster's run launcher, which passes over a run that has nothing left to do."""

from __future__ import annotations

import logging
from typing import Any

from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus

from wios_assets.runs.instance import wait_for_locks
from wios_assets.runs.processes import KILLED, PROCESS_TAG, lives

PARTITION_TAG = "dagster/partition"
RUNS_LOOKED_AT = 20


class FilmRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does, but for one of a film whose work another run did while it waited in the queue.

    Such a run ends as a success at once. It comes about where a film is asked for twice, by the inbox sensor and on
    Dagster's page for example. A run that nothing preceded is always carried out, and so is one with `force`.

    It also tells the daemon of runs that a command executes itself whether their process lives, so that one that was
    killed does not keep the film, and the pool, for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Every process of Dagster's has a launcher: webserver, daemon, code server, runs.
        wait_for_locks()

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        process = run.tags.get(PROCESS_TAG)
        if process is not None and not lives(process):
            return CheckRunHealthResult(WorkerStatus.FAILED, KILLED)
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        try:
            before = run_that_did_it(self._instance, run, context.workspace)
        except Exception:
            # To run twice is better than not at all.
            logging.getLogger(__name__).warning("run %s: what is stale cannot be determined", run.run_id, exc_info=True)
            before = None
        if before is None:
            super().launch_run(context)
            return
        message = f"Nothing is left to do: run {before} did it while this one waited, and nothing changed since."
        self._instance.report_engine_event(message, run)
        success = DagsterEvent(
            event_type_value=DagsterEventType.PIPELINE_SUCCESS.value, job_name=run.job_name, message=message
        )
        self._instance.report_dagster_event(success, run_id=run.run_id)


def run_that_did_it(instance: DagsterInstance, run: DagsterRun, workspace: Any) -> str | None:
    """Id of a run of the same film that ended after `run` was created, where nothing that `run` makes is stale now."""
    from wios_assets.automation.stale import stale_tables
    from wios_assets.runs.launch import report_observations
    from wios_assets.settings import current_settings
    from wios_assets.tables import FILM_TABLES

    film = run.tags.get(PARTITION_TAG)
    if film is None or run.parent_run_id is not None or _is_forced(run.run_config):
        return None
    record = instance.get_run_record_by_id(run.run_id)
    finished = instance.get_run_records(
        RunsFilter(statuses=[DagsterRunStatus.SUCCESS], tags={PARTITION_TAG: film}), limit=RUNS_LOOKED_AT
    )
    if record is None or run.execution_plan_snapshot_id is None:
        return None
    asked_s = record.create_timestamp.timestamp()
    meanwhile = [each.dagster_run.run_id for each in finished if (each.end_time or 0.0) > asked_s]
    if not meanwhile:
        return None
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    outputs = [output.properties for step in plan.steps for output in step.outputs]
    made = {each.asset_key.to_user_string() for each in outputs if each is not None and each.asset_key is not None}
    settings = current_settings()
    report_observations(settings, instance, film)
    stale = stale_tables(instance, workspace.asset_graph, [film])[film]
    if made & set(stale) or not made & set(FILM_TABLES):
        return None
    return meanwhile[0]


def _is_forced(config: Any) -> bool:
    """Whether `force` is set anywhere in a run's configuration."""
    if isinstance(config, dict):
        return any((name == "force" and bool(value)) or _is_forced(value) for name, value in config.items())
    return False
