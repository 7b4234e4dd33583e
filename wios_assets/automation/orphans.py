"""Runs whose process is gone without having said how they ended, as after a power failure."""

from __future__ import annotations

import os

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

PROCESS_TAG = "wios/process"
UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def this_process() -> dict[str, str]:
    """Tags for a run that this process carries out itself."""
    return {PROCESS_TAG: _identity(os.getpid())}


def end_orphaned_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs that nothing carries out any more as failed; returns their ids.

    Called while no daemon runs on this instance, so a run that says no process of its own is an orphan. Without this, a
    run that was killed with its daemon would keep its place in the queue for ever.
    """
    orphans = [run for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)) if not _is_alive(run)]
    for run in orphans:
        instance.report_run_failed(run, "Its process ended without a word, as when the machine is switched off.")
    return [run.run_id for run in orphans]


def _is_alive(run: DagsterRun) -> bool:
    process = run.tags.get(PROCESS_TAG)
    if process is None:
        return False
    return _identity(int(process.partition("@")[0])) == process


def _identity(pid: int) -> str:
    """A process by number and start, so that a number used again is another process."""
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}@gone"
