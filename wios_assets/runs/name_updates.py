"""Bringing a film's names in step with its decisions, for a process that must not load Spark itself, as the page."""

from __future__ import annotations

import time

from wios_assets.errors import WiosError
from wios_assets.lake.store import read_rows
from wios_assets.reviews.decisions import read_decisions, revision_of
from wios_assets.runs.in_process import in_process
from wios_assets.runs.instance import dagster_instance, ui_runs
from wios_assets.settings import Settings
from wios_assets.tables import TRACK_NAMES

LOOK_EVERY_S = 1.0


def names_follow_decisions(settings: Settings, film: str) -> bool:
    """Whether a film's names rest on all of its decisions.

    Raises:
        WiosError: the film has no names yet, or its decisions cannot be read.
    """
    revision = revision_of(read_decisions(settings.data, film))
    if not revision:
        return True
    rest_on = read_rows(settings.lake, TRACK_NAMES, film)["decisions"].to_pylist()
    return all((each or 0) >= revision for each in rest_on)


def update_names(settings: Settings, film: str) -> None:
    """Work out a film's names from its decisions, and wait until that is done.

    Under `wios ui` the decisions sensor starts the run; otherwise a process of its own asks for it.

    Raises:
        WiosError: the run failed; the message is the cause's.
    """
    asked_s = time.time()
    while ui_runs(settings):
        if names_follow_decisions(settings, film):
            return
        _raise_failure(settings, film, asked_s)
        time.sleep(LOOK_EVERY_S)
    if not names_follow_decisions(settings, film):
        in_process(_update_names, settings, film)


def _raise_failure(settings: Settings, film: str, asked_s: float) -> None:
    """Raise a WiosError where the film's newest run since then failed."""
    from dagster import DagsterRunStatus, RunsFilter

    from wios_assets.runs.follow import failure

    with dagster_instance(settings) as instance:
        newest = instance.get_run_records(RunsFilter(tags={"dagster/partition": film}), limit=1)
        if not newest or (newest[0].end_time or 0.0) < asked_s:
            return
        run = newest[0].dagster_run
        if run.status == DagsterRunStatus.CANCELED:
            raise WiosError(f"film {film!r}: run {run.run_id} was cancelled in Dagster's page")
        if run.status == DagsterRunStatus.FAILURE:
            events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
            raise WiosError(failure([event for event in events if event is not None], run.run_id, film))


def _update_names(settings: Settings, film: str) -> None:
    from wios_assets.runs.launch import run_film

    with dagster_instance(settings) as instance:
        run_film(settings, instance, film, lambda progress, step: None, "film_decisions")
