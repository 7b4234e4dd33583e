"""Real database servers for tests, each on a Unix socket of its own in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

POSTGRES_FOLDERS = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/bin")]
_START_S = 60.0
PASSWORD = "Gr8 p@ss/w0rd%"
"""With characters that an address would need to escape."""


@dataclass(frozen=True)
class RunningServer:
    """A server with a database `wios`, owned by the user `wios` with `PASSWORD`.

    Attributes:
        kind: postgresql or mariadb.
        process: the server's process.
        admin: command line of the server's client as its administrator, to which SQL is given on standard input.
        socket: folder of the socket (PostgreSQL), or the socket.
        data: folder that the server may write to.
    """

    kind: str
    process: subprocess.Popen[bytes]
    admin: list[str]
    socket: Path
    data: Path

    def address(self, database: str = "wios", user: str = "wios") -> str:
        """Its address, without a password."""
        socket = quote(str(self.socket), safe="")
        if self.kind == "postgresql":
            return f"postgresql://{user}@/{database}?host={socket}"
        return f"mariadb://{user}@localhost/{database}?unix_socket={socket}"

    def run(self, sql: str, database: str = "") -> str:
        """Output of SQL that the administrator runs; columns are separated by tabs."""
        chosen = database or ("postgres" if self.kind == "postgresql" else "mysql")
        done = subprocess.run([*self.admin, chosen], input=sql, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_database(self, database: str) -> None:
        """A new empty database of the user `wios`."""
        if self.kind == "postgresql":
            self.run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE);\nCREATE DATABASE "{database}" OWNER wios;')
        else:
            self.run(
                f"DROP DATABASE IF EXISTS `{database}`; CREATE DATABASE `{database}`;"
                f"GRANT ALL ON `{database}`.* TO wios@localhost WITH GRANT OPTION;"
            )


def missing_reason(kind: str) -> str | None:
    """Why a server cannot be started here; None where it can."""
    if kind == "postgresql":
        return None if _postgres_folder() else "PostgreSQL is not installed (apt install postgresql)"
    found = _mariadbd() and shutil.which("mariadb-install-db")
    return None if found else "MariaDB is not installed (apt install mariadb-server)"


@contextmanager
def running(kind: str, *options: str, durable: bool = False) -> Iterator[RunningServer]:
    """A server with its own data folder, ended and removed afterwards.

    Args:
        options: further options of the server.
        durable: whether commits wait for the disk, as in earnest.
    """
    # Below /tmp: the path of a socket has at most 107 characters, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="wios-sql-", dir="/tmp"))
    folder.chmod(0o755)
    server = (_start_postgresql if kind == "postgresql" else _start_mariadb)(folder, list(options), durable)
    try:
        yield server
    finally:
        # At once, without the care for data that is removed anyway.
        server.process.send_signal(signal.SIGQUIT if kind == "postgresql" else signal.SIGKILL)
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _as_user(name: str) -> dict[str, int | str | list[int]]:
    """Arguments of `subprocess` that run a command as another user; none where this is not root."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _postgres_folder() -> Path | None:
    return next((folder for folder in POSTGRES_FOLDERS if (folder / "postgres").is_file()), None)


def _mariadbd() -> str | None:
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _own(folder: Path, name: str) -> Path:
    folder.mkdir()
    if os.getuid() == 0:
        shutil.chown(folder, name)
    return folder


def _start_postgresql(folder: Path, options: list[str], durable: bool) -> RunningServer:
    binaries = _postgres_folder()
    assert binaries is not None
    own = _own(folder / "own", "postgres")
    as_user = _as_user("postgres")
    data = own / "data"
    making = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-sync"]
    subprocess.run(
        [binaries / "initdb", "-D", data, *making],
        check=True,
        capture_output=True,
        cwd=own,
        **as_user,  # type: ignore[call-overload]
    )
    (data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binaries / "postgres", "-D", data, "-k", own, "-c", "listen_addresses=",
                *([] if durable else ["-c", "fsync=off"]), *options,
            ],
            stdout=log, stderr=log, cwd=own, **as_user,  # type: ignore[call-overload]
        )  # fmt: skip
    quiet = ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    admin = [str(binaries / "psql"), *quiet, "-h", str(own), "-U", "postgres", "-d"]
    server = RunningServer("postgresql", process, admin, own, own)
    _wait_for(server)
    server.run(f"CREATE ROLE wios LOGIN CREATEROLE PASSWORD '{PASSWORD}';")
    server.make_database("wios")
    return server


def _start_mariadb(folder: Path, options: list[str], durable: bool) -> RunningServer:
    own = _own(folder / "own", "mysql")
    as_user = _as_user("mysql")
    data, socket = own / "data", own / "s"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"],
        check=True, capture_output=True, cwd=own, **as_user,  # type: ignore[call-overload]
    )  # fmt: skip
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                str(_mariadbd()), "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
                f"--pid-file={own / 'pid'}",
                *([] if durable else ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"]), *options,
            ],
            stdout=log, stderr=log, cwd=own, **as_user,  # type: ignore[call-overload]
        )  # fmt: skip
    admin = ["mariadb", "--no-defaults", f"--socket={socket}", "-u", "root", "--batch", "--skip-column-names"]
    server = RunningServer("mariadb", process, admin, socket, own)
    _wait_for(server)
    server.run(f"CREATE USER wios@localhost IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO wios@localhost;")
    server.make_database("wios")
    return server


def _wait_for(server: RunningServer) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(AssertionError):
            server.run("SELECT 1;")
            return
        time.sleep(0.1)
    raise AssertionError(f"{server.kind} did not start")
