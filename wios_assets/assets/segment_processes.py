"""A pool of processes on this machine as the runner of a film's segments; it needs no JVM."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread

from wios_assets.assets.footage_job import (
    AnalysedSegments,
    SegmentTask,
    read_records,
    records_folder,
    write_segment,
)
from wios_assets.errors import Unavailable
from wios_assets.scratch import temporary_folder


@dataclass(frozen=True)
class ProcessRunner:
    """Runs segments in `workers` processes."""

    workers: int

    def parallelism(self) -> int:
        return self.workers

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        folder = records_folder(scratch)
        pool = worker_pool(self.workers)
        try:
            for done in as_completed([pool.submit(write_segment, task, each, folder) for each in task.segments]):
                done.result()
        except BaseException as error:
            _end(pool)
            if isinstance(error, BrokenProcessPool):
                raise Unavailable(
                    f"{task.video.path}: a process that analysed it was killed, as when memory runs out; run the film "
                    "again, with fewer workers (`WIOS_SPARK_MASTER=local[1]`) if it happens again"
                ) from None
            raise
        return read_records(folder, len(task.segments))


@lru_cache(maxsize=1)
def worker_pool(workers: int) -> ProcessPoolExecutor:
    """The pool of this process. It lives on between films, so that each worker loads the networks once."""
    # The folder of its sockets, which goes even where this process is killed.
    multiprocessing.current_process()._config["tempdir"] = str(temporary_folder())  # type: ignore[attr-defined]
    # A forked copy of a process with Dagster's threads may hang.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(workers, context, initializer=_start_worker)


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool at once, whatever its workers do."""
    worker_pool.cache_clear()
    # `terminate_workers` comes with Python 3.14; `_processes` is None once the pool has ended.
    for process in list((pool._processes or {}).values()):
        process.terminate()
    pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it ends, however that happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
