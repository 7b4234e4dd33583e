"""A driver and two workers with a shared folder, each with other paths."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wios_assets.demo import make_example
from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets_tests.cluster.machines import WIOS, Machine, network, require_namespaces

MASTER_PORT = 7077
SAMPLES_PER_SECOND = "12"
"""More than the default, so that a film takes long enough to be disturbed."""
FOOTAGE = ("shots", "frame_samples", "faces", "face_embeddings")
DRIVER, WORKERS = "control", ("worker-a", "worker-b")


@dataclass
class Cluster:
    """The machines, and the film that they analyse.

    Attributes:
        driver: the machine of `wios run`, and of Spark's master.
        workers: the two workers.
        film: the film's key.
        lake: the shared lake, as this computer sees it.
        expected: tables of a local run of the film, with other paths.
    """

    driver: Machine
    workers: tuple[Machine, Machine]
    film: str
    lake: Path
    expected: dict[str, list[dict[str, object]]]

    def start_master(self) -> None:
        """Start Spark's master, and wait until it listens."""
        self.driver.popen([WIOS, "cluster", "master", "--host", self.driver.name, "--port", MASTER_PORT])
        self.driver.wait_for_port(MASTER_PORT)

    def start_worker(self, worker: Machine) -> None:
        """Start a worker of one core."""
        address = f"spark://{self.driver.name}:{MASTER_PORT}"
        options = ["--host", worker.name, "--cores", 1, "--memory", "2g", "--page-port", 8081]
        worker.popen([WIOS, "cluster", "worker", address, *options])
        worker.wait_for_port(8081)

    def repair(self) -> None:
        """Start again what a test has ended."""
        if not self.driver.processes("deploy.master.Master"):
            self.start_master()
        for worker in self.workers:
            if not worker.processes("deploy.worker.Worker"):
                self.start_worker(worker)

    def forget_footage(self) -> None:
        """Have the next run analyse the film again."""
        for stamp in (self.lake / ".footage").glob("*"):
            stamp.unlink()

    def tables(self) -> dict[str, list[dict[str, object]]]:
        """The film's tables in the shared lake."""
        return footage_tables(self.lake, self.film)


def footage_tables(lake: Path, film: str) -> dict[str, list[dict[str, object]]]:
    """Rows of a film's footage, in order."""
    tables = {}
    for table in FOOTAGE:
        files = parquet_files(partition_folder(lake, table, film))
        rows = [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]
        tables[table] = sorted(rows, key=lambda row: next(iter(row.values())))
    return tables


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Machine]]:
    """The three machines, without anything that runs."""
    require_namespaces()
    # Short, as paths of sockets must be.
    with network(tmp_path_factory.mktemp("net"), (DRIVER, *WORKERS)) as made:
        yield made


@pytest.fixture(scope="module")
def cluster(machines: dict[str, Machine]) -> Cluster:
    """Master and workers of one core each; film, lake and cache lie elsewhere on each machine."""
    driver, first, second = machines.values()
    shared = driver.root.parent / "shared"
    (shared / "lake").mkdir(parents=True)
    data = driver.root / "wios"
    example = make_example(data)
    driver.mounts = {driver.root / "srv/lake": shared / "lake"}
    first.mounts = {first.root / "mnt/wios-lake": shared / "lake", first.root / "video": data / "films"}
    second.mounts = {second.root / "data/lake": shared / "lake", second.root / "data/films": data / "films"}
    for machine in machines.values():
        machine.hidden.append(shared)
        machine.environment["WIOS_CACHE"] = str(machine.root / "cache")
    first.environment |= {
        "WIOS_FILMS": str(first.root / "video"),
        "WIOS_LAKE": str(first.root / "mnt/wios-lake"),
    }
    second.environment |= {"WIOS_DATA": str(second.root / "data")}
    driver.environment |= {
        "WIOS_DATA": str(data),
        "WIOS_LAKE": str(driver.root / "srv/lake"),
        "WIOS_SPARK_MASTER": f"spark://{driver.name}:{MASTER_PORT}",
        "WIOS_SPARK__DRIVER_HOST": driver.name,
        # The local run has as many segments.
        "WIOS_SPARK__CORES": str(len(WORKERS)),
        "WIOS_SAMPLES_PER_SECOND": SAMPLES_PER_SECOND,
        "WIOS_INBOX__SETTLE_SECONDS": "0",
    }
    first.cores, second.cores = "0", "1"
    local = driver.root / "local-lake"
    code, output = driver.run([WIOS, "run", example.key], {"WIOS_SPARK_MASTER": "local[2]", "WIOS_LAKE": str(local)})
    assert code == 0, output
    expected = footage_tables(local, example.key)
    for worker in (first, second):
        # Each has a cache of its own; converting the models takes a minute.
        shutil.copytree(driver.root / "cache", worker.root / "cache", ignore=shutil.ignore_patterns("java", "*.lock"))
    cluster = Cluster(driver, (first, second), example.key, shared / "lake", expected)
    cluster.repair()
    return cluster
