"""A film is analysed by workers of other machines, with other paths; disturbances change nothing."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wios_assets.lake.store import read_rows
from wios_assets.refined_tables import ACTOR_SCREEN_TIME, FILM_STATISTICS
from wios_assets.tables import SCREEN_TIME
from wios_assets_tests.cluster.conftest import Cluster
from wios_assets_tests.cluster.machines import WIOS, Machine
from wios_assets_tests.conftest import ROOT

pytestmark = pytest.mark.slow


def test_two_workers_with_other_paths_give_the_tables_of_a_local_run(cluster: Cluster) -> None:
    code, output = cluster.driver.run([WIOS, "run", cluster.film])
    assert code == 0, output
    assert cluster.tables() == cluster.expected


def test_the_tables_over_all_films_are_made_by_workers_with_other_paths(cluster: Cluster) -> None:
    code, output = cluster.driver.run([WIOS, "refine"])
    assert code == 0, output
    statistics = read_rows(cluster.lake, FILM_STATISTICS).to_pylist()
    assert [row["film"] for row in statistics] == [cluster.film]
    people = read_rows(cluster.lake, ACTOR_SCREEN_TIME).to_pylist()
    assert [row["actor"] for row in people]
    assert sum(row["seconds"] for row in people) == pytest.approx(
        sum(
            row["seconds"]
            for row in read_rows(cluster.lake, SCREEN_TIME, cluster.film).to_pylist()
            if row["kind"] == "cast"
        )
    )


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
    cluster.repair()
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
