"""Which services are started, and with what configuration of supervisord."""

from __future__ import annotations

import configparser
import os
import shlex
import socket
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from wios_assets.errors import BadInput, Unavailable
from wios_assets.runs.instance import daemon_runs, dagster_instance, note_daemon
from wios_assets.runs.processes import process_identity
from wios_assets.services.endpoints import check_free, is_connected, listens
from wios_assets.services.plan import (
    Plan,
    Service,
    host_and_port,
    read_plan,
    run_folder,
    services_folder,
    services_of,
    write_plan,
)
from wios_assets.services.supervise import _configuration, _environment
from wios_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def names(settings: Settings) -> list[str]:
    return [service.name for service in services_of(settings, Path("/run"))]


def test_page_and_daemon_wait_for_the_code_server_that_they_share(settings: Settings) -> None:
    code, page, daemon = services_of(settings, Path("/run"))
    assert [code.name, page.name, daemon.name] == ["code-server", "page", "daemon"]
    assert code.address == page.after == daemon.after == "/run/code.sock"
    assert host_and_port(page.address or "") == ("127.0.0.1", 3001)
    assert host_and_port("[::1]:3001") == ("::1", 3001)
    assert host_and_port(code.address or "") is None


def test_a_cluster_is_among_the_services_where_it_is_set(tmp_path: Path) -> None:
    both = load_settings(data=tmp_path, spark_master="spark://nas.local:7077", services={"cluster": "both"})
    assert names(both)[:2] == ["spark-master", "spark-worker"]
    master, worker, *_ = services_of(both, Path("/run"))
    assert master.address == worker.after == worker.connected_to == "nas.local:7077"
    assert worker.command[3:] == ["cluster", "worker", "spark://nas.local:7077", "--host", "nas.local"]
    elsewhere = load_settings(
        data=tmp_path,
        spark_master="spark://nas.local:7077",
        services={"cluster": "worker"},
        spark={"driver_host": "desk.local"},
    )
    lent = services_of(elsewhere, Path("/run"))[0]
    assert (lent.after, lent.connected_to) == (None, "nas.local:7077")
    with pytest.raises(BadInput, match="set WIOS_SPARK_MASTER to spark://HOST:PORT"):
        names(load_settings(data=tmp_path, services={"cluster": "master"}))
    with pytest.raises(BadInput, match="set WIOS_SPARK__DRIVER_HOST to this machine's name"):
        names(load_settings(data=tmp_path, spark_master="spark://nas:7077", services={"cluster": "worker"}))


@pytest.mark.parametrize("name", ["plain", "a b", "50%s (x)", "x;y", "x #y", "it's", "ü"])
def test_supervisord_reads_its_configuration_whatever_characters_the_folder_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from supervisor.options import ServerOptions

    settings = load_settings(data=tmp_path / name, services={"log_megabytes": 7, "log_files": 2})
    folder = services_folder(settings)
    (folder / "logs").mkdir(parents=True)
    for variable, value in _environment(settings).items():
        monkeypatch.setenv(variable, value)
    config = folder / "supervisord.conf"
    config.write_text(_configuration(settings, services_of(settings, run_folder(settings))), encoding="utf-8")
    monkeypatch.chdir(folder)
    options = ServerOptions()
    options.realize(["-n", "-c", str(config)], doc="")
    assert options.logfile == str(folder / "logs" / "supervisor.log")
    assert options.pidfile == str(folder / "supervisor.pid")
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert list(programs) == ["code-server", "page", "daemon"]
    assert (folder / programs["page"].stdout_logfile).parent == folder / "logs"
    assert programs["page"].stdout_logfile_maxbytes == 7 * 1024 * 1024
    assert programs["page"].stdout_logfile_backups == 2
    assert shlex.split(programs["page"].command)[0] == sys.executable


def test_no_path_stands_in_the_configuration(settings: Settings) -> None:
    text = _configuration(settings, services_of(settings, Path("/run")))
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    assert str(settings.data) not in text
    assert parsed["program:daemon"]["autorestart"] == "true"


def test_a_port_in_use_is_said_with_the_service_and_the_program(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            check_free(Service("page", "the page", [], f"127.0.0.1:{port}", "--port or WIOS_PAGE_PORT"))
    message = str(caught.value)
    assert message.startswith(f"127.0.0.1:{port}, of the service page, cannot be listened on (")
    assert f"process {os.getpid()}" in message
    assert message.endswith("choose another port with --port or WIOS_PAGE_PORT")
    check_free(Service("code-server", "", [], "/tmp/no.sock"))


def test_what_is_listened_on_and_connected_to_is_seen(tmp_path: Path) -> None:
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as local:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not listens(f"127.0.0.1:{port}")
        server.listen()
        assert listens(f"127.0.0.1:{port}")
        assert not is_connected(os.getpid(), port)
        with socket.create_connection(("127.0.0.1", port)):
            assert is_connected(os.getpid(), port)
        endpoint = str(tmp_path / "s")
        assert not listens(endpoint)
        local.bind(endpoint)
        local.listen()
        assert listens(endpoint)
    assert not is_connected(max(psutil.pids()) + 100_000, port)


def test_a_plan_is_read_back(settings: Settings) -> None:
    assert read_plan(settings) is None
    plan = Plan("http://x", "/run", "/home", False, "1@2", services_of(settings, Path("/run")))
    write_plan(settings, plan)
    assert read_plan(settings) == plan
    (services_folder(settings) / "plan.json").write_text('{"page": "x"}')
    assert read_plan(settings) is None


def test_sockets_lie_beside_the_plan_or_in_a_folder_of_the_users_own(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as short:
        near = run_folder(load_settings(data=Path(short)))
        assert near == services_folder(load_settings(data=Path(short))) / "run"
        assert list(near.iterdir()) == []
    long = load_settings(data=tmp_path / ("x" * 100))
    far = run_folder(long)
    assert far.parent.parent == Path(tempfile.gettempdir())
    assert run_folder(long) == far != run_folder(load_settings(data=tmp_path / ("y" * 100)))
    for folder in (far, far.parent):
        assert folder.stat().st_mode & 0o077 == 0
    assert len(str(far)) < 90


def test_a_daemon_that_was_killed_is_known_at_once_to_take_no_runs(settings: Settings) -> None:
    import time

    from dagster._daemon.types import DaemonHeartbeat

    with dagster_instance(settings) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "QUEUED_RUN_COORDINATOR", "id"))
        assert daemon_runs(settings, instance)
        note_daemon(settings, process_identity(os.getpid()))
        assert daemon_runs(settings, instance)
        gone = max(psutil.pids()) + 100_000
        note_daemon(settings, f"{gone}@1.00")
        assert not daemon_runs(settings, instance)
        # A daemon that was started by other means is seen with its next sign of life.
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "QUEUED_RUN_COORDINATOR", "other"))
        assert daemon_runs(settings, instance)
