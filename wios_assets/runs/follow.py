"""Following a run until it ends: its newest asset, and why it failed in one line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from wios_assets.errors import WiosError

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance

POLL_S = 0.5
# Tags that the daemon gives a failed run which it starts again, as after its process was killed.
WILL_RETRY = "dagster/will_retry"
RETRY_RUN = "dagster/auto_retry_run_id"
# A daemon beats every 30 seconds; after a machine slept, its last beat is old for that long.
PATIENCE_S = 35.0


class NoLongerQueued(Exception):
    """A queued run was taken back, because no daemon is there to take it up."""


def newest_asset(instance: DagsterInstance, run_id: str) -> str | None:
    """The asset that a run materialised last; None before the first."""
    from dagster import DagsterEventType

    newest = instance.get_records_for_run(
        run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION, limit=1, ascending=False
    ).records
    key = newest[0].asset_key if newest else None
    return key.to_user_string() if key is not None else None


def follow_run(
    instance: DagsterInstance,
    run_id: str,
    film: str | None,
    tick: Callable[[str | None], None],
    daemon_lives: Callable[[], bool],
) -> None:
    """Wait for the end of a run that the daemon carries out, and of the runs by which it retries it.

    Args:
        tick: called some times a second with the asset that was materialised last.
        daemon_lives: whether a daemon is there that takes queued runs up.

    Raises:
        WiosError: the run failed or was cancelled; the message is the cause's.
        NoLongerQueued: the daemon is gone and the run had not begun; it is cancelled.
    """
    from dagster import DagsterRunStatus

    daemon_seen = time.monotonic()
    while True:
        run = instance.get_run_by_id(run_id)
        if run is None:
            raise WiosError(f"{_subject(film)}: run {run_id} was deleted in Dagster's page")
        if run.status == DagsterRunStatus.SUCCESS:
            return
        retried = run.status == DagsterRunStatus.FAILURE and run.tags.get(WILL_RETRY) == "true"
        if retried and RETRY_RUN in run.tags:
            run_id = run.tags[RETRY_RUN]
            continue
        if run.is_finished and not (retried and daemon_lives()):
            events = [entry.dagster_event for entry in instance.all_logs(run_id)]
            if run.status == DagsterRunStatus.CANCELED:
                raise WiosError(f"{_subject(film)}: run {run_id} was cancelled in Dagster's page")
            raise WiosError(failure([event for event in events if event is not None], run_id, film))
        if daemon_lives():
            daemon_seen = time.monotonic()
        elif time.monotonic() - daemon_seen > PATIENCE_S:
            if run.status in (DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED):
                instance.report_run_canceled(run, "No daemon was left to take it up.")
                raise NoLongerQueued
            raise WiosError(f"{_subject(film)}: `wios ui` was ended, and the run {run_id} with it; run the film again")
        tick(newest_asset(instance, run_id))
        time.sleep(POLL_S)


def warnings_of(instance: DagsterInstance, run_id: str) -> list[str]:
    """What a run's assets warned of, in order, each once."""
    entries = instance.all_logs(run_id)
    messages = [
        entry.user_message for entry in entries if not entry.is_dagster_event and entry.level == logging.WARNING
    ]
    return list(dict.fromkeys(messages))


def failure(events: Iterable[DagsterEvent], run_id: str, film: str | None) -> str:
    """The first failed step's deepest cause, in one line.

    Raises:
        KeyboardInterrupt: the step was interrupted.
    """
    subject = _subject(film)
    details = f"the details are in run {run_id} in `wios ui`"
    events = list(events)
    for event in events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            described = event.step_failure_data.user_failure_data
            if described is not None and described.description:
                return described.description
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            message = error.message.strip()
            if error.cls_name == "DagsterAssetCheckFailedError":
                return failed_check(events, subject) or f"{subject}: {message.splitlines()[0]}; {details}"
            if error.cls_name == "DagsterExecutionInterruptedError":
                raise KeyboardInterrupt
            return f"{subject}: {event.step_key} failed: {message.splitlines()[0]}; {details}"
    return f"{subject}: the run did not finish; {details}"


def failed_check(events: Iterable[DagsterEvent], subject: str) -> str | None:
    """The first check that stopped a run, with what it found; None where none did."""
    from dagster import AssetCheckSeverity

    from wios_assets.assets.results import OFFENDERS

    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            result = event.asset_check_evaluation_data
            if not result.passed and result.severity == AssetCheckSeverity.ERROR:
                shown = result.metadata[OFFENDERS].value if OFFENDERS in result.metadata else []
                offenders = "; ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
                return f"{subject}: {result.asset_key.to_user_string()}: {result.check_name}: {offenders or 'failed'}"
    return None


def _subject(film: str | None) -> str:
    return f"film {film!r}" if film is not None else "run"
