"""Kills a run at a random moment, runs again, and compares the tables with those of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks.disturb_project import Project, Rows, Running

TARGETS = ("driver", "worker", "group", "JVM", "Ctrl-C", "Ctrl-C with Spark")
_ATTEMPTS = 8


@dataclass(frozen=True)
class Trial:
    """A disturbed run.

    Attributes:
        name: what was done.
        message: what the disturbed run said; empty where it could not say anything, or nothing was wrong.
        faults: what was not as it should be.
    """

    name: str
    message: str
    faults: list[str]


def kill_once(project: Project, target: str, seed: int, length_s: float, expected: Rows) -> Trial:
    """Kill one of `TARGETS` during a run of `length_s` seconds; a run that ends before the moment is begun anew."""
    moments = random.Random(seed)
    project = replace(project, runner="spark" if target in ("JVM", "Ctrl-C with Spark") else "processes")
    # A run with Spark takes longer than the undisturbed one without.
    latest_s = length_s * (2 if project.runner == "spark" else 1)
    for _ in range(_ATTEMPTS):
        project.reset()
        run = project.start()
        if target in ("worker", "JVM"):
            run.wait_until(partial(_has_children, run, target))
            delay = moments.uniform(0.0, latest_s / 3)
            in_time = run.wait_s(run.elapsed_s + delay)
            moment = f"{delay:.2f} s after its start"
            found = _children(run, target)
        else:
            at = moments.uniform(0.2, latest_s)
            in_time = run.wait_s(at)
            moment = f"at {at:.2f} s"
            found = []
        if in_time and (found or target not in ("worker", "JVM")):
            break
        run.wait()
        latest_s *= 0.8
    else:
        return Trial(target, "", ["every run ended before it could be killed"])
    kill: Callable[[], None]
    if target == "driver":
        kill = run.process.kill
    elif found:
        kill = moments.choice(found).kill
    else:
        kill = partial(os.killpg, run.process.pid, signal.SIGKILL if target == "group" else signal.SIGINT)
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        kill()
    ended = run.wait()
    faults = [] if target in ("driver", "group") else ended.faults(may_fail=True)
    faults += [f"after the kill: process left: {line}" for line in project.wait_for_the_end_of_processes()]
    again = project.start().wait()
    faults += again.faults(may_fail=False) + project.differences(expected) + project.leftovers()
    return Trial(f"{target} {moment}", "; ".join(ended.messages), faults)


def spark_starts(run: Running) -> bool:
    """Whether the run's JVM is there."""
    return _has_children(run, "JVM")


def _has_children(run: Running, target: str) -> bool:
    return bool(_children(run, target))


def _children(run: Running, target: str) -> list[psutil.Process]:
    """Processes below the run's: the JVM, or the workers of its pool."""
    try:
        children = psutil.Process(run.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [child for child in children if _is(child, target)]


def _is(process: psutil.Process, target: str) -> bool:
    try:
        command = process.cmdline() or [""]
        if target == "JVM":
            # Spark's scripts start another one before it, which makes up its command line.
            main = [name for name in command if name.startswith("org.apache.spark.")][:1]
            return Path(command[0]).name == "java" and main == ["org.apache.spark.deploy.SparkSubmit"]
        parent = process.parent()
        # A worker is a fork of the fork server, which is a child of the driver.
        return parent is not None and "forkserver" in " ".join(parent.cmdline())
    except psutil.Error:
        return False
