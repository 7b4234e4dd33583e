"""A page that is killed as soon as it has answered."""

from __future__ import annotations

import csv
import io
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from wios_assets.settings import Settings
from wios_assets_tests.automation.running_ui import own_environment, wait_for
from wios_assets_tests.reviewed_lake import FILM, reviewed_settings

pytestmark = pytest.mark.slow

START_S = 60.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return reviewed_settings(tmp_path)


@contextmanager
def served(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process of `wios serve`, and the address of the film's reviews."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    reviews = f"http://127.0.0.1:{port}/api/films/{FILM}/reviews"
    command = [sys.executable, "-m", "wios_assets", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=own_environment(settings.data), stderr=subprocess.DEVNULL) as process:

        def answers() -> bool:
            try:
                return requests.get(reviews, timeout=5).ok
            except requests.ConnectionError:
                return False

        try:
            wait_for("the page", answers, START_S)
            yield process, reviews
        finally:
            process.kill()


def on_screen(settings: Settings) -> set[str]:
    """Names in the film's exported appearances, by a process of its own."""
    command = [sys.executable, "-m", "wios_assets", "export", FILM, "--format", "csv", "-o", "-"]
    shown = subprocess.run(command, env=own_environment(settings.data), check=True, capture_output=True, text=True)
    return {row["actor"] for row in csv.DictReader(io.StringIO(shown.stdout))}


def test_a_decision_that_was_answered_outlives_a_kill_and_so_does_its_undoing(settings: Settings) -> None:
    before = on_screen(settings)
    assert "Eileen Collins" not in before
    with served(settings) as (process, reviews):
        weak = requests.get(reviews, timeout=10).json()["reviews"][0]
        decision = {name: weak[name] for name in ("tracks", "revision")} | {"verdict": "is", "person": "Eileen Collins"}
        made = requests.post(reviews, json=decision, timeout=10)
        process.send_signal(signal.SIGKILL)
    assert made.status_code == 201, made.text
    assert on_screen(settings) == before | {"Eileen Collins"}
    with served(settings) as (process, reviews):
        undone = requests.post(f"{reviews}/{made.json()['id']}/undo", json={}, timeout=10)
        process.send_signal(signal.SIGKILL)
    assert undone.status_code == 200, undone.text
    assert on_screen(settings) == before
