"""What a command is told of the settings of the services that carry its run out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wios_assets.cli.running import run_settings
from wios_assets.runs.instance import note_daemon, ui_lock
from wios_assets.runs.processes import process_identity
from wios_assets.runs.service_settings import service_settings
from wios_assets.settings import load_settings
from wios_assets_tests.cli.command_line import Wios

SECRET = "s3cret-Of-The-Services"
THEIRS, OURS = "postgresql://wios@theirs/wios", "mariadb://wios@ours/wios"


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


@pytest.fixture
def services(wios: Wios) -> Iterator[None]:
    """A process that stands for the daemon of services with settings of their own."""
    settings = wios.settings
    settings.dagster.mkdir(parents=True)
    own = {"WIOS_PUBLISH__ADDRESS": THEIRS, "WIOS_PUBLISH__PASSWORD": SECRET, "WIOS_PAGE_PORT": "4001"}
    code = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as daemon:
        assert daemon.stdout is not None
        daemon.stdout.readline()
        note_daemon(settings, process_identity(daemon.pid))
        with ui_lock(settings):
            yield
        daemon.communicate()


def test_without_services_a_command_has_its_own_settings(wios: Wios) -> None:
    assert service_settings(wios.settings) is None
    assert run_settings() == wios.settings


@pytest.mark.usefixtures("services")
def test_a_command_has_the_services_settings_and_says_where_its_own_differ(
    wios: Wios, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", OURS)
    monkeypatch.setenv("WIOS_PUBLISH__PASSWORD", "s3cret-Of-This-Command")
    settings = run_settings()
    assert settings.publish.address == THEIRS
    assert settings.publish.password is not None
    assert settings.publish.password.get_secret_value() == SECRET
    told = capsys.readouterr().err
    assert f"the services of {settings.data} carry this out, with their settings" in told
    assert f"publish.address is {THEIRS} there and {OURS} here" in told
    assert "publish.password is another one there and another one here" in told
    assert "`wios restart`" in told
    assert "s3cret" not in told
    assert "page_port" not in told
    assert load_settings().publish.address == OURS


@pytest.mark.usefixtures("services")
def test_a_command_with_the_same_settings_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", THEIRS)
    monkeypatch.setenv("WIOS_PUBLISH__PASSWORD", SECRET)
    assert run_settings().publish.address == THEIRS
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("services")
def test_publishing_names_the_server_of_the_services_and_that_this_command_has_another(
    wios: Wios, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", OURS)
    monkeypatch.setattr("wios_assets.publish.server._PAUSES_S", ())
    answer = wios("publish", "--check")
    assert answer.code == 1
    assert f"publish.address is {THEIRS} there and {OURS} here" in answer.err
    # The server that is asked is the services'.
    assert answer.err.splitlines()[-1].startswith(f"wios: {THEIRS}: ")
    assert SECRET not in answer.err
