"""Runs whose process is gone without having said how they ended, as after a power failure."""

from __future__ import annotations

import os

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from wios_assets.runs.processes import lives, process_identity

PROCESS_TAG = "wios/process"
UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def this_process() -> dict[str, str]:
    """Tags for a run that this process carries out itself."""
    return {PROCESS_TAG: process_identity(os.getpid())}


def end_orphaned_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs that nothing carries out any more as failed; returns their ids.

    Called while no daemon runs on this instance, so a run that says no process of its own is an orphan. Without this, a
    run that was killed with its daemon would keep its place in the queue for ever.
    """
    orphans = [run for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)) if not _is_alive(run)]
    for run in orphans:
        instance.report_run_failed(run, "Its process ended without a word, as when the machine is switched off.")
    return [run.run_id for run in orphans]


def runs_at(instance: DagsterInstance, film: str) -> list[str]:
    """Ids of unfinished runs of a film, those of processes that are gone left out."""
    runs = instance.get_runs(RunsFilter(statuses=UNFINISHED, tags={"dagster/partition": film}))
    return [run.run_id for run in runs if PROCESS_TAG not in run.tags or _is_alive(run)]


def _is_alive(run: DagsterRun) -> bool:
    process = run.tags.get(PROCESS_TAG)
    return process is not None and lives(process)
