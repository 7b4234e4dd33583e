"""Dagster's instance for a data folder: its home, its storage, and whether a daemon works on it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from filelock import FileLock, Timeout

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, Unavailable, explain
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

# A daemon reports every 30 seconds that it lives.
HEARTBEAT_S = 75.0
# Dagster puts the path into SQLAlchemy's address of the database as it is.
_UNUSABLE = re.compile(r"\?|%[0-9a-fA-F]{2}")
QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's home folder for these settings, with the package's dagster.yaml pointed at it; sets DAGSTER_HOME.

    Raises:
        BadInput: the folder's path has characters that Dagster's addresses of databases give another meaning.
        Unavailable: the package's dagster.yaml is missing, or the folder cannot be written.
    """
    source = Path(__file__).with_name("dagster.yaml")
    try:
        config = yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable(f"{source}: not found; install wios-assets again") from None
    home = settings.dagster
    if _UNUSABLE.search(str(home)):
        raise BadInput(
            f"{home}: Dagster's storage cannot be in a folder whose path has `?`, or `%` before two hexadecimal "
            "digits; set WIOS_DAGSTER to another folder"
        )
    config["storage"]["sqlite"]["base_dir"] = str(home)
    config["local_artifact_storage"]["config"]["base_dir"] = str(home)
    config["compute_logs"]["config"]["base_dir"] = str(home / "logs")
    text = f"# Made from {source.name} at every start.\n{yaml.safe_dump(config, sort_keys=False)}"
    target = home / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            write_atomic(target, text)
    except OSError as error:
        raise Unavailable(f"{home}: cannot be written ({error.strerror}); choose another with WIOS_DAGSTER") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's instance for these settings.

    Raises:
        WiosError: its storage cannot be opened or used, then or later.
    """
    home = prepare_dagster_home(settings)
    from dagster import DagsterError, DagsterInstance
    from sqlalchemy.exc import SQLAlchemyError

    try:
        instance = DagsterInstance.get()
    except (DagsterError, SQLAlchemyError, OSError) as error:
        reason = explain(error, [home])
        raise reason or Unavailable(
            f"{home}: Dagster's storage cannot be opened ({str(error).strip().partition(chr(10))[0]}); move the folder "
            f"away: the history of runs goes with it, films and names stay"
        ) from None
    with instance:
        try:
            yield instance
        except SQLAlchemyError as error:
            raise explain(error, [home]) or error from None


@contextmanager
def ui_lock(settings: Settings) -> Iterator[None]:
    """Held by `wios ui`, one per data folder.

    Raises:
        Conflict: another `wios ui` holds it.
    """
    try:
        # Longer than `daemon_runs` holds it.
        with FileLock(_ui_lock_file(settings), timeout=1):
            yield
    except Timeout:
        raise Conflict(f"{settings.data}: another `wios ui` is running on this data folder; end it first") from None


def daemon_runs(settings: Settings, instance: DagsterInstance) -> bool:
    """Whether a daemon takes runs from this instance's queue: that of `wios ui`, or one started by other means."""
    if ui_runs(settings):
        return True
    beat = instance.get_daemon_heartbeats().get(QUEUE_DAEMON)
    return beat is not None and time.time() - beat.timestamp < HEARTBEAT_S


def ui_runs(settings: Settings) -> bool:
    """Whether `wios ui` runs on this data folder."""
    if not settings.dagster.is_dir():
        return False
    try:
        with FileLock(_ui_lock_file(settings), timeout=0):
            return False
    except Timeout:
        return True


def _ui_lock_file(settings: Settings) -> Path:
    return settings.dagster / ".ui.lock"
