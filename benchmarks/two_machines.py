"""Speed of two workers of one core each against one: the engine's part of a film, on machines in network namespaces.

    python -m benchmarks.two_machines FILM [--times N]

Needs root, for the namespaces. Each worker has a processor of its own. The film is analysed once so that the workers
have their networks loaded, and then N times; the least time counts. Prints a line of JSON, with the processor seconds
of the busiest worker's Python too: on a computer that does other work as well, their ratio is the one to look at.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from wios_assets.assets.footage_job import SegmentTask
from wios_assets.assets.options import engine_options, footage_options
from wios_assets.assets.segment_cluster import SparkRunner
from wios_assets.lake.roots import Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import staging_folder
from wios_assets.settings import load_settings
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.video import probe
from wios_assets_tests.cluster.machines import WIOS, Machine, network

MASTER_PORT = 7077
WARM = "warm"


def measure(film: Path, times: int) -> dict[str, float]:
    """Least seconds that the cluster of the settings takes for a film's segments, and how many segments there were."""
    settings = load_settings()
    runner = SparkRunner(SparkSessionResource.of(settings), Roots.of(settings))
    video = probe(film)
    rate = settings.samples_per_second
    segments = plan_segments(video.duration_s, rate, settings.footage.segment_seconds, runner.parallelism())
    seconds = []
    settings.lake.mkdir(parents=True, exist_ok=True)
    for number in range(times + 1):
        if number == 1:
            print(WARM, flush=True)
        with staging_folder(settings.lake) as scratch:
            options = footage_options(settings, rate)
            task = SegmentTask(video, tuple(segments), engine_options(settings, 1), options, scratch / "progress")
            started = time.perf_counter()
            runner(task, scratch)
            seconds.append(time.perf_counter() - started)
    return {"seconds": min(seconds[1:]), "segments": len(segments)}


def compare(film: Path, times: int) -> dict[str, float]:
    """Seconds and processor seconds with one worker and with two, and their ratios."""
    with (
        tempfile.TemporaryDirectory(prefix="wios-") as folder,
        network(Path(folder), ("control", "a", "b")) as machines,
    ):
        driver, *workers = machines.values()
        shared = Path(folder) / "shared"
        shared.mkdir()
        for machine in machines.values():
            machine.mounts = {machine.root / "films": film.parent, machine.root / "lake": shared}
            machine.environment = {"WIOS_DATA": str(machine.root)}
        driver.environment |= {
            "WIOS_SPARK_MASTER": f"spark://{driver.name}:{MASTER_PORT}",
            "WIOS_SPARK__DRIVER_HOST": driver.name,
        }
        driver.popen([WIOS, "cluster", "master", "--host", driver.name, "--port", MASTER_PORT])
        driver.wait_for_port(MASTER_PORT)
        results = []
        for core, worker in enumerate(workers):
            worker.cores = str(core)
            options = ["--host", worker.name, "--cores", "1", "--memory", "2g"]
            worker.popen([WIOS, "cluster", "worker", driver.environment["WIOS_SPARK_MASTER"], *options])
            worker.wait_for_port(8081)
            results.append(_measured(driver, workers[: core + 1], driver.root / "films" / film.name, times))
    one, two = results
    figures = ("seconds", "processor_s")
    ratios = {f"ratio_{figure}": one[figure] / two[figure] for figure in figures}
    values = {f"one_{figure}": one[figure] for figure in figures} | {f"two_{figure}": two[figure] for figure in figures}
    return values | ratios


def _measured(driver: Machine, workers: list[Machine], film: Path, times: int) -> dict[str, float]:
    run = driver.popen(
        [sys.executable, "-m", "benchmarks.two_machines", film, "--times", times, "--measure"],
        {"PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    before, after = [0.0] * len(workers), [0.0] * len(workers)
    while run.poll() is None:
        used = [_processor_s(worker) for worker in workers]
        if WARM not in driver.output():
            before = used
        # Spark ends the processes with the run.
        after = [max(pair) for pair in zip(after, used, strict=True)]
        time.sleep(0.05)
    if run.returncode:
        raise SystemExit(driver.output())
    result: dict[str, float] = json.loads(driver.output().strip().splitlines()[-1])
    busiest = max(end - start for start, end in zip(before, after, strict=True))
    return result | {"processor_s": busiest / times}


def _processor_s(worker: Machine) -> float:
    """Processor seconds so far of the worker's Python processes."""
    total = 0.0
    for process in worker.processes("pyspark.daemon"):
        with suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--measure", action="store_true", help="measure the cluster of the settings; no namespaces")
    args = parser.parse_args()
    print(json.dumps((measure if args.measure else compare)(args.film.resolve(), args.times)))


if __name__ == "__main__":
    main()
