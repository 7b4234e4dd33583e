"""A real `wios ui`: webserver, daemon, sensors and runs in processes of their own, asked through GraphQL."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import psutil
import pytest

from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.progress import read_progress
from wios_assets.lake.store import read_rows
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES, TABLES
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "wios_assets.definitions"}
PATIENCE_S = 300.0
# No truth stands beside the film that is dropped, so it has no evaluation.
MADE = sorted({*FILM_TABLES} - {"evaluation"})


@dataclass
class Ui:
    """A running `wios ui` over a data folder of its own."""

    settings: Settings
    port: int
    process: subprocess.Popen[bytes]

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def runs(self) -> list[dict[str, Any]]:
        query = "{ runsOrError(limit: 50) { ... on Runs { results { runId jobName status parentRunId } } } }"
        return self.ask(query)["runsOrError"]["results"]

    def materialized(self, asset: str) -> list[str]:
        query = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
            assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } } } } }"""
        node = self.ask(query, key={"path": asset.split("/")})["assetNodeOrError"]
        return node["assetPartitionStatuses"]["materializedPartitions"]

    def materialize(self, asset: str, film: str) -> str:
        query = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
            ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }"""
        key = {"path": asset.split("/")}
        selector = {**LOCATION, "pipelineName": "__ASSET_JOB", "assetSelection": [key]}
        tags = [{"key": "dagster/partition", "value": film}]
        launched = self.ask(
            query, params={"selector": selector, "executionMetadata": {"tags": tags}, "mode": "default"}
        )
        assert "run" in launched["launchPipelineExecution"], launched
        return launched["launchPipelineExecution"]["run"]["runId"]


def wait_for(what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {patience_s:.0f} s in vain: {what}")


@pytest.fixture(scope="module")
def ui(finished: FinishedExample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    data = tmp_path_factory.mktemp("ui") / "data"
    shutil.copytree(finished.settings.galleries, data / "galleries")
    shutil.copytree(finished.settings.imdb, data / "imdb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chosen = {"DATA": data, "UI_PORT": port, "SETTLE_SECONDS": 2, "SENSOR_SECONDS": 5, "SPARK_MASTER": "local[2]"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
    environment |= {f"WIOS_{name}": str(value) for name, value in chosen.items()}
    with (data / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "wios_assets", "ui"],
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    running = Ui(load_settings(data=data), port, process)
    try:
        wait_for("the address", lambda: f"http://127.0.0.1:{port}" in (data / "said.txt").read_text())
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_processes(ui: Ui) -> list[psutil.Process]:
    """Processes that carry out runs: those that started a JVM."""
    found = []
    for process in psutil.Process(ui.process.pid).children(recursive=True):
        try:
            if "java" in process.name():
                found.append(process.parents()[0])
        except psutil.NoSuchProcess:
            continue
    return found


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
    environment = os.environ | {"WIOS_DATA": str(ui.settings.data), "WIOS_UI_PORT": str(ui.port)}
    refused = subprocess.run(
        [sys.executable, "-m", "wios_assets", "ui"], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "choose another port" in refused.stderr
    assert "Traceback" not in refused.stderr
