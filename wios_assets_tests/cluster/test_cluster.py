"""A film is analysed by workers of other machines, with other paths; what is lost meanwhile changes no table, or fails
the run in one line.

All is in one file, so that all tests share the cluster, which takes half a minute to start.
"""

from __future__ import annotations

import io
import json
import shutil
import signal
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from wios_assets_tests.cluster.conftest import Cluster
from wios_assets_tests.cluster.machines import WIOS, Machine
from wios_assets_tests.conftest import ROOT

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


@contextmanager
def restarted(cluster: Cluster, worker: Machine, environment: dict[str, str]) -> Iterator[None]:
    """A worker started anew with other settings while the block lasts."""
    worker.end()
    usual, worker.environment = worker.environment, worker.environment | environment
    try:
        cluster.start_worker(worker)
        yield
    finally:
        worker.environment = usual
        worker.end()
        cluster.start_worker(worker)


def write_archive(file: Path, interpreter: Path, packages: str) -> None:
    """An archive with WIOS and a `bin/python` that takes all else from an installed environment."""
    script = f'#!/bin/sh\nPYTHONPATH="$(dirname "$0")/../lib:{packages}:$PYTHONPATH" exec {interpreter} "$@"\n'
    with tarfile.open(file, "w:gz") as tar:
        tar.add(ROOT / "wios_assets", "lib/wios_assets", filter=without_caches)
        entry = tarfile.TarInfo("bin/python")
        entry.mode, entry.size = 0o755, len(script)
        tar.addfile(entry, io.BytesIO(script.encode()))


def without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name else entry


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


def test_two_workers_with_other_paths_give_the_tables_of_a_local_run(cluster: Cluster) -> None:
    code, output = cluster.driver.run([WIOS, "run", cluster.film])
    assert code == 0, output
    assert cluster.tables() == cluster.expected


def test_the_doctor_finds_nothing_missing_on_either_worker(cluster: Cluster) -> None:
    code, output = cluster.driver.run([WIOS, "doctor", "--cluster"])
    assert code == 0, output
    assert [line.split()[:3] for line in output.splitlines()] == [
        ["ok", "worker", f"{worker.name}:"] for worker in cluster.workers
    ]
    assert str(cluster.workers[0].root / "mnt/wios-lake") in output
    assert str(cluster.workers[1].root / "data/lake") in output


def test_the_doctor_names_the_worker_whose_lake_is_another_folder(cluster: Cluster) -> None:
    wrong = cluster.workers[1]
    with restarted(cluster, wrong, {"WIOS_LAKE": str(wrong.root / "data"), "WIOS_FILMS": str(wrong.root / "gone")}):
        code, output = cluster.driver.run([WIOS, "doctor", "--cluster"])
        assert code == 1
        assert f"ok    worker      {cluster.workers[0].name}" in output
        faults = [line for line in output.splitlines() if line.startswith("fail")]
        assert len(faults) == 2
        assert (
            f"{wrong.name}: {wrong.root / 'gone'}: not there or not readable; mount it, or set WIOS_FILMS" in faults[0]
        )
        assert f"{wrong.name}: {wrong.root / 'data'}: not the folder that is the lake here" in faults[1]


def test_a_run_names_the_worker_that_lacks_the_film_where_no_other_has_it(cluster: Cluster) -> None:
    cluster.forget_footage()
    other, wrong = cluster.workers
    other.end()
    with restarted(cluster, wrong, {"WIOS_FILMS": str(wrong.root / "gone")}):
        code, output = cluster.driver.run([WIOS, "run", cluster.film])
    assert code == 1
    assert "Traceback" not in output
    assert f"worker {wrong.name}: {wrong.root / 'gone'}" in output


def test_workers_take_their_python_from_an_archive(cluster: Cluster) -> None:
    archive = cluster.driver.root / "srv/lake/python.tar.gz"
    script = Path(sys.executable).resolve(), next(path for path in sys.path if path.endswith("site-packages"))
    write_archive(cluster.lake / "python.tar.gz", *script)
    cluster.forget_footage()
    environment = {"WIOS_SPARK__ARCHIVES": f"{archive}#env", "WIOS_SPARK__PYTHON": "./env/bin/python"}
    code, output = cluster.driver.run([WIOS, "doctor", "--cluster"], environment)
    assert code == 0, output
    assert cluster.driver.run([WIOS, "run", cluster.film], environment) == (0, cluster.driver.output())
    assert cluster.tables() == cluster.expected


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
