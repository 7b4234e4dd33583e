"""Which process carries out a run, which runs nobody carries out any more, and which are unfinished."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import psutil

from wios_assets.errors import Conflict
from wios_assets.films.film_lock import free_film_lock
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

PROCESS_TAG = "wios/process"
COMMAND_TAG = "wios/command"
"""The command that asked for a run."""
FILM_TAG = "dagster/partition"
KILLED = (
    "the run's process was killed or ended without a report, as when memory is used up or the machine is switched off; "
    "run the film again"
)
"""Reason of a run whose process is gone."""


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
    """Tags for a run that this process carries out itself; where it is killed, the daemon does not start it again."""
    return {PROCESS_TAG: process_identity(os.getpid()), "dagster/max_retries": "0"}


def end_dead_runs(settings: Settings, instance: DagsterInstance, *, daemon: bool) -> list[str]:
    """Mark started runs whose process is gone as failed; returns their ids.

    A run without a process of its own is the daemon's: dead where no daemon works on the data folder and nobody writes
    the film. Without this, a killed run would be shown as running, and keep its place in the queue, for ever.

    Args:
        daemon: whether a daemon carries out runs; see `instance.daemon_runs`.
    """
    from dagster import RunsFilter

    dead = []
    for run in instance.get_runs(RunsFilter(statuses=_started())):
        if _is_alive(run) or (PROCESS_TAG not in run.tags and (daemon or _is_written(settings, run))):
            continue
        # The process may have ended, and reported that, since the runs were read.
        now = instance.get_run_by_id(run.run_id)
        if now is not None and now.status in _started():
            instance.report_run_failed(now, KILLED)
            dead.append(run.run_id)
    return dead


def _is_written(settings: Settings, run: DagsterRun) -> bool:
    """Whether a process holds the lock of the run's film."""
    film = run.tags.get(FILM_TAG)
    if film is None:
        return False
    try:
        with free_film_lock(settings.data, film):
            return False
    except Conflict:
        return True


def unfinished_runs(
    instance: DagsterInstance, film: str | None = None, job: str | None = None, *, queued: bool = True
) -> list[DagsterRun]:
    """Runs of a film or a job that are queued or in progress, oldest first; those of dead processes are left out."""
    from dagster import DagsterRunStatus, RunsFilter

    waiting = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED] if queued else []
    tags = {FILM_TAG: film} if film is not None else {}
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
