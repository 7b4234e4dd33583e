"""`wios up` and what belongs to it: real services, killed in every way; each answer is one line without a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from wios_assets.services.leftovers import leftovers
from wios_assets.services.plan import read_plan, services_folder
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import Wios

PATIENCE_S = 120.0


@dataclass
class Machine:
    """`wios` over a data folder of its own, each command in a process of its own."""

    data: Path
    port: int

    @property
    def settings(self) -> Settings:
        return load_settings(data=self.data, page_port=self.port)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
        environment |= {"WIOS_DATA": str(self.data), "WIOS_PAGE_PORT": str(self.port)}
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def states(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in json.loads(self("status", "--json").stdout)["services"]}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(what: str, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if result := look():
            return result
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "my films; 50%", free_port())
    yield machine
    machine("down")
    plan = read_plan(machine.settings)
    if plan is not None:
        shutil.rmtree(plan.run_folder, ignore_errors=True)


def test_commands_without_services_say_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path, monkeypatch, capsys)
    down = wios("down")
    assert (down.code, down.out, down.err) == (0, f"{tmp_path}: no services run\n", "")
    for command in (["status"], ["restart"], ["restart", "page"]):
        done = wios(*command)
        assert (done.code, done.out) == (1, "")
        assert done.err == f"wios: {tmp_path}: no services run; `wios up` starts them\n"
    logs = wios("logs")
    assert (logs.code, logs.err) == (1, f"wios: {tmp_path}: no services ever ran; `wios up` starts them\n")
    nothing = json.loads(wios("status", "--json").out)
    assert (nothing["running"], nothing["services"]) == (False, [])


@pytest.mark.slow
def test_a_port_in_use_is_said_with_the_service_and_nothing_is_left_running(machine: Machine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", machine.port))
        other.listen()
        up = machine("up")
    assert up.returncode == 1
    assert f"wios: 127.0.0.1:{machine.port}, of the service page, cannot be listened on" in up.stderr
    assert len(up.stderr.splitlines()) == 2
    assert leftovers(machine.settings) == []


@pytest.mark.slow
def test_services_run_until_they_are_ended_whatever_is_killed(machine: Machine) -> None:
    up = machine("up")
    assert up.returncode == 0, up.stderr
    assert f"http://127.0.0.1:{machine.port}/dagster/" in up.stdout
    first = machine.states()
    assert list(first) == ["code-server", "page", "daemon"]
    assert {each["state"] for each in first.values()} == {"running"}
    assert first["page"]["address"] == f"127.0.0.1:{machine.port}"

    again = machine("up")
    assert (again.returncode, len(again.stdout.splitlines())) == (0, 1)
    assert "runs already" in again.stdout
    for command in ("ui", "update"):
        refused = machine(command)
        assert refused.returncode == 1
        assert "`wios down` ends it" in refused.stderr.splitlines()[-1]

    os.kill(first["page"]["pid"], signal.SIGKILL)

    def is_back() -> bool:
        page = machine.states()["page"]
        return bool(page["well"] and page["pid"] != first["page"]["pid"])

    wait_for("the page, started again", is_back)
    assert machine.states()["daemon"]["pid"] == first["daemon"]["pid"]
    assert machine("restart", "daemon").stdout == "started anew: daemon\n"
    assert machine.states()["daemon"]["pid"] != first["daemon"]["pid"]
    unknown = machine("restart", "webserver")
    assert "no such service; there are code-server, page, daemon" in unknown.stderr
    logged = machine("logs", "supervisor", "--lines", "200").stdout
    assert "exited: page (terminated by SIGKILL; not expected)" in logged

    supervisor = int((services_folder(machine.settings) / "supervisor.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    wait_for("its end", lambda: not psutil.pid_exists(supervisor))
    status = machine("status")
    assert (status.returncode, status.stdout, len(status.stderr.splitlines())) == (1, "", 1)
    assert "no services run" in status.stderr
    assert machine("down").returncode == 0
    assert leftovers(machine.settings) == []
    assert machine("down").stdout == f"{machine.data}: no services run\n"
