"""Which process carries out a run, which runs nobody carries out any more, and which are unfinished."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

PROCESS_TAG = "wios/process"
COMMAND_TAG = "wios/command"
"""The command that asked for a run."""


def process_identity(pid: int) -> str:
    """A process by number and start, so that a number used again is another process."""
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}@gone"


def lives(process: str) -> bool:
    """Whether the process of this identity still runs."""
    return process_identity(int(process.partition("@")[0])) == process


def this_process() -> dict[str, str]:
    """Tags for a run that this process carries out itself."""
    return {PROCESS_TAG: process_identity(os.getpid())}


def end_orphaned_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs that nothing carries out any more as failed; returns their ids.

    Called while no daemon runs on this instance, so a run without a living process of its own is an orphan. Without
    this, a run that was killed with its daemon would keep its place in the queue for ever.
    """
    from dagster import RunsFilter

    orphans = [run for run in instance.get_runs(RunsFilter(statuses=_started())) if not _is_alive(run)]
    for run in orphans:
        instance.report_run_failed(run, "Its process ended without reporting, as when the machine is switched off.")
    return [run.run_id for run in orphans]


def unfinished_runs(
    instance: DagsterInstance, film: str | None = None, job: str | None = None, *, queued: bool = True
) -> list[DagsterRun]:
    """Runs of a film or a job that are queued or in progress, oldest first; those of dead processes are left out."""
    from dagster import DagsterRunStatus, RunsFilter

    waiting = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED] if queued else []
    tags = {"dagster/partition": film} if film is not None else {}
    runs = instance.get_runs(RunsFilter(statuses=[*_started(), *waiting], tags=tags, job_name=job))
    return [run for run in reversed(list(runs)) if PROCESS_TAG not in run.tags or _is_alive(run)]


def run_of_any(instance: DagsterInstance, films: Iterable[str]) -> DagsterRun | None:
    """A queued or started run of one of these films; None where there is none."""
    return next((run for film in films for run in unfinished_runs(instance, film)), None)


def describe(run: DagsterRun) -> str:
    """A run in a message: who asked for it and its id."""
    command = run.tags.get(COMMAND_TAG)
    process = run.tags.get(PROCESS_TAG, "").partition("@")[0]
    by = f", {command}" if command else ""
    return f"run {run.run_id[:8]} ({run.job_name}{by}{f', process {process}' if process else ''})"


def _started() -> list[DagsterRunStatus]:
    from dagster import DagsterRunStatus

    return [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def _is_alive(run: DagsterRun) -> bool:
    process = run.tags.get(PROCESS_TAG)
    return process is not None and lives(process)
