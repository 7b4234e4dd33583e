"""The PostgreSQL server among the services: its programs, its files, and its first start.

Its folder is the user's own, so whoever reaches the socket is that user; PostgreSQL asks the system for the user's name
(https://www.postgresql.org/docs/current/auth-peer.html). Over TCP it asks for the password in the file `password`.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Unavailable
from wios_assets.runs.instance import ui_lock, ui_runs
from wios_assets.services.plan import DATABASE, FOLDER_VARIABLE, Service, log_file, services_folder
from wios_assets.settings import Settings

_USER = "wios"
_DATABASES = ("wios", "wios_history")
_DEFAULT_PORT = 5432
_SYSTEM_USER = "postgres"
"""User that the server runs as where WIOS runs as root, which PostgreSQL refuses; its packages make it."""
_INSTALLED = {"/usr/lib/postgresql": "*/bin", "/opt/homebrew/opt": "postgresql*/bin"}
"""Where Debian and Homebrew keep the versions, each in a folder of its own, off the PATH: root → pattern."""
_LONGEST_SOCKET = 103
"""Bytes of a socket's path that all systems allow."""
_START_S = 120.0
_PAUSE_S = 0.1


def has_database(settings: Settings) -> bool:
    """Whether a PostgreSQL server is among the services."""
    return settings.services.database != "none"


def is_made(settings: Settings) -> bool:
    """Whether the server was started before, so that there are files of it."""
    return _server_files(settings).is_dir()


def database_service(settings: Settings) -> Service:
    """The server as a service.

    Raises:
        WiosError: PostgreSQL is not installed, the package to connect is missing, the data folder's path is too long,
            or another server is set.
    """
    _check(settings)
    port, programs = settings.services.database_port, _programs(settings)
    probe = [str(programs / "pg_isready"), "-q", "-h", str(settings.database_folder), "-p", str(_port(settings))]
    return Service(
        DATABASE,
        f"PostgreSQL: {_uses(settings)}",
        _command(settings, programs),
        f"127.0.0.1:{port}" if port else str(database_socket(settings)),
        "WIOS_SERVICES__DATABASE_PORT",
        user=_SYSTEM_USER if os.getuid() == 0 else None,
        # A fast shutdown: SIGTERM would wait until every client has left.
        stop_signal="INT",
        probe=[*probe, "-U", _USER, "-d", "postgres"],
    )


def database_socket(settings: Settings) -> Path:
    """The server's Unix socket."""
    return settings.database_folder / f".s.PGSQL.{_port(settings)}"


@contextmanager
def running_database(settings: Settings) -> Iterator[None]:
    """The server, made where there is none, for the time of the block; nothing where none is among the services.

    Called while the data folder's lock is held, so that the server does not run already.

    Raises:
        WiosError: it cannot be made or does not start; see also `database_service`.
    """
    if not has_database(settings):
        yield
        return
    service = database_service(settings)
    _make(settings)
    log = log_file(settings, DATABASE)
    log.parent.mkdir(parents=True, exist_ok=True)
    begins = log.stat().st_size if log.is_file() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {FOLDER_VARIABLE: str(services_folder(settings))},
            cwd=settings.database_folder,
            **_identity(),
        )
    try:
        _wait_until_ready(service, process, log, begins)
        _make_databases(settings)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


@contextmanager
def reachable_database(settings: Settings) -> Iterator[None]:
    """The server for the time of the block, whether the services run or not.

    Raises:
        WiosError: see `running_database`.
    """
    if not has_database(settings) or ui_runs(settings):
        yield
        return
    with ui_lock(settings), running_database(settings):
        yield


def _check(settings: Settings) -> None:
    if settings.services.database in ("published", "both") and settings.publish.address:
        raise BadInput(
            f"services.database is {settings.services.database}, and publish.address names another server; unset one"
        )
    if settings.services.database in ("history", "both") and settings.history.address:
        raise BadInput(
            f"services.database is {settings.services.database}, and history.address names another server; unset one"
        )
    if find_spec("psycopg") is None:
        raise Unavailable("services.database: the package psycopg is missing; pip install 'wios-assets[sql]'")
    too_long = len(os.fsencode(database_socket(settings))) + len(".lock") - _LONGEST_SOCKET
    if too_long > 0:
        raise BadInput(
            f"{settings.database_folder}: its path is {too_long} bytes too long for PostgreSQL's socket; choose "
            "another data folder with WIOS_DATA"
        )


def _uses(settings: Settings) -> str:
    names = {"published": "published films", "history": "run history", "both": "published films, run history"}
    return names[settings.services.database]


def _port(settings: Settings) -> int:
    return settings.services.database_port or _DEFAULT_PORT


def _server_files(settings: Settings) -> Path:
    return settings.database_folder / "server"


def _command(settings: Settings, programs: Path) -> list[str]:
    listens = "127.0.0.1" if settings.services.database_port else ""
    command = [str(programs / "postgres"), "-D", str(_server_files(settings)), "-p", str(_port(settings))]
    return [*command, "-k", str(settings.database_folder), "-c", f"listen_addresses={listens}"]


def _programs(settings: Settings) -> Path:
    """Folder of PostgreSQL's programs, of the version that made the server's files.

    Raises:
        Unavailable: there is none.
    """
    folders = [folder for root, pattern in _INSTALLED.items() for folder in Path(root).glob(pattern)]
    if (on_path := shutil.which("postgres")) is not None:
        folders.append(Path(on_path).resolve().parent)
    versions = {version: folder for folder in folders if (version := _version(folder)) is not None}
    try:
        made_by = (_server_files(settings) / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError:
        made_by = None
    if made_by is None and versions:
        return versions[max(versions)]
    if made_by is not None and int(made_by) in versions:
        return versions[int(made_by)]
    if versions:
        raise Unavailable(
            f"{_server_files(settings)}: made by PostgreSQL {made_by}, which is not installed; install it, or move the "
            "folder away: `wios publish` fills a new one, and a run history in it begins anew"
        )
    raise Unavailable(
        "services.database: PostgreSQL is not installed; install it (`apt install postgresql`, `brew install "
        "postgresql`), or unset services.database"
    )


def _version(folder: Path) -> int | None:
    """Major version of the server in a folder; None where there is none with all of its programs."""
    if not all((folder / name).is_file() for name in ("postgres", "initdb", "pg_isready")):
        return None
    done = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)", done.stdout)
    return int(found[1]) if found is not None else None


def _identity() -> dict[str, Any]:
    """Arguments of `subprocess` that run a program as the server's user.

    Raises:
        Unavailable: WIOS runs as root, and there is no other user for it.
    """
    if os.getuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        raise Unavailable(
            f"services.database: PostgreSQL does not run as root, and there is no user {_SYSTEM_USER}; run wios as "
            "another user"
        ) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _make(settings: Settings) -> None:
    """Make the server's files where there are none, and say who may connect."""
    folder, files = settings.database_folder, _server_files(settings)
    identity = _identity()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if identity:
        shutil.chown(folder, identity["user"], identity["group"])
    if not is_made(settings):
        begun = files.with_name("server.new")
        shutil.rmtree(begun, ignore_errors=True)
        password = folder / "password"
        _write(password, f"{secrets.token_urlsafe(24)}\n", identity)
        locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        options = [f"--username={_USER}", f"--pwfile={password}", "--encoding=UTF8", f"--locale={locale}"]
        done = subprocess.run(
            [_programs(settings) / "initdb", "-D", begun, *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **identity,
        )
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            reason = lines[0] if lines else "initdb wrote no reason"
            reach = f"; the user {_SYSTEM_USER} must be able to reach it, or run wios as another user than root"
            raise Unavailable(f"{folder}: the database cannot be made ({reason}){reach if identity else ''}")
        begun.rename(files)
    system_user = pwd.getpwuid(os.getuid()).pw_name
    hosts = "".join(f"host all all {net} scram-sha-256\n" for net in ("127.0.0.1/32", "::1/128"))
    _write(files / "pg_hba.conf", f"local all all peer map={_USER}\n{hosts}", identity)
    _write(files / "pg_ident.conf", f'{_USER} "{system_user}" {_USER}\n', identity)


def _write(file: Path, text: str, identity: dict[str, Any]) -> None:
    write_atomic(file, text)
    file.chmod(0o600)
    if identity:
        shutil.chown(file, identity["user"], identity["group"])


def _wait_until_ready(service: Service, process: subprocess.Popen[bytes], log: Path, begins: int) -> None:
    deadline = time.monotonic() + _START_S
    while subprocess.run(service.probe or [], capture_output=True, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            with log.open("rb") as file:
                file.seek(begins)
                lines = file.read().decode("utf-8", "replace").strip().splitlines()
            fault = next((line for line in lines if "FATAL" in line or "could not" in line), "it wrote no reason")
            raise Unavailable(f"{service.name} does not start ({fault}); see {log}")
        time.sleep(_PAUSE_S)


def _make_databases(settings: Settings) -> None:
    import psycopg

    with psycopg.connect(
        host=str(settings.database_folder), port=_port(settings), user=_USER, dbname="postgres", autocommit=True
    ) as connection:
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in _DATABASES:
            if name not in there:
                connection.execute(f"CREATE DATABASE {name}".encode())
