"""What a command costs with all processes that it starts, those that outlive it included (Linux)."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

PR_SET_CHILD_SUBREAPER = 36
SAMPLED_S = 0.3
SAMPLING_SHARE = 0.02
"""Largest share of a core that the counting of memory may take from what it counts."""
ORPHANS_S = 20.0
"""Seconds that processes which outlive their command are waited for, such as Spark's Java machine."""


@dataclass(frozen=True)
class Cost:
    """Seconds, processor seconds of all processes, and their largest memory together in MiB; None: not measured."""

    seconds: float
    processor_s: float | None
    peak_mib: float | None

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.seconds + other.seconds,
            (self.processor_s or 0.0) + (other.processor_s or 0.0),
            max(self.peak_mib or 0.0, other.peak_mib or 0.0),
        )

    @classmethod
    def median(cls, costs: list[Cost]) -> Cost:
        processor_s = [cost.processor_s for cost in costs if cost.processor_s is not None]
        peaks = [cost.peak_mib for cost in costs if cost.peak_mib is not None]
        return cls(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(processor_s) if processor_s else None,
            max(peaks) if peaks else None,
        )

    def cells(self, first: Cost) -> str:
        """Cells of a Markdown table, the ratios to another cost in the last one."""
        work = "–" if self.processor_s is None else f"{self.processor_s:.2f}"
        peak = "–" if self.peak_mib is None else f"{self.peak_mib:.0f}"
        ratios = f"{self.seconds / first.seconds:.2f} ×"
        if self.processor_s is not None and first.processor_s:
            ratios += f", {self.processor_s / first.processor_s:.2f} ×"
        return f"{self.seconds:.2f} | {work} | {peak} | {ratios if self is not first else '–'}"


def counted(command: list[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Run a command in a folder and count what it costs; where it fails, its messages end this program."""
    if sys.platform == "linux":
        # Processes whose parent ended become children of this one, which waits for them.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = _children_s(), time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with _PeakMemory(process.pid) as memory:
        output, _ = process.communicate()
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"{' '.join(command)}\n{output}")
    _wait_for_orphans()
    return Cost(seconds, _children_s() - before, memory.peak_mib)


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphans() -> None:
    ended = time.monotonic() + ORPHANS_S
    while time.monotonic() < ended:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        except ChildProcessError:
            return


class _PeakMemory:
    """Samples the memory of a process and its descendants; pages that they share count once (PSS)."""

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._pid = pid
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        pause_s = SAMPLED_S
        while not self._ended.wait(pause_s):
            started_s = time.thread_time()
            try:
                root = psutil.Process(self._pid)
                pids = [root.pid, *(child.pid for child in root.children(recursive=True))]
            except psutil.NoSuchProcess:
                return
            self.peak_mib = max(self.peak_mib, sum(map(_pss_mib, pids)))
            pause_s = max(SAMPLED_S, (time.thread_time() - started_s) / SAMPLING_SHARE)


def _pss_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return float(text.partition("\nPss:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0
