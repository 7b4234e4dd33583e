"""The newest run of each film, and why it failed: one reading for the page, `wios film list` and their API."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wios_assets.atomic import write_atomic
from wios_assets.runs.follow import RETRY_RUN, WILL_RETRY, run_failure
from wios_assets.runs.instance import daemon_runs, dagster_instance
from wios_assets.runs.processes import FILM_TAG, end_dead_runs
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, RunRecord

Kind = Literal["queued", "running", "failed", "done"]
# Runs that were stored while others were read.
_OVERLAP = timedelta(seconds=2)


@dataclass(frozen=True)
class FilmRun:
    """The newest run of a film.

    Attributes:
        run_id: Dagster's. asked_s: when it was requested, seconds since the epoch.
        reason: why it failed, in one line. step: the step that failed.
    """

    kind: Kind
    run_id: str
    asked_s: float
    reason: str | None = None
    step: str | None = None


class FilmRuns:
    """Newest runs by film; reads only what changed since it read last. Not thread-safe."""

    def __init__(self) -> None:
        self._newest: dict[str, FilmRun] = {}
        self._updated: datetime | None = None
        self._count = 0

    def read(self, settings: Settings, instance: DagsterInstance) -> dict[str, FilmRun]:
        """Newest runs by film. Runs whose process was killed are marked as failed in Dagster first."""
        from dagster import RunsFilter

        daemon = daemon_runs(settings, instance)
        end_dead_runs(settings, instance, daemon=daemon)
        count = instance.get_runs_count()
        if count < self._count:
            # Runs were deleted.
            self._newest, self._updated = {}, None
        self._count = count
        since = self._updated - _OVERLAP if self._updated is not None else None
        # Whether a failed run is started again shows later, without a change of its own time.
        queued = [run.run_id for run in self._newest.values() if run.kind == "queued"]
        records = list(instance.get_run_records(RunsFilter(updated_after=since)))
        records += instance.get_run_records(RunsFilter(run_ids=queued)) if queued else []
        for record in records:
            self._updated = max(self._updated or record.update_timestamp, record.update_timestamp)
            film = record.dagster_run.tags.get(FILM_TAG)
            before = self._newest.get(film) if film is not None else None
            if film is not None and (before is None or record.create_timestamp.timestamp() >= before.asked_s):
                self._newest[film] = _film_run(instance, record, daemon)
        return dict(self._newest)


def recent_runs(instance: DagsterInstance, count: int) -> list[tuple[str, str, Kind, float, float | None]]:
    """The newest runs of films: id, film, kind, when it was asked for (epoch seconds), and seconds from start to end.

    The seconds of a run that goes on are those so far; None where it has not started.
    """
    from dagster import DagsterRunStatus

    runs: list[tuple[str, str, Kind, float, float | None]] = []
    for record in instance.get_run_records(limit=3 * count):
        run = record.dagster_run
        film = run.tags.get(FILM_TAG)
        if film is None or len(runs) == count:
            continue
        ended = run.status in (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
        kind: Kind = "queued" if record.start_time is None else "running"
        if ended:
            kind = "done" if run.status == DagsterRunStatus.SUCCESS else "failed"
        end_s = record.end_time if record.end_time is not None else time.time()
        seconds = end_s - record.start_time if record.start_time is not None else None
        runs.append((run.run_id, film, kind, record.create_timestamp.timestamp(), seconds))
    return runs


def newest_runs(settings: Settings) -> dict[str, FilmRun]:
    """Newest runs by film; none where nothing was run yet.

    Loads Dagster only where a run was not finished when it was last asked, or the history changed since.

    Raises:
        WiosError: Dagster's storage cannot be used.
    """
    if not (settings.dagster / "history" / "runs.db").is_file():
        return {}
    runs = _kept(settings)
    if runs is None or any(run.kind in ("queued", "running") for run in runs.values()):
        with dagster_instance(settings) as instance:
            runs = FilmRuns().read(settings, instance)
        content = {"state": _state(settings), "runs": {film: asdict(run) for film, run in runs.items()}}
        write_atomic(_file(settings), json.dumps(content))
    return runs


def forget_newest_runs(settings: Settings) -> None:
    """Remove what `newest_runs` kept, which names films."""
    _file(settings).unlink(missing_ok=True)


def _kept(settings: Settings) -> dict[str, FilmRun] | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_file(settings).read_text(encoding="utf-8"))
        if kept["state"] == _state(settings):
            return {film: FilmRun(**run) for film, run in kept["runs"].items()}
    return None


def _file(settings: Settings) -> Path:
    return settings.data / ".runs.json"


def _state(settings: Settings) -> list[list[int]]:
    """Sizes and times of change of the history's files."""
    database = settings.dagster / "history" / "runs.db"
    stamps = []
    for file in (database, database.with_name("runs.db-wal")):
        with suppress(FileNotFoundError):
            stamps.append([file.stat().st_size, file.stat().st_mtime_ns])
    return stamps


def _film_run(instance: DagsterInstance, record: RunRecord, daemon: bool) -> FilmRun:
    from dagster import DagsterRunStatus

    run, asked_s = record.dagster_run, record.create_timestamp.timestamp()
    if run.status in (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED):
        if daemon and run.tags.get(WILL_RETRY) == "true" and RETRY_RUN not in run.tags:
            return FilmRun("queued", run.run_id, asked_s)
        return FilmRun("failed", run.run_id, asked_s, *run_failure(instance, run))
    if run.status == DagsterRunStatus.SUCCESS:
        return FilmRun("done", run.run_id, asked_s)
    running = run.status in (DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING)
    return FilmRun("running" if running else "queued", run.run_id, asked_s)
