"""Requests for one film from everywhere at once, with a real `wios ui`: one analysis, and every later step once."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance

from wios_assets.films.registry import look_at_inbox
from wios_assets.lake.progress import progress_file
from wios_assets.lake.store import read_rows
from wios_assets.reviews.decisions import decide
from wios_assets.runs.instance import dagster_instance
from wios_assets.runs.name_updates import names_follow_decisions
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES, TRACK_NAMES
from wios_assets_tests.automation.running_ui import (
    PATIENCE_S,
    Ui,
    copy_inputs,
    own_environment,
    started_ui,
    wait_for,
)
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow

# No truth stands beside the film, so it has no evaluation.
MADE = sorted({*FILM_TABLES, "player_files"} - {"evaluation"})
CHANGED_LONG_AGO_S = 1000


class Command:
    """A `wios` command in a process of its own, with what it says in a file."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.output = data / f"{'-'.join(arguments[:1])}-{len(list(data.glob('*.out')))}.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wios_assets", *arguments], env=own_environment(data), stdout=out, stderr=out
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def end(self) -> str:
        """Output of the command, which must exit with 0."""
        assert self.process.wait(PATIENCE_S) == 0, self.text
        return self.text


def materializations(instance: DagsterInstance, film: str) -> Counter[str]:
    """How often each asset of a film was materialised."""
    counts: Counter[str] = Counter()
    for run in instance.get_runs():
        for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION):
            event = entry.dagster_event
            if event is not None and event.partition == film and event.asset_key is not None:
                counts[event.asset_key.to_user_string()] += 1
    return counts


def messages(instance: DagsterInstance, run_id: str) -> str:
    return "\n".join(entry.user_message or "" for entry in instance.all_logs(run_id)) + "\n".join(
        (entry.dagster_event.message or "") for entry in instance.all_logs(run_id) if entry.dagster_event
    )


@pytest.fixture(scope="module")
def data(finished: FinishedExample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together") / "data"
    copy_inputs(finished, folder)
    (folder / "films").mkdir()
    shutil.copy2(finished.example.film, folder / "films")
    look_at_inbox(load_settings(data=folder), settle_seconds=0)
    return folder


@pytest.fixture(scope="module")
def settings(data: Path) -> Settings:
    return load_settings(data=data)


@pytest.fixture(scope="module")
def first(data: Path, settings: Settings, finished: FinishedExample) -> Iterator[Command]:
    """`wios run`, begun before `wios ui` and stopped in the middle of the analysis until the test lets it go on."""
    command = Command(data, "run", finished.example.key)
    try:
        wait_for("the analysis", lambda: progress_file(settings.lake, finished.example.key).exists())
        command.process.send_signal(signal.SIGSTOP)
        yield command
    finally:
        if command.process.poll() is None:
            command.process.send_signal(signal.SIGCONT)
            command.process.kill()
            command.process.wait()


@pytest.fixture(scope="module")
def ui(data: Path, first: Command) -> Iterator[Ui]:
    with started_ui(data) as running:
        yield running


def test_requests_from_everywhere_lead_to_one_analysis_and_every_later_step_once(
    first: Command, ui: Ui, data: Path, finished: FinishedExample
) -> None:
    film = finished.example.key
    second = Command(data, "run", film)
    wait_for("the second request to report that it waits", lambda: "has it; waiting" in second.text)
    assert f"`wios run {film}`" in second.text
    assert f"process {first.process.pid}" in second.text
    launched = [ui.materialize(asset, film) for asset in ("face_tracks", "screen_time")]

    def asked_by_the_inbox() -> bool:
        return [run["jobName"] for run in ui.runs()].count("film_map") == 2

    wait_for("the inbox sensor's own request", asked_by_the_inbox)
    states = {run["runId"]: run["status"] for run in ui.runs()}
    assert {states[run] for run in launched} == {"QUEUED"}

    first.process.send_signal(signal.SIGCONT)
    assert f"ready: {film}" in first.end()
    assert "nothing is left to do" in second.end()
    wait_for("the queue to be empty", lambda: {run["status"] for run in ui.runs()} == {"SUCCESS"})
    with dagster_instance(ui.settings) as instance:
        assert materializations(instance, film) == Counter(MADE)
        for run in launched:
            assert "Nothing is left to do" in messages(instance, run)


def test_a_name_goes_through_the_queue_and_is_run_once(ui: Ui, data: Path, finished: FinishedExample) -> None:
    film = finished.example.key
    output = Command(data, "name", film, "unknown:1", "Grace Hopper").end()
    assert "is Grace Hopper" in output
    assert names_follow_decisions(ui.settings, film)
    with dagster_instance(ui.settings) as instance:
        assert materializations(instance, film)["track_names"] == 2
        assert materializations(instance, film)["faces"] == 1


def test_a_decision_made_elsewhere_reaches_the_names_through_the_sensor(ui: Ui, finished: FinishedExample) -> None:
    film, settings = finished.example.key, ui.settings
    rows = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
    track = int(rows.loc[rows["decision"] == "named", "track"].iloc[0])
    decide(settings.data, settings.lake, film, [track], "is", "Eileen Collins", everywhere=False)
    wait_for("the names", lambda: names_follow_decisions(settings, film))
    wait_for("the run's end", lambda: {run["status"] for run in ui.runs()} == {"SUCCESS"})
    with dagster_instance(settings) as instance:
        assert materializations(instance, film)["minute_appearances"] == 3
        assert materializations(instance, film)["faces"] == 1


def test_ctrl_c_leaves_a_queued_run_going_and_says_so(ui: Ui, data: Path, finished: FinishedExample) -> None:
    command = Command(data, "run", finished.example.key)
    wait_for("its run", lambda: any(run["status"] in ("STARTED", "STARTING", "QUEUED") for run in ui.runs()))
    running = next(run["runId"] for run in ui.runs() if run["status"] in ("STARTED", "STARTING", "QUEUED"))
    wait_for("the follower", lambda: command.process.poll() is None)
    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(PATIENCE_S) == 130
    assert f"run {running} goes on" in command.text
    assert "Traceback" not in command.text
    wait_for("its end", lambda: {run["runId"]: run["status"] for run in ui.runs()}[running] == "SUCCESS")
    with dagster_instance(ui.settings) as instance:
        record = instance.get_latest_materialization_event(AssetKey("faces"))
        assert record is not None
        assert record.run_id == running
