"""Brings Dagster's databases up to the version of Dagster that is installed."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from wios_assets.errors import Conflict
from wios_assets.runs.instance import DAMAGED_FOLDER, dagster_instance
from wios_assets.settings import Settings
from wios_assets.update.backups import Backup

if TYPE_CHECKING:
    from dagster import DagsterInstance


def update_run_history(settings: Settings, backup: Backup) -> bool:
    """Migrate the databases of runs, events and schedules where they are older; False where they are not.

    Raises:
        WiosError: they cannot be opened, or are on a server, where `wios update` keeps no backup.
    """
    if not settings.dagster.is_dir():
        return False
    with dagster_instance(settings) as instance:
        if all(stored == head for stored, head in _versions(instance)):
            return False
        if settings.history_address:
            raise Conflict(
                f"{settings.history_address}: the run history is of another version of Dagster; back the database up, "
                f"then run `DAGSTER_HOME={settings.dagster} dagster instance migrate`"
            )
        for database in sorted(settings.dagster.rglob("*.db")):
            if DAMAGED_FOLDER not in database.relative_to(settings.dagster).parts:
                _keep(database, backup)
        # Dagster prints what it does, a line for each run.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            instance.upgrade()
    return True


def _versions(instance: DagsterInstance) -> list[tuple[object, object]]:
    """Revision of each storage's database, and the newest one."""
    storages = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    versions = [storage.alembic_version() for storage in storages if storage is not None]
    return [version for version in versions if version is not None]


def _keep(database: Path, backup: Backup) -> None:
    """Keep a database as it stands, with what is still in its journal."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / database.name
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        backup.keep_database(database, copy)
