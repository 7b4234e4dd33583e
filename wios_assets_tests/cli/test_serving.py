from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from wios_assets.lake.library import publish
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.sample_lake import fill, library_row


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def test_an_address_that_others_reach_is_refused_without_a_token(wios: Wios) -> None:
    answer = wios("serve", "--host", "0.0.0.0", "--port", 1234)
    assert answer.code == 1
    assert answer.err.startswith("wios: 0.0.0.0: other machines reach this address")
    assert "WIOS_PAGE_TOKEN" in answer.err


def test_a_port_in_use_is_said_with_what_to_do(wios: Wios) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = wios("serve", "--port", port)
    assert answer.code == 1
    assert f"127.0.0.1:{port} cannot be listened on" in answer.err
    assert "--port" in answer.err


def test_the_token_is_not_shown_by_wios_settings(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_PAGE_TOKEN", "correct horse battery staple")
    for arguments in (("settings",), ("settings", "--json")):
        answer = wios(*arguments)
        assert answer.code == 0
        assert "page_token" in answer.out
        assert "horse" not in answer.out


@pytest.mark.slow
def test_the_page_is_served_on_the_address_it_prints_until_it_is_interrupted(wios: Wios) -> None:
    fill(wios.settings.lake, library_row("heat", title="Heat"))
    publish(wios.settings.lake, wios.settings.library)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "wios_assets", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith(f"http://127.0.0.1:{port} ")
        assert requests.get(f"http://127.0.0.1:{port}/api/films", timeout=30).json()["films"][0]["key"] == "heat"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) in (0, 130)
        assert "Traceback" not in process.stderr.read()
