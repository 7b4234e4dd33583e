"""Speed of two workers of one core each against one: the engine's part of a film, on machines in network namespaces.

    python -m benchmarks.two_machines FILM [--times N]

Needs root, for the namespaces. Each worker has a processor of its own. The film is analysed once so that the workers
have their networks loaded, and then N times; the least time counts. Prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

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


def measure(film: Path, times: int) -> dict[str, float]:
    """Least seconds that the cluster of the settings takes for a film's segments, and how many segments there were."""
    settings = load_settings()
    runner = SparkRunner(SparkSessionResource.of(settings), Roots.of(settings))
    video = probe(film)
    rate = settings.samples_per_second
    segments = plan_segments(video.duration_s, rate, settings.footage.segment_seconds, runner.parallelism())
    seconds = []
    settings.lake.mkdir(parents=True, exist_ok=True)
    for _ in range(times + 1):
        with staging_folder(settings.lake) as scratch:
            options = footage_options(settings, rate)
            task = SegmentTask(video, tuple(segments), engine_options(settings, 1), options, scratch / "progress")
            started = time.perf_counter()
            runner(task, scratch)
            seconds.append(time.perf_counter() - started)
    return {"seconds": min(seconds[1:]), "segments": len(segments)}


def compare(film: Path, times: int) -> dict[str, float]:
    """Seconds with one worker and with two."""
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
            results.append(_measured(driver, driver.root / "films" / film.name, times))
    one, two = results
    return {"one_worker_s": one["seconds"], "two_workers_s": two["seconds"], "ratio": one["seconds"] / two["seconds"]}


def _measured(driver: Machine, film: Path, times: int) -> dict[str, float]:
    code, output = driver.run(
        [sys.executable, "-m", "benchmarks.two_machines", film, "--times", times, "--measure"],
        {"PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    if code:
        raise SystemExit(output)
    result: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--measure", action="store_true", help="measure the cluster of the settings; no namespaces")
    args = parser.parse_args()
    print(json.dumps((measure if args.measure else compare)(args.film.resolve(), args.times)))


if __name__ == "__main__":
    main()
