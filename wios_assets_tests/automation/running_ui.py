"""A real `wios ui` over a data folder of its own: webserver, daemon, page and runs in processes of their own."""

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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wios_assets.settings import Settings, load_settings
from wios_assets_tests.conftest import FinishedExample

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "wios_assets.definitions"}
PATIENCE_S = 300.0


@dataclass
class Ui:
    """A running `wios ui` over a data folder of its own."""

    settings: Settings
    page: str
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Ctrl-C."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.page}/dagster/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            result = json.load(answer)
        assert "errors" not in result, result
        return result["data"]

    def runs(self) -> list[dict[str, Any]]:
        query = "{ runsOrError(limit: 50) { ... on Runs { results { runId jobName status parentRunId } } } }"
        runs: list[dict[str, Any]] = self.ask(query)["runsOrError"]["results"]
        return runs

    def materialized(self, asset: str) -> list[str]:
        query = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
            assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } } } } }"""
        node = self.ask(query, key={"path": asset.split("/")})["assetNodeOrError"]
        partitions: list[str] = node["assetPartitionStatuses"]["materializedPartitions"]
        return partitions

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
        run_id: str = launched["launchPipelineExecution"]["run"]["runId"]
        return run_id


def wait_for(what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if result := look():
            return result
        time.sleep(0.5)
    raise AssertionError(f"waited {patience_s:.0f} s in vain: {what}")


def own_environment(data: Path, **chosen: object) -> dict[str, str]:
    """The environment of a `wios` process over a data folder, with these settings and no others."""
    chosen = {
        "DATA": data,
        "INBOX__SETTLE_SECONDS": 2,
        "INBOX__SENSOR_SECONDS": 5,
        "SPARK_MASTER": "local[2]",
        **chosen,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
    return environment | {f"WIOS_{name}": str(value) for name, value in chosen.items()}


def copy_inputs(finished: FinishedExample, data: Path) -> None:
    """Put the photos and IMDB's files of the finished example into a data folder."""
    shutil.copytree(finished.settings.galleries, data / "galleries")
    shutil.copytree(finished.settings.imdb, data / "imdb")


@contextmanager
def running_ui(finished: FinishedExample, data: Path) -> Iterator[Ui]:
    """`wios ui` with the photos and IMDB's files of the finished example, and no film."""
    copy_inputs(finished, data)
    with started_ui(data) as running:
        yield running


@contextmanager
def started_ui(data: Path, **chosen: object) -> Iterator[Ui]:
    """`wios ui` over a data folder, with these settings by the names of their variables without `WIOS_`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (data / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "wios_assets", "ui"],
            env=own_environment(data, PAGE_PORT=port, **chosen),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Ui(load_settings(data=data), f"http://127.0.0.1:{port}", process)
    try:
        wait_for("the addresses", lambda: f"{running.page}/dagster/" in (data / "output.txt").read_text())
        yield running
    finally:
        running.end()
