"""Dagster's instance for a data folder: its home, its storage, and whether a daemon works on it."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from filelock import FileLock, Timeout

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, Unavailable, WiosError, explain, file_error
from wios_assets.runs.processes import lives
from wios_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

# A daemon reports every 30 seconds that it lives.
HEARTBEAT_S = 75.0
# Dagster puts the path into SQLAlchemy's address of the database as it is.
_UNUSABLE = re.compile(r"\?|%[0-9a-fA-F]{2}")
QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
BUSY_S = 30.0
"""How long SQLite waits for another program's lock on a database, in seconds."""
DAMAGED_FOLDER = "damaged"
"""Folder in Dagster's home that damaged databases are moved to."""
_OPENING_TIMEOUT_S = 120.0
_JOURNALS = ("-wal", "-shm", "-journal")


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's home folder for these settings, with the package's dagster.yaml pointed at it; sets DAGSTER_HOME.

    Raises:
        BadInput: the folder's path has characters that Dagster's addresses of databases give another meaning.
        Unavailable: the package's dagster.yaml is missing, the folder cannot be written, or `history.address` is set
            and dagster-postgres is not installed.
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
    if settings.history_address:
        _require_postgres()
        # Without a password: libpq takes it from PGPASSWORD or ~/.pgpass in every process that opens the history.
        # Dagster needs psycopg2, which SQLAlchemy does not take by itself.
        address = settings.history_address.replace("postgresql://", "postgresql+psycopg2://", 1)
        config["storage"] = {"postgres": {"postgres_url": address}}
    else:
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
        raise file_error(home, error, "written", "choose another with WIOS_DAGSTER") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def _require_postgres() -> None:
    if find_spec("dagster_postgres") is None:
        raise Unavailable("the package dagster-postgres is missing; pip install 'wios-assets[sql]'")


def _history_failure(settings: Settings, error: Exception) -> WiosError | None:
    """The error for a PostgreSQL database that fails; None where the history is in SQLite files."""
    if not settings.history_address:
        return None
    cause = error.__cause__ or error
    line = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    remedy = (
        "see that the server runs, the user, and the password in PGPASSWORD or ~/.pgpass; docs/sql.md"
        if settings.history.address
        else "`wios up` starts its server, `wios status` shows how it is"
    )
    return Unavailable(f"{settings.history_address}: Dagster's run history cannot be used ({line}); {remedy}")


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's instance for these settings.

    Databases that are damaged are moved into the folder `damaged`, with a line on standard error: the history of runs
    begins anew, and films, names and decisions stay. A database that another program has locked is waited for.

    Raises:
        WiosError: its storage cannot be opened or used, then or later.
    """
    home = prepare_dagster_home(settings)
    from sqlalchemy.exc import SQLAlchemyError

    wait_for_locks()
    instance = _open_instance(settings, home)
    with instance:
        try:
            yield instance
        except SQLAlchemyError as error:
            if _is_damage(error):
                # Processes that have the databases open go on with them until they end.
                _damage_mark(home).touch()
            raise _history_failure(settings, error) or explain(error, [home]) or error from None


def wait_for_locks() -> None:
    """Have SQLite wait `BUSY_S` for other programs' locks, on every connection that SQLAlchemy opens in this process.

    Python's default of five seconds is shorter than what a backup or a browser of databases may take.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _set_busy_timeout):
        event.listen(Engine, "connect", _set_busy_timeout)


def _set_busy_timeout(connection: object, _: object) -> None:
    """Called by SQLAlchemy with each new DBAPI connection."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000:.0f}")


def _open_instance(settings: Settings, home: Path) -> DagsterInstance:
    """Dagster's instance at DAGSTER_HOME, opened again where damaged databases could be set aside.

    One process at a time: two first commands would create the same tables.

    Raises:
        WiosError: its storage cannot be opened.
    """
    from dagster import DagsterError, DagsterInstance
    from sqlalchemy.exc import SQLAlchemyError

    failures: tuple[type[Exception], ...] = (DagsterError, SQLAlchemyError, OSError)
    if settings.history_address:
        from dagster_postgres.utils import DagsterPostgresException

        failures += (DagsterPostgresException,)
    try:
        with FileLock(home / ".open.lock", timeout=_OPENING_TIMEOUT_S):
            if _damage_mark(home).exists():
                _set_aside_damaged(settings, home)
            try:
                return DagsterInstance.get()
            except failures:
                if not _set_aside_damaged(settings, home):
                    raise
            return DagsterInstance.get()
    except Timeout:
        raise Conflict(
            f"{home}: another command is still opening the history of runs; wait until it has ended"
        ) from None
    except failures as error:
        raise _history_failure(settings, error) or explain(error, [home]) or _unusable_home(home, error) from None


def _unusable_home(home: Path, error: Exception) -> Unavailable:
    line = str(error).strip().partition("\n")[0]
    return Unavailable(
        f"{home}: Dagster's storage cannot be opened ({line}); move the folder away: the history of runs goes with it, "
        "films and names stay"
    )


def _is_damage(error: Exception) -> bool:
    text = str(error)
    return "malformed" in text or "not a database" in text


def _damage_mark(home: Path) -> Path:
    """File that says that a database was found damaged while it was used."""
    return home / ".damaged"


def _set_aside_damaged(settings: Settings, home: Path) -> list[Path]:
    """Move each damaged database, with its journals, into `damaged/<time>`; returns where they were.

    Raises:
        Conflict: `wios ui` works with them.
    """
    damaged = [file for file in sorted(home.rglob("*.db")) if not _is_set_aside(home, file) and not _is_sound(file)]
    if damaged and ui_runs(settings):
        raise Conflict(f"{_listed(damaged)}: damaged; end `wios ui` and start it again, which sets it aside")
    kept = home / DAMAGED_FOLDER / time.strftime("%Y%m%d-%H%M%S")
    for database in damaged:
        for file in (database, *(database.with_name(database.name + end) for end in _JOURNALS)):
            with suppress(FileNotFoundError):
                target = kept / file.relative_to(home)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
    _damage_mark(home).unlink(missing_ok=True)
    if damaged:
        print(
            f"wios: {_listed(damaged)}: damaged, and moved to {kept}; the history of runs begins anew; films, names "
            "and decisions stay",
            file=sys.stderr,
        )
    return damaged


def _is_set_aside(home: Path, file: Path) -> bool:
    return DAMAGED_FOLDER in file.relative_to(home).parts


def _is_sound(database: Path) -> bool:
    """Whether SQLite can read a file throughout; one that cannot be opened, or is locked, counts as sound."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(database, timeout=0)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:
            return False
    return True


def _listed(files: list[Path]) -> str:
    return ", ".join(map(str, files))


@contextmanager
def ui_lock(settings: Settings) -> Iterator[None]:
    """Held by the supervisor of `wios ui` or `wios up`, one per data folder.

    Raises:
        Conflict: another one holds it.
    """
    try:
        # Longer than `daemon_runs` holds it.
        with FileLock(_ui_lock_file(settings), timeout=1):
            yield
    except Timeout:
        raise _services_run(settings) from None


def refuse_second(settings: Settings) -> None:
    """Refuse to start services on a data folder on which they run.

    Raises:
        Conflict: they run.
    """
    if ui_runs(settings):
        raise _services_run(settings)


def _services_run(settings: Settings) -> Conflict:
    return Conflict(
        f"{settings.data}: another `wios ui` or `wios up` is running on this data folder; `wios down` ends it"
    )


def daemon_runs(settings: Settings, instance: DagsterInstance) -> bool:
    """Whether a daemon takes runs from this instance's queue: that of `wios ui`, or one started by other means.

    Where the daemon of a killed `wios ui` is gone, its last sign of life is removed, so that its runs are seen to be
    dead at once. A daemon that was started by other means gives the next one within half a minute.
    """
    if ui_runs(settings):
        return True
    noted = noted_daemon(settings)
    if noted is not None and not lives(noted):
        forget_daemon(settings, instance)
        return False
    beat = instance.get_daemon_heartbeats().get(QUEUE_DAEMON)
    return beat is not None and time.time() - beat.timestamp < HEARTBEAT_S


def ui_runs(settings: Settings) -> bool:
    """Whether the supervisor of `wios ui` or `wios up` runs on this data folder."""
    if not settings.dagster.is_dir():
        return False
    try:
        with FileLock(_ui_lock_file(settings), timeout=0):
            return False
    except Timeout:
        return True


def note_daemon(settings: Settings, process: str) -> None:
    """Note the identity of the process that is about to become the data folder's daemon."""
    write_atomic(_daemon_file(settings), process)


def forget_daemon(settings: Settings, instance: DagsterInstance) -> None:
    """Remove the note of the daemon and its last sign of life, which would be taken for a daemon that still runs."""
    instance.wipe_daemon_heartbeats()
    _daemon_file(settings).unlink(missing_ok=True)


def noted_daemon(settings: Settings) -> str | None:
    """Identity of the process that became the data folder's daemon last; None where it is not known."""
    try:
        return _daemon_file(settings).read_text(encoding="utf-8")
    except OSError:
        return None


def _daemon_file(settings: Settings) -> Path:
    return settings.dagster / ".daemon"


def _ui_lock_file(settings: Settings) -> Path:
    return settings.dagster / ".ui.lock"
