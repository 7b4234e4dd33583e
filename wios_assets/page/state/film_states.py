"""The state of each film: queued, running, ready or failed, with progress and reason."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wios_assets.errors import WiosError
from wios_assets.films.index import IndexEntry, read_index
from wios_assets.films.registry import index_path
from wios_assets.lake.progress import progress_file, read_progress
from wios_assets.runs.film_runs import FilmRun, FilmRuns, recent_runs
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

Kind = Literal["queued", "running", "ready", "failed"]
Stage = Literal["frames", "faces", "names"]
# The stage of a run that has materialised an asset, the latest stage first.
_STAGE_AFTER: tuple[tuple[str, Stage], ...] = (("face_tracks", "names"), ("face_embeddings", "faces"))
# Dagster's daemon sends a heartbeat every 30 seconds.
_HEARTBEAT_TIMEOUT_S = 75.0
# A progress file older than this was left behind by a killed run.
_PROGRESS_TIMEOUT_S = 20.0
_REFRESH_S = 5.0
_RECENT = 10


@dataclass(frozen=True)
class FilmState:
    """State of a film.

    Attributes:
        share: share of the video that is analysed, 0 to 1, during the analysis. left_s: estimated seconds until then.
        reason: why the newest run failed. run: id of the newest run. stage: of a running film: decoding frames, linking
            faces into tracks, or names and what follows from them. since: when the newest run was requested, seconds
            since the epoch.
        step: the step of the newest run that failed.
        stale: tables of a ready film that an older engine, other settings or older inputs made.
    """

    kind: Kind
    share: float | None = None
    left_s: float | None = None
    reason: str | None = None
    stage: Stage | None = None
    run: str | None = field(default=None, compare=False)
    since: float = field(default=0.0, compare=False)
    stale: tuple[str, ...] = ()
    step: str | None = None


@dataclass(frozen=True)
class RecentRun:
    """A run of a film: its state, and the seconds from start to end (until now while it runs; None before)."""

    run: str
    film: str
    kind: Literal["queued", "running", "failed", "done"]
    asked_s: float
    seconds: float | None


class FilmStates:
    """States of films, from the index of the inbox, the progress of running films and Dagster's run history.

    Dagster takes seconds to load, so a background thread reads it, and callers get its last result.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._runs: dict[str, FilmState] = {}
        self._history = FilmRuns()
        self._requested: dict[str, FilmState] = {}
        self._stale: dict[str, list[str]] = {}
        self._recent: list[RecentRun] = []
        self._refreshed = 0.0
        self._refreshing = threading.Lock()
        self._heartbeat_s = 0.0

    def daemon_is_running(self) -> bool:
        """Whether Dagster's daemon, which starts runs for new films, sent a heartbeat lately."""
        self._refresh()
        return time.time() - self._heartbeat_s < _HEARTBEAT_TIMEOUT_S

    def recent_runs(self) -> list[RecentRun]:
        """The newest runs of films, the newest first."""
        self._refresh()
        return self._recent

    def waiting(self, ready: set[str]) -> dict[str, IndexEntry]:
        """Films of the inbox that are not `ready`, by key."""
        with suppress(WiosError):
            films = read_index(index_path(self.settings)).films
            return {key: entry for key, entry in sorted(films.items()) if entry.present and key not in ready}
        return {}

    def of(self, film: str, ready: bool) -> FilmState:
        """State of a film; `ready` says whether the library has it."""
        self._refresh()
        running = self._progress(film)
        newest = self._newest(film)
        if ready:
            reason = newest.reason if newest is not None and newest.kind == "failed" else None
            since, run = (newest.since, newest.run) if newest is not None else (0.0, None)
            share, stale = running.share if running else None, tuple(self._stale.get(film, ()))
            step = newest.step if newest is not None and newest.kind == "failed" else None
            return FilmState("ready", share, None, reason, run=run, since=since, stale=stale, step=step)
        if newest is not None and newest.kind == "failed":
            # What a killed run noted last is younger than its end.
            return newest
        return running or newest or FilmState("queued")

    def note_request(self, film: str, refusal: str | None = None) -> None:
        """Note that a run of the film is being asked for, or why asking failed; holds until such a run is read."""
        before = self._requested.get(film)
        if refusal is None or before is None:
            self._requested[film] = FilmState("queued", since=time.time())
        else:
            self._requested[film] = FilmState("failed", reason=refusal, since=before.since)

    def _newest(self, film: str) -> FilmState | None:
        newest, requested = self._runs.get(film), self._requested.get(film)
        if requested is None or (newest is not None and newest.since >= requested.since):
            return newest
        return replace(requested, run=newest.run if newest is not None else None)

    def _progress(self, film: str) -> FilmState | None:
        lake = self.settings.lake
        try:
            current = time.time() - progress_file(lake, film).stat().st_mtime < _PROGRESS_TIMEOUT_S
        except OSError:
            return None
        progress = read_progress(lake, film) if current else None
        if progress is None:
            return None
        share = min(1.0, progress.done_s / progress.total_s) if progress.total_s > 0 else None
        return FilmState("running", share, progress.left_s, stage="frames")

    def _refresh(self) -> None:
        """Read Dagster's history again in a background thread, if the last reading is old."""
        if time.monotonic() - self._refreshed < _REFRESH_S or not _has_history(self.settings.dagster):
            return
        if self._refreshing.acquire(blocking=False):
            threading.Thread(target=self._read_history, name="film states", daemon=True).start()

    def _read_history(self) -> None:
        try:
            from wios_assets.runs.instance import dagster_instance
            from wios_assets.runs.renewal import stale_films

            with dagster_instance(self.settings) as instance:
                heartbeats = instance.get_daemon_heartbeats().values()
                self._heartbeat_s = max((each.timestamp for each in heartbeats), default=0.0)
                runs = self._history.read(self.settings, instance)
                self._recent = [RecentRun(*values) for values in recent_runs(instance, _RECENT)]
                self._runs = {film: self._with_stage(instance, run) for film, run in runs.items()}
            self._stale = stale_films(self.settings)
        except Exception:
            # Films that are ready are shown even if the run history cannot be read.
            logging.getLogger(__name__).warning("Dagster's run history cannot be read", exc_info=True)
        finally:
            self._refreshed = time.monotonic()
            self._refreshing.release()

    def _with_stage(self, instance: DagsterInstance, run: FilmRun) -> FilmState:
        stage = _stage(instance, run.run_id) if run.kind == "running" else None
        # A film that a run finished and the library lacks waits for its next run.
        kind = "queued" if run.kind == "done" else run.kind
        return FilmState(kind, reason=run.reason, stage=stage, run=run.run_id, since=run.asked_s, step=run.step)


def _has_history(home: Path) -> bool:
    return (home / "dagster.yaml").is_file() or (home / "history").is_dir()


def _stage(instance: DagsterInstance, run_id: str) -> Stage:
    """Stage of a run, from the assets that it has materialised."""
    from dagster import DagsterEventType

    kind = DagsterEventType.ASSET_MATERIALIZATION
    events = instance.get_records_for_run(run_id, of_type=kind).records
    materialised = {event.asset_key.to_user_string() for event in events if event.asset_key is not None}
    return next((stage for table, stage in _STAGE_AFTER if table in materialised), "frames")
