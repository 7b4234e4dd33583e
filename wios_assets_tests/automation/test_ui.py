"""A real `wios ui`: webserver, daemon, sensors and runs in processes of their own, asked through GraphQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pandas as pd
import psutil
import pytest

from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.progress import read_progress
from wios_assets.lake.store import read_rows
from wios_assets.settings import Settings
from wios_assets.tables import FILM_TABLES, TABLES
from wios_assets_tests.automation.running_ui import Ui, running_ui, wait_for
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow

# No truth stands beside the film that is dropped, so it has no evaluation.
MADE = sorted({*FILM_TABLES} - {"evaluation"})


@pytest.fixture(scope="module")
def ui(finished: FinishedExample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    with running_ui(finished, tmp_path_factory.mktemp("ui") / "data") as running:
        yield running


def run_processes(ui: Ui) -> list[psutil.Process]:
    """Processes that carry out runs, each started by Dagster's launcher."""
    processes = []
    for process in psutil.Process(ui.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(process.cmdline()) and process.children():
                processes.append(process)
    return processes


def contents(settings: Settings, film: str) -> dict[str, pd.DataFrame]:
    tables = {name: read_rows(settings.lake, TABLES[name], film).to_pandas() for name in MADE}
    return {name: rows.sort_values(list(rows.columns[1:3]), ignore_index=True) for name, rows in tables.items()}


def test_a_dropped_film_is_finished_without_a_hand_though_its_run_is_killed_in_the_middle(
    ui: Ui, finished: FinishedExample
) -> None:
    film = finished.example.key
    beside = ui.settings.data / "copy.mp4"
    shutil.copyfile(finished.example.film, beside)
    ui.settings.films.mkdir(parents=True, exist_ok=True)
    beside.rename(ui.settings.films / f"{film}.mp4")

    wait_for("the analysis", lambda: (read_progress(ui.settings.lake, film) or 0) and run_processes(ui))
    killed = run_processes(ui)
    for process in killed:
        process.kill()

    def finished_runs() -> bool:
        states = {run["status"] for run in ui.runs() if run["jobName"] == "film_map"}
        return "SUCCESS" in states

    wait_for("a finished run", finished_runs)
    states = sorted(run["status"] for run in ui.runs() if run["jobName"] == "film_map")
    assert states == ["FAILURE", "SUCCESS"]
    for asset in MADE:
        assert ui.materialized(asset) == [film]
    mine, theirs = contents(ui.settings, film), contents(finished.settings, film)
    for name in set(MADE) - {"film", "cast", "gallery_photos", "gallery_embeddings"}:
        left = mine[name].drop(columns=["photos"], errors="ignore")
        right = theirs[name].drop(columns=["photos"], errors="ignore")
        pd.testing.assert_frame_equal(left, right, rtol=1e-3, atol=1e-3)


def test_materialising_one_asset_again_changes_only_its_partition(ui: Ui, finished: FinishedExample) -> None:
    film = finished.example.key
    before = {path: path.stat().st_mtime_ns for path in ui.settings.lake.rglob("film=*/*.parquet")}
    run = ui.materialize("screen_time", film)
    wait_for("the run", lambda: {r["runId"]: r["status"] for r in ui.runs()}.get(run) == "SUCCESS")
    after = {path: path.stat().st_mtime_ns for path in ui.settings.lake.rglob("film=*/*.parquet")}
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == set(parquet_files(partition_folder(ui.settings.lake, "screen_time", film)))


def test_a_second_ui_on_the_same_data_is_refused(ui: Ui) -> None:
    environment = os.environ | {"WIOS_DATA": str(ui.settings.data), "WIOS_PAGE_PORT": ui.page.rpartition(":")[2]}
    refused = subprocess.run(
        [sys.executable, "-m", "wios_assets", "ui"], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "another `wios ui` or `wios up` is running on this data folder" in refused.stderr
    assert "Traceback" not in refused.stderr
