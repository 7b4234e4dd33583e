"""A pool of processes on this machine as the runner of a film's segments; it needs no JVM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wios_assets.assets.footage_job import (
    AnalysedSegments,
    SegmentTask,
    read_records,
    records_folder,
    write_segment,
)
from wios_assets.assets.worker_pool import run_in_pool


@dataclass(frozen=True)
class ProcessRunner:
    """Runs segments in `workers` processes."""

    workers: int

    def parallelism(self) -> int:
        return self.workers

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        folder = records_folder(scratch)
        calls = [(task, segment, folder) for segment in task.segments]
        for _ in run_in_pool(self.workers, str(task.video.path), write_segment, calls):
            pass
        return read_records(folder, len(task.segments))
