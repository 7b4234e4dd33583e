"""The one way to start a run: command line, page and reviews ask here; sensors use the same queue.

Where Dagster's daemon works on the data folder, a run goes into its queue and the caller follows it. Where none does,
it is executed in this process. One film has one run at a time: a second request says who has the film, waits, and then
does only what is still stale.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from wios_assets.errors import WiosError
from wios_assets.films.film_lock import LockHolder, command_line, film_lock, lock_holder
from wios_assets.runs.follow import NoLongerQueued, failure, follow_run, newest_asset, warnings_of
from wios_assets.runs.held_databases import held_databases
from wios_assets.runs.instance import daemon_runs, dagster_instance, prepare_dagster_home
from wios_assets.runs.processes import COMMAND_TAG, describe, this_process, unfinished_runs
from wios_assets.settings import Settings, package_parent

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance

    from wios_assets.lake.progress import Progress

__all__ = ["dagster_instance", "prepare_dagster_home", "run_film", "run_film_again", "run_job"]

ProgressReport = Callable[["Progress | None", str | None], None]
"""Called twice a second while a film runs: the footage's progress, and the last finished asset."""

Tell = Callable[[str], None]
"""Called with a line for the person who waits."""

POLL_S = 0.5


@held_databases()
def run_film(
    settings: Settings,
    instance: DagsterInstance,
    film: str,
    report: ProgressReport,
    job: str = "film_map",
    *,
    tell: Tell = lambda line: None,
    only_stale: bool = False,
) -> bool:
    """Materialise a film's partition: everything of it, or what one of the other film jobs makes.

    Args:
        tell: called with who has the film where the request must wait, and how to cancel a run that goes on without it.
        only_stale: leave out what is fresh, from the start. A request that had to wait for another always does.

    Returns:
        False where nothing of it was left to do.

    Raises:
        WiosError: the run failed; the message is the cause's.
        KeyboardInterrupt: the run in this process was interrupted, or a queued run is no longer followed.
    """
    from wios_assets.lake.progress import read_progress

    instance.add_dynamic_partitions("film", [film])
    report_observations(settings, instance, film)
    reported: set[str] = set()

    def waiting(who: str) -> None:
        if who not in reported:
            reported.add(who)
            tell(f"film {film!r}: {who} has it; waiting, then only what is still stale is run")

    def tick(step: str | None) -> None:
        report(read_progress(settings.lake, film), step)

    if daemon_runs(settings, instance):
        try:
            return _run_queued_film(settings, instance, film, job, tick, waiting, tell, only_stale)
        except NoLongerQueued:
            tell(f"film {film!r}: `wios ui` was ended before the run began; it is run here")

    def held(holder: LockHolder | None) -> None:
        waiting(str(holder or "another process"))
        tick(None)

    with film_lock(settings.data, film, waiting=held) as waited:
        selection: Sequence[AssetKey] | None = None
        if waited or only_stale:
            selection = _still_stale(settings, instance, film, job)
            if not selection:
                return False
        _run_here(settings, instance, job, film, tick, tell, selection)
    return True


def run_film_again(settings: Settings, film: str) -> None:
    """Run what a film lacks since its run failed; its names and what follows where it lacks nothing.

    Where a daemon works on the data folder, the run is put into its queue and not waited for.

    Raises:
        WiosError: the run failed, or could not be asked for; the message is the cause's.
    """
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", [film])
        report_observations(settings, instance, film)
        selection = _still_stale(settings, instance, film, "film_map")
        job = "film_map" if selection else "film_names"
        if not daemon_runs(settings, instance):
            run_film(settings, instance, film, lambda progress, step: None, job, only_stale=bool(selection))
        elif not unfinished_runs(instance, film):
            _submit(settings, instance, job, film, selection or None)


@held_databases()
def run_job(
    settings: Settings,
    instance: DagsterInstance,
    job: str,
    tick: Callable[[str | None], None] = lambda step: None,
    *,
    tell: Tell = lambda line: None,
    own_settings: bool = False,
) -> None:
    """Run a job that has no partitions.

    Args:
        tick: called some times a second with the last finished asset.
        tell: as in `run_film`.
        own_settings: whether `settings` differ from those of the data folder, so that the daemon, which has the
            latter, cannot carry the run out.

    Raises:
        WiosError: the run failed; the message is the cause's.
    """
    if not own_settings and daemon_runs(settings, instance):
        queued = [run for run in unfinished_runs(instance, job=job) if run.status.value in ("QUEUED", "NOT_STARTED")]
        run_id = queued[0].run_id if queued else _submit(settings, instance, job, None, None)
        try:
            _follow(settings, instance, run_id, None, tick, tell)
            return
        except NoLongerQueued:
            tell("`wios ui` was ended before the run began; it is run here")
    while others := unfinished_runs(instance, job=job, queued=False):
        tell(f"{describe(others[0])} is at it; waiting")
        _wait_for(instance, others[0].run_id, tick)
    _run_here(settings, instance, job, None, tick, tell, None)


def report_observations(settings: Settings, instance: DagsterInstance, film: str) -> None:
    """Tell Dagster the versions of what a film rests on outside of it: its file, photos, truth, decisions, IMDB."""
    from wios_assets.assets.film_files import film_observations

    for observation in film_observations(settings, [film]):
        instance.report_runless_asset_event(observation)


def _run_queued_film(
    settings: Settings,
    instance: DagsterInstance,
    film: str,
    job: str,
    tick: Callable[[str | None], None],
    waiting: Callable[[str], None],
    tell: Tell,
    only_stale: bool,
) -> bool:
    waited = False
    # A run may be held by another process of the command line, which began before the daemon did.
    while True:
        others = unfinished_runs(instance, film)
        holder = lock_holder(settings.data, film)
        if not others and holder is None:
            break
        waited = True
        waiting(describe(others[0]) if others else str(holder))
        if others:
            _wait_for(instance, others[0].run_id, tick)
        else:
            with film_lock(settings.data, film, waiting=lambda _: tick(None)):
                pass
    selection = None
    if waited or only_stale:
        selection = _still_stale(settings, instance, film, job)
        if not selection:
            return False
    run_id = _submit(settings, instance, job, film, selection)
    _follow(settings, instance, run_id, film, tick, tell)
    return True


def _still_stale(settings: Settings, instance: DagsterInstance, film: str, job: str) -> list[AssetKey]:
    """Assets of a job that are stale for a film, and after them the files for players and the library."""
    from dagster import AssetKey

    from wios_assets.automation.jobs import PUBLISHED
    from wios_assets.runs.renewal import stale_now

    stale = set(stale_now(settings, instance, [film])[film])
    names = _tables_of(job) & stale
    published = PUBLISHED if names and job != "film_evaluation" else ()
    return [AssetKey(name) for name in (*sorted(names), *published)]


def _tables_of(job: str) -> set[str]:
    from wios_assets.automation.jobs import TABLES_OF_JOB

    return set(TABLES_OF_JOB[job])


def _submit(
    settings: Settings, instance: DagsterInstance, job: str, film: str | None, selection: Sequence[AssetKey] | None
) -> str:
    """Put a run into the daemon's queue; returns its id."""
    from dagster._core.code_pointer import ModuleCodePointer
    from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
    from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
    from dagster._core.run_coordinator import SubmitRunContext
    from dagster._core.workspace.load import location_origin_from_module_name

    from wios_assets.definitions import build_definitions

    location = location_origin_from_module_name("wios_assets.definitions", None, str(package_parent()))
    target = location.loadable_target_origin
    definitions = build_definitions(settings)
    repository = definitions.get_repository_def()
    job_definition = definitions.resolve_job_def(job)
    if selection is not None:
        job_definition = job_definition.get_subset(asset_selection=set(selection))
    pointer = ModuleCodePointer(str(target.module_name), "defs", target.working_directory)
    run = instance.create_run_for_job(
        job_definition,
        asset_selection=set(selection) if selection is not None else None,
        tags={**({"dagster/partition": film} if film is not None else {}), COMMAND_TAG: command_line()},
        run_config=job_definition.run_config,
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, repository.name), job),
        job_code_origin=JobPythonOrigin(job, RepositoryPythonOrigin(target.executable_path or "", pointer)),
    )
    # The queue does not look at the workspace.
    instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
    return run.run_id


def _follow(
    settings: Settings,
    instance: DagsterInstance,
    run_id: str,
    film: str | None,
    tick: Callable[[str | None], None],
    tell: Tell,
) -> None:
    try:
        follow_run(instance, run_id, film, tick, lambda: daemon_runs(settings, instance))
    except KeyboardInterrupt:
        tell(f"run {run_id} goes on in `wios ui`; Dagster's page cancels it, under Runs")
        raise
    for warning in warnings_of(instance, run_id):
        tell(warning)


def _wait_for(instance: DagsterInstance, run_id: str, tick: Callable[[str | None], None]) -> None:
    """Wait until a run has ended, well or badly, or its process is gone."""
    while any(run.run_id == run_id for run in unfinished_runs(instance)):
        tick(newest_asset(instance, run_id))
        time.sleep(POLL_S)


def _run_here(
    settings: Settings,
    instance: DagsterInstance,
    job: str,
    film: str | None,
    tick: Callable[[str | None], None],
    tell: Tell,
    selection: Sequence[AssetKey] | None,
) -> None:
    """Execute a job in this process.

    Raises:
        WiosError: the run failed; the message is the cause's.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from wios_assets.definitions import build_definitions

    run_id = str(uuid.uuid4())
    ended = Event()

    def watch() -> None:
        while not ended.wait(POLL_S):
            # Progress is only shown; what is wrong with the history or a disk ends the run itself.
            with suppress(SQLAlchemyError, OSError):
                tick(newest_asset(instance, run_id))

    watcher = Thread(target=watch, name="run progress", daemon=True)
    watcher.start()
    try:
        result = (
            build_definitions(settings)
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                partition_key=film,
                asset_selection=list(selection) if selection is not None else None,
                raise_on_error=False,
                run_id=run_id,
                tags={**this_process(), COMMAND_TAG: command_line()},
            )
        )
    finally:
        ended.set()
        watcher.join()
    for warning in warnings_of(instance, run_id):
        tell(warning)
    if not result.success:
        raise WiosError(failure(result.all_events, result.run_id, film))
