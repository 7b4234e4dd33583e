"""`wios up` and what belongs to it: real services, killed in every way; each answer is one line without a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from wios_assets.services.leftovers import leftovers
from wios_assets.services.plan import read_plan, services_folder
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.services.machine import Machine, free_port, wait_for


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
    machine.wait_until_well("page", not_pid=first["page"]["pid"])
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


@pytest.mark.slow
@pytest.mark.devset
def test_a_film_is_analysed_by_a_cluster_among_the_services(machine: Machine, devset: Path) -> None:
    port = free_port()
    machine.environment |= {"WIOS_SPARK_MASTER": f"spark://127.0.0.1:{port}", "WIOS_SERVICES__CLUSTER": "both"}
    machine.environment["WIOS_INBOX__SETTLE_SECONDS"] = "0"
    up = machine("up")
    assert up.returncode == 0, up.stderr
    worker = machine.wait_until_well("spark-worker")
    assert machine.states()["spark-master"]["address"] == f"127.0.0.1:{port}"
    cluster = [process for process in leftovers(machine.settings) if "deploy" in " ".join(process.cmdline())]
    listening = [each for process in cluster for each in process.net_connections("tcp") if each.status == "LISTEN"]
    assert len(cluster) == 2
    assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}

    clip = devset / "clips" / "obama_speech.mp4"
    gallery = devset / "ident" / "gallery"
    added = machine(
        "film", "add", str(clip), "--gallery", str(gallery), "--cast", "barack_obama", "--cast", "joe_biden"
    )
    assert added.returncode == 0, added.stderr
    run = machine("run", "obama_speech")
    assert run.returncode == 0, run.stderr
    assert "Successfully registered with master" in machine("logs", "spark-worker").stdout
    assert "Launching executor" in machine("logs", "spark-master", "--lines", "1000").stdout

    os.kill(worker["pid"], signal.SIGKILL)
    machine.wait_until_well("spark-worker", not_pid=worker["pid"])
    assert machine("down").stdout == "ended\n"
    assert leftovers(machine.settings) == []
