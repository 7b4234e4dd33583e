"""Dagster's code server and daemon, and the page with Dagster's page in it: started together and ended together."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import yaml

from wios_assets.errors import Unavailable
from wios_assets.runs.instance import dagster_instance, prepare_dagster_home, ui_lock
from wios_assets.settings import FOLDERS, Settings, address, package_parent, settings_file

DEFINITIONS = "wios_assets.definitions"
PAUSE_S = 0.25
ENDED_WITHIN_S = 30


def serve(settings: Settings, ready: Callable[[str, str], None]) -> int:
    """Start Dagster and the page and wait until one of them ends; returns its exit code.

    Args:
        ready: called with the page's address and Dagster's, once both answer.

    Raises:
        WiosError: a port is in use, others could reach the page and no token is set, or one ends before it answers.
    """
    from wios_assets.page.security import required_token
    from wios_assets.runs.processes import end_dead_runs

    required_token(settings)
    _check_free(settings.page_host, settings.page_port, "--port or WIOS_PAGE_PORT")
    home = prepare_dagster_home(settings)
    for folder in (settings.films, settings.galleries, settings.imdb):
        folder.mkdir(parents=True, exist_ok=True)
    with dagster_instance(settings):
        # Damaged databases are set aside only while no `wios ui` runs.
        pass
    with ui_lock(settings):
        with dagster_instance(settings) as instance:
            end_dead_runs(settings, instance, daemon=False)
        try:
            return _serve(settings, home, ready)
        finally:
            # The daemon's last sign of life would be taken for a daemon that still takes runs.
            with dagster_instance(settings) as instance:
                instance.wipe_daemon_heartbeats()


def _serve(settings: Settings, home: Path, ready: Callable[[str, str], None]) -> int:
    environment = os.environ | {
        "LANG": "en_US.UTF-8",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "WIOS_PAGE_PORT": str(settings.page_port),
        # They start in another folder, from which a relative path would lead elsewhere.
        "WIOS_CONFIG": str(settings_file().resolve()),
        **{f"WIOS_{name.upper()}": str(getattr(settings, name)) for name in ("data", "cache", *FOLDERS)},
    }
    # A short path: a Unix socket's may have about 100 characters.
    with tempfile.TemporaryDirectory(prefix="wios-") as folder, _ended_together() as start:
        endpoint, workspace = Path(folder) / "code.sock", Path(folder) / "workspace.yaml"
        location = {"grpc_server": {"socket": str(endpoint), "location_name": DEFINITIONS}}
        workspace.write_text(yaml.safe_dump({"load_from": [location]}), encoding="utf-8")
        # The page and the daemon share one code server, so that the definitions are loaded once.
        code_server = start(_code_server(endpoint), home, environment, None)
        _wait_for("Dagster's code server", code_server, lambda: _listens(endpoint))
        page = start([sys.executable, "-m", "wios_assets.page", str(workspace)], home, environment, None)
        daemon = start(_daemon(workspace), home, environment, None)
        answers = functools.partial(_answers, settings.page_host, settings.page_port, "/static/icon.svg")
        _wait_for("the page", page, answers)
        here = address(settings.page_host, settings.page_port)
        ready(here, f"{here}/dagster/")
        while True:
            for process in (page, code_server, daemon):
                if process.poll() is not None:
                    return process.returncode
            time.sleep(PAUSE_S)


def _code_server(endpoint: Path) -> list[str]:
    command = [sys.executable, "-m", "dagster", "code-server", "start", "--socket", str(endpoint)]
    command += ["--module-name", DEFINITIONS, "--location-name", DEFINITIONS]
    return [*command, "--working-directory", str(package_parent()), "--log-level", "warning"]


def _daemon(workspace: Path) -> list[str]:
    script = Path(sysconfig.get_path("scripts")) / "dagster-daemon"
    return [str(script), "run", "--workspace", str(workspace), "--log-level", "warning"]


def _wait_for(name: str, process: subprocess.Popen[bytes], is_up: Callable[[], bool]) -> None:
    while not is_up():
        if process.poll() is not None:
            raise Unavailable(f"{name} ended with code {process.returncode} before it answered; see above")
        time.sleep(PAUSE_S)


def _listens(endpoint: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(endpoint))
        except OSError:
            return False
    return True


@contextmanager
def _ended_together() -> Iterator[Callable[[list[str], Path, dict[str, str], int | None], subprocess.Popen[bytes]]]:
    """Gives what starts processes; whatever happens to this one, they are ended with it."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        command: list[str], folder: Path, environment: dict[str, str], out: int | None
    ) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=out))
        return started[-1]

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    # Started in the background by a shell, they would inherit that Ctrl-C is ignored, and Dagster ends by nothing else.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield start
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupt)
        for process in started:
            if process.poll() is None:
                process.terminate()
        for process in started:
            try:
                process.wait(timeout=ENDED_WITHIN_S)
            except subprocess.TimeoutExpired:
                for child in psutil.Process(process.pid).children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        child.kill()
                process.kill()


def _check_free(host: str, port: int, remedy: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"{host}:{port} cannot be listened on ({error.strerror}); end the other program, or choose another "
                f"port with {remedy}"
            ) from None


def _answers(host: str, port: int, path: str) -> bool:
    import urllib.error
    import urllib.request

    # An address that means every one of this machine is asked at one that it has.
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with urllib.request.urlopen(f"{address(asked, port)}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
