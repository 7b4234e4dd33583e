"""Films that an older engine, setting, photo or decision made, and so are to be renewed."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wios_assets.atomic import write_atomic
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.lake.store import finished_films
from wios_assets.runs.held_databases import held_databases
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance


def stale_films(settings: Settings) -> dict[str, list[str]]:
    """Analysed films of the inbox that are not up to date, with their stale tables, in order of the graph.

    Loads Dagster only where something changed since it was last asked; then it takes some seconds. Changes of files
    outside of Dagster count once a sensor or a request for a run reported them.

    Raises:
        WiosError: Dagster's storage cannot be used.
    """
    analysed = finished_films(settings.lake)
    if not analysed or not (settings.dagster / "history").is_dir():
        return {}
    tables = _kept(settings)
    if tables is None or set(tables) != set(analysed):
        with held_databases(), dagster_instance(settings) as instance:
            tables = stale_now(settings, instance, analysed)
        _keep(settings, tables)
    present = {film for film, entry in read_index(index_path(settings)).films.items() if entry.present}
    return {film: stale for film, stale in tables.items() if stale and film in present}


def kept_stale_films(settings: Settings) -> dict[str, list[str]] | None:
    """What `stale_films` gives without Dagster, of films that are not in the inbox as well; None where it needs it."""
    return _kept(settings) if finished_films(settings.lake) else {}


def keep_after_runs(
    settings: Settings, instance: DagsterInstance, before: dict[str, list[str]] | None, films: list[str]
) -> None:
    """Keep what `stale_films` gives after runs of some films, while Dagster is loaded.

    A run leaves the state of other films as it is, so the time that it takes does not grow with the library.

    Args:
        before: what `kept_stale_films` gave before the runs.
        films: the films that were run.
    """
    analysed = finished_films(settings.lake)
    before = before or {}
    others = [film for film in analysed if film not in films]
    if not set(others) <= set(before):
        return
    with held_databases():
        tables = stale_now(settings, instance, [film for film in analysed if film in films])
    _keep(settings, {film: before[film] for film in others} | tables)


def stale_now(settings: Settings, instance: DagsterInstance, films: list[str]) -> dict[str, list[str]]:
    """Stale tables of each film under these settings; see `automation.stale.stale_tables`."""
    from wios_assets.automation.stale import stale_tables
    from wios_assets.definitions import build_definitions

    return stale_tables(instance, build_definitions(settings).resolve_asset_graph(), films)


def forget_stale_films(settings: Settings) -> None:
    """Remove what `stale_films` kept, which names films."""
    _file(settings).unlink(missing_ok=True)


def _keep(settings: Settings, tables: dict[str, list[str]]) -> None:
    """Keep what was found, so that `_kept` gives it without Dagster until something changes."""
    write_atomic(_file(settings), json.dumps({"state": _state(settings), "tables": tables}))


def _kept(settings: Settings) -> dict[str, list[str]] | None:
    """What was found last for all films; None where settings, code or Dagster's history changed since."""
    with suppress(OSError, ValueError, KeyError):
        kept = json.loads(_file(settings).read_text(encoding="utf-8"))
        if kept["state"] == _state(settings):
            return dict(kept["tables"])
    return None


def _file(settings: Settings) -> Path:
    return settings.data / ".stale.json"


def _state(settings: Settings) -> str:
    """Hash of all that staleness rests on: settings, code, and Dagster's record of events."""
    package = Path(__file__).resolve().parents[1]
    newest = max(path.stat().st_mtime_ns for path in package.rglob("*.py"))
    history = settings.dagster / "history" / "runs" / "index.db"
    stamps = []
    for file in (history, history.with_name("index.db-wal")):
        with suppress(FileNotFoundError):
            stamps.append((file.stat().st_size, file.stat().st_mtime_ns))
    parts = [settings.model_dump_json(), str(newest), str(stamps)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]
