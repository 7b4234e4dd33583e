"""What is lost while a film is analysed on a cluster changes no table, or fails the run in one line."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from subprocess import Popen

import psutil
import pytest

from wios_assets_tests.cluster.conftest import Cluster
from wios_assets_tests.cluster.machines import WIOS

pytestmark = pytest.mark.slow

CUT_S = 20.0
NOTICES_THE_CUT = {
    "spark.executor.heartbeatInterval": "2s",
    "spark.storage.blockManagerHeartbeatTimeoutMs": "10s",
    "spark.network.timeoutInterval": "2s",
}
"""Spark gives up an executor that is silent for half of `CUT_S`; by default it waits for two minutes."""


@pytest.fixture(autouse=True)
def repaired(cluster: Cluster) -> Iterator[None]:
    """All that a test has ended runs again after it."""
    yield
    cluster.repair()


def started(cluster: Cluster, environment: Mapping[str, str] | None = None) -> Popen[bytes]:
    """A run of the film that has analysed a part of it."""
    cluster.forget_footage()
    shutil.rmtree(cluster.lake / ".staging", ignore_errors=True)
    run = cluster.driver.popen([WIOS, "run", cluster.film], environment)
    progress = cluster.lake / ".staging"
    while not any(float(file.read_text() or 0) > 0 for file in progress.glob("*/progress/[0-9]*")):
        assert run.poll() is None, cluster.driver.output()
        time.sleep(0.05)
    return run


def kill(processes: list[psutil.Process]) -> None:
    """End processes without a chance to clean up."""
    assert processes
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=30)


def lose_worker(cluster: Cluster) -> None:
    kill(cluster.workers[0].processes(""))


def lose_executor(cluster: Cluster) -> None:
    kill(cluster.workers[0].processes("CoarseGrainedExecutorBackend"))


def lose_python(cluster: Cluster) -> None:
    kill(cluster.workers[0].processes("pyspark.daemon"))


def lose_master(cluster: Cluster) -> None:
    kill(cluster.driver.processes("deploy.master.Master"))


def cut_network(cluster: Cluster) -> None:
    cluster.workers[0].cut()
    time.sleep(CUT_S)
    cluster.workers[0].join()


@pytest.mark.parametrize("disturb", [lose_python, lose_executor, lose_worker, lose_master, cut_network])
def test_what_is_lost_changes_no_table(cluster: Cluster, disturb: Callable[[Cluster], None]) -> None:
    noticing = {"WIOS_SPARK__CONFIG": json.dumps(NOTICES_THE_CUT)}
    run = started(cluster, noticing if disturb is cut_network else None)
    disturb(cluster)
    assert run.wait() == 0, cluster.driver.output()
    assert cluster.tables() == cluster.expected
    assert not any(entry.is_dir() for entry in (cluster.lake / ".staging").iterdir())


def test_a_lost_driver_leaves_a_film_that_runs_again(cluster: Cluster) -> None:
    run = started(cluster)
    kill(family(run.pid))
    run.wait()
    while any(worker.processes("pyspark.daemon") for worker in cluster.workers):
        time.sleep(0.2)
    code, output = cluster.driver.run([WIOS, "run", cluster.film])
    assert code == 0, output
    assert cluster.tables() == cluster.expected


def test_when_every_worker_is_lost_the_run_fails_in_one_line_and_the_film_keeps_its_tables(cluster: Cluster) -> None:
    run = started(cluster, {"WIOS_SPARK__WORKER_WAIT_SECONDS": "5"})
    for worker in cluster.workers:
        kill(worker.processes(""))
    assert run.wait() == 1
    assert last_line(cluster).endswith("`wios doctor --cluster` checks them")
    assert "no worker for 5 s" in last_line(cluster)
    assert "Traceback" not in cluster.driver.output()
    assert cluster.tables() == cluster.expected


def test_without_a_master_a_run_fails_in_one_line(cluster: Cluster) -> None:
    cluster.forget_footage()
    lose_master(cluster)
    code, output = cluster.driver.run([WIOS, "run", cluster.film])
    assert code == 1
    assert "Traceback" not in output
    assert "spark://control:7077" in last_line(cluster)


def last_line(cluster: Cluster) -> str:
    """The last line that the driver's command wrote."""
    return cluster.driver.output().strip().splitlines()[-1]


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    top = psutil.Process(pid)
    return [*top.children(recursive=True), top]
