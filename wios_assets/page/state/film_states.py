"""How far each film is: queued, running, ready or failed, and why."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wios_assets.errors import WiosError
from wios_assets.films.entry import index_path
from wios_assets.films.index import IndexEntry, read_index
from wios_assets.lake.progress import progress_file, read_progress
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

Kind = Literal["queued", "running", "ready", "failed"]
Stage = Literal["frames", "faces", "names"]
# What a run has made once it is past a stage, the last stage first.
_MADE: tuple[tuple[str, Stage], ...] = (("face_tracks", "names"), ("face_embeddings", "faces"))
# Dagster's daemon says every 30 seconds that it lives.
_DAEMON_SILENT_S = 75.0
# A progress file that was not touched for this long, in seconds, was left by a run that was killed.
_STALE_S = 20.0
_LOOK_EVERY_S = 5.0
_RUNS_LOOKED_AT = 500
_FILM_TAG = "dagster/partition"


@dataclass(frozen=True)
class FilmState:
    """State of a film.

    Attributes:
        share: of the video analysed, 0 to 1, while that is being done. left_s: seconds until then.
        reason: why the newest run failed. stage: what a running film is at: the video's frames, linking faces into
        tracks, or names and what follows from them. since: when the newest run was asked for, seconds since the epoch.
    """

    kind: Kind
    share: float | None = None
    left_s: float | None = None
    reason: str | None = None
    stage: Stage | None = None
    since: float = field(default=0.0, compare=False)


class FilmStates:
    """States of films, from the index of the inbox, the progress of running films and Dagster's history of runs.

    Dagster takes seconds to load, so it is asked in a thread of its own and the last answer is given.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._runs: dict[str, FilmState] = {}
        self._reasons: dict[str, str] = {}
        self._looked = 0.0
        self._looking = threading.Lock()
        self._daemon_s = 0.0

    def daemon_lives(self) -> bool:
        """Whether Dagster's daemon, which takes films up by itself, gave a sign of life lately."""
        self._look()
        return time.time() - self._daemon_s < _DAEMON_SILENT_S

    def waiting(self, ready: set[str]) -> dict[str, IndexEntry]:
        """Films of the inbox that cannot be asked about yet, by key."""
        with suppress(WiosError):
            films = read_index(index_path(self.settings)).films
            return {key: entry for key, entry in sorted(films.items()) if entry.present and key not in ready}
        return {}

    def of(self, film: str, ready: bool) -> FilmState:
        """State of a film; `ready` says whether it can be asked about."""
        self._look()
        running = self._progress(film)
        last = self._runs.get(film)
        if ready:
            reason = last.reason if last is not None and last.kind == "failed" else None
            since = last.since if last is not None else 0.0
            return FilmState("ready", running.share if running else None, None, reason, since=since)
        return running or last or FilmState("queued")

    def _progress(self, film: str) -> FilmState | None:
        lake = self.settings.lake
        try:
            fresh = time.time() - progress_file(lake, film).stat().st_mtime < _STALE_S
        except OSError:
            return None
        progress = read_progress(lake, film) if fresh else None
        if progress is None:
            return None
        share = min(1.0, progress.done_s / progress.total_s) if progress.total_s > 0 else None
        return FilmState("running", share, progress.left_s, stage="frames")

    def _look(self) -> None:
        """Ask Dagster anew, in a thread of its own, where the last answer is old."""
        if time.monotonic() - self._looked < _LOOK_EVERY_S or not _has_history(self.settings.dagster):
            return
        if self._looking.acquire(blocking=False):
            threading.Thread(target=self._ask_dagster, name="states of films", daemon=True).start()

    def _ask_dagster(self) -> None:
        try:
            from wios_assets.runs.launch import dagster_instance

            with dagster_instance(self.settings) as instance:
                beats = instance.get_daemon_heartbeats().values()
                self._daemon_s = max((beat.timestamp for beat in beats), default=0.0)
                self._runs = self._newest_runs(instance)
        except Exception:
            # Whatever is wrong with the history of runs, films that are ready are shown all the same.
            logging.getLogger(__name__).warning("Dagster's history of runs cannot be read", exc_info=True)
        finally:
            self._looked = time.monotonic()
            self._looking.release()

    def _newest_runs(self, instance: DagsterInstance) -> dict[str, FilmState]:
        from dagster import DagsterRunStatus

        states: dict[str, FilmState] = {}
        for record in instance.get_run_records(limit=_RUNS_LOOKED_AT):
            run = record.dagster_run
            film = run.tags.get(_FILM_TAG)
            if film is None or film in states:
                continue
            if run.status == DagsterRunStatus.FAILURE:
                if run.run_id not in self._reasons:
                    self._reasons[run.run_id] = _reason(instance, run.run_id)
                states[film] = FilmState("failed", reason=self._reasons[run.run_id])
            elif run.status in (DagsterRunStatus.STARTED, DagsterRunStatus.STARTING):
                states[film] = FilmState("running", stage=_stage(instance, run.run_id))
            else:
                states[film] = FilmState("queued")
            states[film] = replace(states[film], since=record.create_timestamp.timestamp())
        return states


def _has_history(home: Path) -> bool:
    return (home / "dagster.yaml").is_file() or (home / "history").is_dir()


def _stage(instance: DagsterInstance, run_id: str) -> Stage:
    """What a run is at, by what it has made."""
    from dagster import DagsterEventType

    kind = DagsterEventType.ASSET_MATERIALIZATION
    records = instance.get_records_for_run(run_id, of_type=kind).records
    made = {record.asset_key.to_user_string() for record in records if record.asset_key is not None}
    return next((stage for table, stage in _MADE if table in made), "frames")


def _reason(instance: DagsterInstance, run_id: str) -> str:
    """The first failed step's deepest cause, in one line."""
    from dagster import DagsterEventType

    for entry in instance.all_logs(run_id, of_type={DagsterEventType.STEP_FAILURE}):
        event = entry.dagster_event
        error = event.step_failure_data.error if event is not None and event.is_step_failure else None
        if event is None or error is None:
            continue
        described = event.step_failure_data.user_failure_data
        if described is not None and described.description:
            return described.description
        while error.cause is not None:
            error = error.cause
        if error.cls_name == "DagsterAssetCheckFailedError":
            from wios_assets.runs.launch import failed_check

            checked = instance.all_logs(run_id, of_type={DagsterEventType.ASSET_CHECK_EVALUATION})
            said = failed_check([each.dagster_event for each in checked if each.dagster_event is not None], "")
            if said is not None:
                return said.removeprefix(": ")
        return " ".join(error.message.split())
    return "the run did not finish"
