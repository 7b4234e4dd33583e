"""The workers of a Spark session: how many cores they have, and whether any is left."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from wios_assets.errors import BadInput, Unavailable, explain

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTLED_S = 5.0
"""Time without another worker after which no more are expected."""
PAUSE_S = 0.25


def executors(session: SparkSession) -> int:
    """Number of executors that are there now; 0 for a local master, where the driver does the work."""
    # PySpark has no call for it. The driver is listed as well.
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def cluster_cores(session: SparkSession, wait_s: float) -> int:
    """Cores by which a film is divided: `spark.cores.max`, else those of all executors, once they have registered.

    Args:
        session: the session.
        wait_s: longest time to wait for the first executor, in seconds.

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
        if known and (asked := context.getConf().get("spark.cores.max")):
            return int(asked)
        time.sleep(PAUSE_S)
    # `defaultParallelism` is two at least.
    return min(context.defaultParallelism, known * int(context.getConf().get("spark.executor.cores", "1")))


@contextmanager
def worker_errors() -> Iterator[None]:
    """On a worker: an error that a user can mend names the worker's machine; Spark hands its text on to the driver.

    Raises:
        WiosError: in place of the block's error, where `errors.explain` knows it.
    """
    try:
        yield
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        raise type(explained)(f"worker {socket.gethostname()}: {explained}") from error


def require_folder(folder: Path) -> None:
    """On a worker: refuse to work where a folder of the driver's lake is not there.

    Raises:
        BadInput: it is not.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: not there; set WIOS_LAKE on this machine to the folder that is the driver's lake")


@contextmanager
def watched_workers(session: SparkSession, wait_s: float) -> Iterator[None]:
    """Cancels the block's jobs when there was no executor for `wait_s` seconds; Spark alone would wait for ever.

    Raises:
        Unavailable: the jobs were cancelled, or Python does not start on a worker.
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
        # PySpark shortens what Java says, the worker's address included.
        if (fault := python_fault(f"{error} {getattr(error, '_origin', '')}")) is not None:
            raise fault from error
        raise
    finally:
        ended.set()
        thread.join()


def python_fault(text: str) -> Unavailable | None:
    """The error for a worker on which Python does not start, from the text of a failed job; None for other failures."""
    worker = re.search(r"\((\S+) executor \w+\)", text)
    host = f"worker {worker[1]}: " if worker else "a worker: "
    if program := re.search(r'Cannot run program "([^"]+)"', text):
        return Unavailable(f"{host}{program[1]}: does not start; set WIOS_SPARK__PYTHON to the workers' Python")
    if module := re.search(r"No module named '?([\w.]+)'?", text):
        return Unavailable(
            f"{host}its Python has no module {module[1]}; install WIOS there, or set WIOS_SPARK__PYTHON to the Python "
            "that has it"
        )
    if name := re.search(r"ImportError: (cannot import name '?\w+'?)", text):
        return Unavailable(
            f"{host}its WIOS is of another version ({name[1]}); install the version of this machine there"
        )
    if versions := re.search(r"different version:? ([\d.]+) than that in driver:? ([\d.]+)", text):
        return Unavailable(
            f"{host}Python {versions[1]}, here {versions[2]}; set WIOS_SPARK__PYTHON to one of the same minor version"
        )
    return None


def _works_itself(session: SparkSession) -> bool:
    return bool(session.sparkContext._jsc.sc().isLocal())


def _no_worker(session: SparkSession, wait_s: float) -> Unavailable:
    return Unavailable(
        f"Spark at {session.sparkContext.master}: no worker for {wait_s:.0f} s; start workers with enough free cores "
        "and memory, then run again; `wios doctor --cluster` checks them"
    )
