"""Spark as the runner of a film's segments, on several machines or on this one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from wios_assets.assets.footage_job import (
    AnalysedSegments,
    SegmentTask,
    read_records,
    records_folder,
    write_segment,
)
from wios_assets.lake.roots import Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.spark_workers import cluster_cores, require_folder, watched_workers, worker_errors
from wios_assets.vision.options import EngineOptions
from wios_assets.vision.parts import SUFFIX, parts_text, read_parts


@dataclass(frozen=True)
class SparkRunner:
    """Runs one Spark task for each segment; the workers write their files into the lake's folder themselves.

    Attributes:
        spark: the session.
        roots: this machine's folders; each worker takes its own instead.
    """

    spark: SparkSessionResource
    roots: Roots

    def parallelism(self) -> int:
        return cluster_cores(self.spark.spark_session, self.spark.worker_wait_s)

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        folder = records_folder(scratch)
        session = self.spark.spark_session
        count = len(task.segments)
        if count:
            numbers = session.range(0, count, 1, count)
            with watched_workers(session, self.spark.worker_wait_s):
                numbers.mapInArrow(WorkerTask(task, folder, self.roots), "id long").collect()
        return read_records(folder, count)


@dataclass(frozen=True)
class WorkerTask:
    """Analyses segments on a worker; Spark calls it with batches of segment numbers, which it returns when written.

    Attributes:
        task: the task with the driver's paths.
        folder: the driver's path of the folder for the records.
        roots: the driver's folders.
    """

    task: SegmentTask
    folder: Path
    roots: Roots

    def __call__(self, numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with worker_errors():
            here = self.roots.of_this_machine()
            folder = self.roots.translated(self.folder, here)
            require_folder(folder)
            task = self._local_task(here)
            for batch in numbers:
                for number in batch.column("id").to_pylist():
                    write_segment(task, task.segments[number], folder)
                yield batch

    def _local_task(self, here: Roots) -> SegmentTask:
        """The task with this machine's paths."""

        def local(path: Path) -> Path:
            return self.roots.translated(path, here)

        video = local(self.task.video.path)
        progress = local(self.task.progress_folder)
        if video.suffix == SUFFIX:
            parts = read_parts(video)
            if (moved := [local(part) for part in parts]) != parts:
                video = progress / f"{uuid.uuid4().hex}{SUFFIX}"
                video.write_text(parts_text(moved), encoding="utf-8")
        return replace(
            self.task,
            video=replace(self.task.video, path=video),
            engine=local_engine(self.task.engine, self.roots, here),
            progress_folder=progress,
        )


def local_engine(engine: EngineOptions, driver: Roots, here: Roots) -> EngineOptions:
    """The driver's options of the engine with the paths of this machine."""

    def local(path: str | None) -> str | None:
        return None if path is None else str(driver.translated(Path(path), here))

    return replace(
        engine,
        cache=str(driver.translated(Path(engine.cache), here)),
        detector_model=local(engine.detector_model),
        embedder_model=local(engine.embedder_model),
    )
