"""The processes of this machine that run the face engine: on segments of films, and on photos."""

from __future__ import annotations

import multiprocessing
import os
import signal
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import forkserver, resource_tracker
from multiprocessing.util import Finalize
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from wios_assets.errors import Unavailable
from wios_assets.scratch import temporary_folder

if TYPE_CHECKING:
    from wios_assets.vision.options import EngineOptions

Result = TypeVar("Result")
PRELOADED = ["wios_assets.assets.worker_modules"]
"""Imported by the process that the workers are forked from."""


@lru_cache(maxsize=1)
def worker_pool(workers: int) -> ProcessPoolExecutor:
    """The pool of this process. It lives on between films, so that each worker loads the networks once."""
    # The folder of its sockets, which goes even where this process is killed.
    multiprocessing.current_process()._config["tempdir"] = str(temporary_folder())  # type: ignore[attr-defined]
    # A forked copy of a process with Dagster's threads may hang.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    # Ctrl-C reaches the whole process group, and a Python that is just starting would end with a traceback.
    # The tracker's start ends with SIGINT let through, so it comes first.
    resource_tracker.ensure_running()
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker)
    # Dagster carries out a run in a child of multiprocessing, which waits for its own children before pools are ended.
    # The pool's queue, through which it ends its workers, is closed at priority 10.
    Finalize(None, _shut_down, [weakref.ref(pool)], exitpriority=20)
    return pool


def start_workers(workers: int, engine: EngineOptions) -> None:
    """Start the pool and have each worker load the networks; does not wait for it."""
    pool = worker_pool(workers)
    for _ in range(workers):
        pool.submit(_load_networks, engine)


def run_in_pool(
    workers: int, subject: str, function: Callable[..., Result], calls: Iterable[tuple[Any, ...]]
) -> Iterator[Result]:
    """Results of a function for each tuple of arguments, as they come.

    Where one call fails, or the caller stops, the others are ended with the pool.

    Args:
        subject: what is worked on, for the message about a killed process.

    Raises:
        Unavailable: a worker was killed.
        WiosError: a call's own.
    """
    pool = worker_pool(workers)
    try:
        for done in as_completed([pool.submit(function, *arguments) for arguments in calls]):
            yield done.result()
    except BaseException as error:
        _end(pool)
        if isinstance(error, BrokenProcessPool):
            raise Unavailable(
                f"{subject}: a process that analysed it was killed, as when memory runs out; run the film again, with "
                "fewer workers (`WIOS_SPARK_MASTER=local[1]`) if it happens again"
            ) from None
        raise


def _shut_down(pool: weakref.ref[ProcessPoolExecutor]) -> None:
    """End a pool once its workers have done what they do now."""
    if (living := pool()) is not None:
        living.shutdown(cancel_futures=True)


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


def _load_networks(engine: EngineOptions) -> None:
    from wios_assets.vision.engines import load_engine

    load_engine(engine)
