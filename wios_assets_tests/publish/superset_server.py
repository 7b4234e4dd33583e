"""A real Apache Superset for tests, from an environment of its own that `WIOS_SUPERSET` names."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

VARIABLE = "WIOS_SUPERSET"
USER = "admin"
_START_S = 300.0


@dataclass(frozen=True)
class RunningSuperset:
    """A Superset without examples on loopback.

    Attributes:
        address: where it answers.
        password: the password of the administrator `USER`.
    """

    address: str
    password: str


def missing_reason() -> str | None:
    """Why Superset cannot be started here; None where it can."""
    named = os.environ.get(VARIABLE)
    if not named:
        return f"Superset takes minutes to install and start; {VARIABLE} names its command (CONTRIBUTING.md)"
    return None if Path(named).is_file() else f"{VARIABLE}: there is no {named}"


@contextmanager
def running(folder: Path) -> Iterator[RunningSuperset]:
    """A Superset whose own database is an SQLite file in `folder`."""
    command = os.environ[VARIABLE]
    password = secrets.token_hex(8)
    configuration = folder / "superset_config.py"
    configuration.write_text(
        f"SECRET_KEY = {secrets.token_hex(32)!r}\nDATA_DIR = {str(folder)!r}\n"
        f"SQLALCHEMY_DATABASE_URI = {f'sqlite:///{folder}/superset.db'!r}\n"
    )
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = {**kept, "SUPERSET_CONFIG_PATH": str(configuration), "FLASK_APP": "superset"}
    person = ["--username", USER, "--firstname", "A", "--lastname", "B", "--email", "a@example.org"]
    for arguments in (["db", "upgrade"], ["fab", "create-admin", *person, "--password", password], ["init"]):
        done = subprocess.run(
            [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [command, "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"],
            cwd=folder, env=environment, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        superset = RunningSuperset(f"http://127.0.0.1:{port}", password)
        _wait_for(superset, process, log)
        yield superset
    finally:
        process.terminate()
        process.wait()


def _wait_for(superset: RunningSuperset, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(f"{superset.address}/health", timeout=10).ok:
                return
        time.sleep(0.5)
    raise AssertionError(f"Superset did not start: {log.read_text(errors='replace')[-2000:]}")
