"""Following a run until it ends: its newest asset, and why it failed in one line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from wios_assets.errors import WiosError
from wios_assets.runs.processes import KILLED

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance, DagsterRun
    from dagster_shared.error import SerializableErrorInfo

POLL_S = 0.5
# Tags that the daemon gives a failed run which it starts again, as after its process was killed.
WILL_RETRY = "dagster/will_retry"
RETRY_RUN = "dagster/auto_retry_run_id"
# A daemon beats every 30 seconds; after a machine slept, its last beat is old for that long.
PATIENCE_S = 35.0
INTERRUPTED = "DagsterExecutionInterruptedError"
REASON_EVENTS = ("STEP_FAILURE", "ASSET_CHECK_EVALUATION", "PIPELINE_FAILURE")
"""Types of the events that `failure_reason` reads."""
UNFINISHED = "the run did not finish"
CANCELLED = "it was cancelled in Dagster's page; run the film again"


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
    """Why a run failed, in one line, with its film and where the details are.

    Raises:
        KeyboardInterrupt: the run was interrupted.
    """
    events = list(events)
    step = _failed_step(events)
    if step is not None and _root_cause(step).cls_name == INTERRUPTED:
        raise KeyboardInterrupt
    reason = failure_reason(events)
    if step is not None and _described(step) is not None:
        return reason
    return f"{_subject(film)}: {reason}; the details are in run {run_id} in `wios ui`"


def failure_reason(events: Iterable[DagsterEvent]) -> str:
    """Why a run failed, in one line, the same for command line and page: the first failed step's deepest cause.

    Args:
        events: the run's, at least those of `REASON_EVENTS`.
    """
    events = list(events)
    step = _failed_step(events)
    if step is None:
        return next((_without_step(event) for event in events if event.is_run_failure), UNFINISHED)
    described = _described(step)
    if described is not None:
        return described
    error = _root_cause(step)
    if error.cls_name == INTERRUPTED:
        return "it was interrupted; run the film again"
    message = next(iter(error.message.strip().splitlines()), error.cls_name or "")
    if error.cls_name == "DagsterAssetCheckFailedError":
        return failed_check(events) or message
    return f"{step.step_key} failed: {message}"


def run_failure(instance: DagsterInstance, run: DagsterRun) -> tuple[str, str | None]:
    """Why a run failed or was cancelled, in one line (see `failure_reason`), and the step that failed."""
    from dagster import DagsterEventType, DagsterRunStatus

    kinds = {DagsterEventType(kind) for kind in REASON_EVENTS}
    entries = instance.all_logs(run.run_id, of_type=kinds)
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    step = _failed_step(events)
    if run.status == DagsterRunStatus.CANCELED and step is None:
        return CANCELLED, None
    return failure_reason(events), step.step_key if step is not None else None


def _failed_step(events: list[DagsterEvent]) -> DagsterEvent | None:
    return next(
        (event for event in events if event.is_step_failure and event.step_failure_data.error is not None), None
    )


def _described(step: DagsterEvent) -> str | None:
    """What `failures.user_errors` made of the error; None for an error that it did not know."""
    described = step.step_failure_data.user_failure_data
    return (described.description or None) if described is not None else None


def _root_cause(step: DagsterEvent) -> SerializableErrorInfo:
    error = step.step_failure_data.error
    assert error is not None
    while error.cause is not None:
        error = error.cause
    return error


def _without_step(event: DagsterEvent) -> str:
    """Reason of a run that failed outside of its steps."""
    message = " ".join((event.message or "").split())
    # As the daemon and the code server report it.
    if "run worker status" in message or "terminated unexpectedly" in message:
        return KILLED
    return message or UNFINISHED


def failed_check(events: Iterable[DagsterEvent]) -> str | None:
    """The first check that stopped a run, with its asset and what it found; None where none did."""
    from dagster import AssetCheckSeverity

    from wios_assets.assets.results import OFFENDERS

    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            result = event.asset_check_evaluation_data
            if not result.passed and result.severity == AssetCheckSeverity.ERROR:
                shown = result.metadata[OFFENDERS].value if OFFENDERS in result.metadata else []
                offenders = "; ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
                return f"{result.asset_key.to_user_string()}: {result.check_name}: {offenders or 'failed'}"
    return None


def _subject(film: str | None) -> str:
    return f"film {film!r}" if film is not None else "run"
