"""The workers of a Spark session: how many cores they have, and whether any is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from wios_assets.errors import Unavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTLED_S = 2.0
"""Time without another worker after which no more are expected."""
PAUSE_S = 0.25


def executors(session: SparkSession) -> int:
    """Number of executors that are there now; 0 for a local master, where the driver does the work."""
    # PySpark has no call for it. The driver is listed as well.
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def cluster_cores(session: SparkSession, wait_s: float) -> int:
    """Cores of all executors, once they have registered.

    Args:
        session: the session.
        wait_s: longest time to wait for the first one, in seconds.

    Raises:
        Unavailable: there is none within that time.
    """
    context = session.sparkContext
    if _works_itself(session):
        return context.defaultParallelism
    started = changed = time.monotonic()
    known = 0
    while not known or time.monotonic() - changed < SETTLED_S:
        if (count := executors(session)) != known:
            known, changed = count, time.monotonic()
        if not known and time.monotonic() - started > wait_s:
            raise _no_worker(session, wait_s)
        time.sleep(PAUSE_S)
    # Spark counts at least two.
    return min(context.defaultParallelism, known * int(context.getConf().get("spark.executor.cores", "1")))


@contextmanager
def watched_workers(session: SparkSession, wait_s: float) -> Iterator[None]:
    """Cancels the block's jobs when there was no executor for `wait_s` seconds; Spark alone would wait for ever.

    Raises:
        Unavailable: the jobs were cancelled.
    """
    if _works_itself(session):
        yield
        return
    ended, lost = Event(), Event()

    def watch() -> None:
        seen = time.monotonic()
        while not ended.wait(PAUSE_S):
            if executors(session):
                seen = time.monotonic()
            elif time.monotonic() - seen > wait_s:
                lost.set()
                session.sparkContext.cancelAllJobs()
                return

    thread = Thread(target=watch, name="Spark workers", daemon=True)
    thread.start()
    try:
        yield
    except Exception as error:
        if lost.is_set():
            raise _no_worker(session, wait_s) from error
        raise
    finally:
        ended.set()
        thread.join()


def _works_itself(session: SparkSession) -> bool:
    return bool(session.sparkContext._jsc.sc().isLocal())


def _no_worker(session: SparkSession, wait_s: float) -> Unavailable:
    return Unavailable(
        f"Spark at {session.sparkContext.master}: no worker for {wait_s:.0f} s; start workers with enough free cores "
        "and memory, then run again; `wios doctor --cluster` checks them"
    )
