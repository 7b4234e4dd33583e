"""Newest runs of films, over a real history of Dagster's in a data folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op
from dagster._core.test_utils import create_run_for_test

from wios_assets.errors import BadInput
from wios_assets.failures import one_line_failures
from wios_assets.page.state import film_states
from wios_assets.page.state.film_states import FilmState, FilmStates
from wios_assets.runs.film_runs import FilmRuns, newest_runs
from wios_assets.runs.follow import CANCELLED
from wios_assets.runs.instance import dagster_instance, ui_lock
from wios_assets.runs.processes import FILM_TAG, KILLED
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import Wios, make_video

pytestmark = pytest.mark.slow

# A run that a command executes, and that does not end by itself.
COMMAND = """
import sys, time
from dagster import job, op
from wios_assets.runs.instance import dagster_instance
from wios_assets.runs.processes import FILM_TAG, this_process
from wios_assets.settings import load_settings

@op
def analyse():
    print("running", flush=True)
    time.sleep(600)

@job
def film_map():
    analyse()

with dagster_instance(load_settings(data=sys.argv[1])) as instance:
    film_map.execute_in_process(instance=instance, tags={FILM_TAG: "heat", **this_process()})
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


@pytest.fixture
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    with dagster_instance(settings) as opened:
        yield opened


def run_of(instance: DagsterInstance, film: str, status: DagsterRunStatus, **tags: str) -> str:
    run_id: str = create_run_for_test(instance, status=status, tags={FILM_TAG: film, **tags}).run_id
    return run_id


def fail(instance: DagsterInstance, film: str, reason: str) -> str:
    @op
    @one_line_failures
    def read() -> None:
        raise BadInput(reason)

    @job
    def film_map() -> None:
        read()

    return film_map.execute_in_process(instance=instance, tags={FILM_TAG: film}, raise_on_error=False).run_id


def read(states: FilmStates, kind: str) -> FilmState:
    """State of the film once the page's thread has read that it is of this kind."""
    for _ in range(600):
        if states.of("heat", ready=False).kind == kind:
            break
        time.sleep(0.1)
    return states.of("heat", ready=False)


def test_the_newest_run_of_each_film_is_read_and_later_only_what_changed(
    settings: Settings, instance: DagsterInstance
) -> None:
    runs = FilmRuns()
    run_of(instance, "heat", DagsterRunStatus.SUCCESS)
    failed = fail(instance, "heat", "/films/heat.mkv: is empty (0 bytes); copy it again")
    queued = run_of(instance, "ran", DagsterRunStatus.NOT_STARTED)
    run_of(instance, "ikiru", DagsterRunStatus.CANCELED)
    create_run_for_test(instance, status=DagsterRunStatus.FAILURE)
    read = runs.read(settings, instance)
    assert {film: (run.kind, run.reason) for film, run in read.items()} == {
        "heat": ("failed", "/films/heat.mkv: is empty (0 bytes); copy it again"),
        "ran": ("queued", None),
        "ikiru": ("failed", CANCELLED),
    }
    assert (read["heat"].run_id, read["ran"].run_id) == (failed, queued)
    run_of(instance, "heat", DagsterRunStatus.SUCCESS)
    instance.report_run_canceled(instance.get_run_by_id(queued))  # type: ignore[arg-type]
    read = runs.read(settings, instance)
    assert {film: run.kind for film, run in read.items()} == {"heat": "done", "ran": "failed", "ikiru": "failed"}
    for run in instance.get_runs():
        instance.delete_run(run.run_id)
    assert runs.read(settings, instance) == {}


def test_a_run_that_the_daemon_will_start_again_waits(settings: Settings, instance: DagsterInstance) -> None:
    run_of(instance, "heat", DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    assert FilmRuns().read(settings, instance)["heat"].kind == "failed"
    with ui_lock(settings):
        assert FilmRuns().read(settings, instance)["heat"].kind == "queued"


def test_newest_runs_are_kept_until_the_history_changes(settings: Settings) -> None:
    assert newest_runs(settings) == {}
    with dagster_instance(settings) as instance:
        fail(instance, "heat", "no film")
    first = newest_runs(settings)
    assert {film: run.reason for film, run in first.items()} == {"heat": "no film"}
    command = [sys.executable, "-c", "import sys; from wios_assets.runs.film_runs import newest_runs"]
    command[-1] += "; from wios_assets.settings import load_settings; newest_runs(load_settings(data=sys.argv[1]))"
    subprocess.run([*command, str(settings.data)], check=True)
    again = "; print('dagster' in sys.modules)"
    command[-1] += again
    shown = subprocess.run([*command, str(settings.data)], check=True, capture_output=True, text=True)
    assert shown.stdout == "False\n"
    with dagster_instance(settings) as instance:
        fail(instance, "heat", "still no film")
    assert newest_runs(settings)["heat"].reason == "still no film"


def test_a_killed_command_is_failed_on_the_page_in_the_list_and_in_dagster_without_a_restart(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_video(settings.films / "heat.mp4")
    command = [sys.executable, "-c", COMMAND, str(settings.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "running\n"
        monkeypatch.setattr(film_states, "_REFRESH_S", 0.1)
        states = FilmStates(settings)
        assert read(states, "running") == FilmState("running", stage="frames")
        wios = Wios(settings.data, monkeypatch, capsys)

        def listed() -> tuple[str, str | None]:
            (film,) = json.loads(wios("film", "list", "--json").out)
            return film["state"], film["reason"]

        assert listed() == ("running", None)
        running.send_signal(signal.SIGKILL)
    assert read(states, "failed") == FilmState("failed", reason=KILLED)
    assert listed() == ("failed", KILLED)
    assert f"heat: the newest run failed: {KILLED}" in wios("film", "list").err.replace("\n", " ")
    with dagster_instance(settings) as instance:
        (run,) = instance.get_runs()
        assert run.status == DagsterRunStatus.FAILURE
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
        assert KILLED in [event.message for event in events if event is not None]
