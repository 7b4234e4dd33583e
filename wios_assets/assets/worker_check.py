"""What a worker of a Spark cluster has, as a task on it sees it, and what it lacks to analyse films of this machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from wios_assets.assets.options import engine_options
from wios_assets.lake.roots import ROOTS, Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.spark_workers import cluster_cores, executors, watched_workers
from wios_assets.lake.store import staging_folder
from wios_assets.settings import Settings
from wios_assets.vision.engines import results_version
from wios_assets.vision.options import EngineOptions

PACKAGES = (
    "wios-assets",
    "pyspark",
    "pyarrow",
    "numpy",
    "av",
    "opencv-python-headless",
    "onnxruntime",
    "dlib-bin",
    "face-recognition-models",
)
NEEDED_ROOTS = ("films", "lake", "cache")
CLOCK_S = 5.0
"""Largest difference of two clocks that is no finding."""
SETTLED_ROUNDS = 5
TASK_S = 1.0


@dataclass(frozen=True)
class WorkerProblem:
    """Something that a worker lacks.

    Attributes:
        subject: what it concerns: python, packages, models, folders, clock.
        message: what is wrong, in one line.
        remedy: what to do about it.
        fatal: whether films cannot be analysed there.
    """

    subject: str
    message: str
    remedy: str
    fatal: bool = True


@dataclass(frozen=True)
class WorkerFindings:
    """What was seen of the workers on one host, and what it lacks."""

    host: str
    summary: str
    problems: tuple[WorkerProblem, ...]


def check_workers(settings: Settings) -> list[WorkerFindings]:
    """Run a task on every executor of the cluster; findings by host, sorted.

    Raises:
        WiosError: the session does not start, there is no worker, or a worker's Python does not start.
    """
    spark = SparkSessionResource.of(settings)
    session = spark.spark_session
    engine = engine_options(settings, 1)
    settings.lake.mkdir(parents=True, exist_ok=True)
    reports: dict[str, dict[str, Any]] = {}
    with staging_folder(settings.lake) as folder:
        probe = folder / "probe"
        probe.write_text(uuid.uuid4().hex, encoding="ascii")
        task = _worker_report(Roots.of(settings), probe, engine, PACKAGES, TASK_S)
        cores = cluster_cores(session, spark.worker_wait_s)
        # Tasks that wait a little are spread over all cores; a round may still miss an executor.
        for _ in range(SETTLED_ROUNDS):
            started = time.time()
            with watched_workers(session, spark.worker_wait_s):
                seen = session.sparkContext.parallelize(range(cores), cores).mapPartitions(task).collect()
            ended = time.time()
            for report in seen:
                reports[report["executor"]] = report | {"clock_s": _distance(report["time"], started, ended)}
            if len(reports) >= max(1, executors(session)):
                break
    expected = {
        "python": python_version(),
        "packages": installed(PACKAGES),
        "models": results_version(engine),
        "probe": True,
    }
    by_host: dict[str, dict[str, Any]] = {report["host"]: report for report in reports.values()}
    return [
        WorkerFindings(host, _summary(by_host[host]), tuple(problems(by_host[host], expected)))
        for host in sorted(by_host)
    ]


def problems(report: dict[str, Any], expected: dict[str, Any]) -> Iterator[WorkerProblem]:
    """What a worker's report lacks, compared with this machine's."""
    if report["python"].split(".")[:2] != expected["python"].split(".")[:2]:
        yield WorkerProblem(
            "python",
            f"Python {report['python']} at {report['executable']}, here {expected['python']}",
            "install the same minor version, and name it in WIOS_SPARK__PYTHON",
        )
    if report["packages"]["wios-assets"] is None:
        remedy = f"install it there with `{report['executable']} -m pip`, or set WIOS_SPARK__PYTHON to the Python of it"
        yield WorkerProblem("packages", f"{report['executable']} has no WIOS", remedy)
        return
    for package, here in expected["packages"].items():
        there = report["packages"].get(package)
        if here is not None and there is None:
            yield WorkerProblem(
                "packages", f"no {package}", f"`{report['executable']} -m pip install {package}=={here}`"
            )
        elif there != here:
            message = f"{package} {there}, here {here}"
            yield WorkerProblem("packages", message, "install the same version; results may differ", fatal=False)
    if report["fault"]:
        yield WorkerProblem("settings", report["fault"], "correct this on that machine")
        return
    if report["models"] != expected["models"]:
        yield WorkerProblem(
            "models", f"the face engine differs ({report['models']})", "install the same models and packages there"
        )
    for name, folder in report["roots"].items():
        variable = f"WIOS_{name.upper()}"
        if not folder["readable"]:
            yield WorkerProblem(
                "folders", f"{folder['path']}: not there or not readable", f"mount it, or set {variable} there"
            )
        elif not folder["writable"] and name != "films":
            yield WorkerProblem(
                "folders", f"{folder['path']}: cannot be written", f"change its access rights, or set {variable} there"
            )
    if report["roots"]["lake"]["writable"] and report["probe"] != expected["probe"]:
        yield WorkerProblem(
            "folders",
            f"{report['roots']['lake']['path']}: not the folder that is the lake here",
            "set WIOS_LAKE there to where that folder is mounted",
        )
    if abs(report["clock_s"]) > CLOCK_S:
        yield WorkerProblem(
            "clock", f"its clock is {report['clock_s']:+.0f} s off this one", "let both follow NTP", fatal=False
        )


def installed(packages: tuple[str, ...]) -> dict[str, str | None]:
    """Versions of packages; None where one is not installed."""
    versions: dict[str, str | None] = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions


def _distance(time_s: float, started: float, ended: float) -> float:
    """Seconds that a time lies outside an interval; 0 within."""
    return min(0.0, time_s - started) + max(0.0, time_s - ended)


def _summary(report: dict[str, Any]) -> str:
    lake = report["roots"].get("lake", {}).get("path", "unknown")
    return f"Python {report['python']}, WIOS {report['packages'].get('wios-assets')}, lake {lake}"


def _worker_report(
    roots: Roots, probe: Path, engine: EngineOptions, packages: tuple[str, ...], task_s: float
) -> Callable[[Iterable[int]], Iterable[dict[str, Any]]]:
    """The task that reports of a worker.

    Spark carries a nested function as a whole, and it takes plain values, so that it runs where WIOS is missing.
    """
    names, folders = ROOTS, [str(folder) for folder in roots.folders]
    probe_path, options, needed = str(probe), asdict(engine), NEEDED_ROOTS

    def report(_: Iterable[int]) -> Iterator[dict[str, Any]]:
        import os
        import platform
        import socket
        import sys
        import tempfile
        import time
        from importlib import metadata
        from pathlib import Path

        def package_version(package: str) -> str | None:
            try:
                return metadata.version(package)
            except metadata.PackageNotFoundError:
                return None

        def state(folder: str) -> dict[str, Any]:
            try:
                with tempfile.TemporaryFile(dir=folder):
                    writable = True
            except OSError:
                writable = False
            return {"path": folder, "readable": os.access(folder, os.R_OK | os.X_OK), "writable": writable}

        now = time.time()
        time.sleep(task_s)
        host = socket.gethostname()
        facts: dict[str, Any] = {
            "host": host,
            "executor": f"{host} {Path.cwd()}",
            "time": now,
            "python": platform.python_version(),
            "executable": sys.executable,
            "packages": {package: package_version(package) for package in packages},
            "fault": "",
            "models": "",
            "roots": {},
            "probe": False,
        }
        try:
            from wios_assets.assets.segment_cluster import local_engine
            from wios_assets.lake.roots import Roots
            from wios_assets.vision.engines import results_version
            from wios_assets.vision.options import EngineOptions

            driver = Roots(tuple(Path(folder) for folder in folders))
            here = driver.of_this_machine()
            local = {name: str(folder) for name, folder in zip(names, here.folders, strict=True)}
            Path(local["cache"]).mkdir(parents=True, exist_ok=True)
            facts["roots"] = {name: state(local[name]) for name in needed}
            facts["probe"] = driver.translated(Path(probe_path), here).is_file()
            facts["models"] = results_version(local_engine(EngineOptions(**options), driver, here))
        except Exception as error:
            facts["fault"] = " ".join(f"{type(error).__name__}: {error}".split())
        yield facts

    return report
