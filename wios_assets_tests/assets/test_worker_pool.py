"""The pool's processes, Ctrl-C, and the end of the process that uses them."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys

import pytest

from wios_assets.assets.worker_pool import worker_pool
from wios_assets_tests.conftest import ROOT

STARTED = """
import signal
from multiprocessing import forkserver
from pathlib import Path
from wios_assets.assets.worker_pool import worker_pool

worker_pool(1)
status = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/status").read_text()
blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
print(bool(blocked >> signal.SIGINT - 1 & 1), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the mask of another process is read from /proc")
def test_the_process_that_workers_are_forked_from_is_deaf_to_ctrl_c_from_its_first_instruction() -> None:
    """It would otherwise end with a traceback where Ctrl-C comes while it starts."""
    shown = subprocess.run([sys.executable, "-c", STARTED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["True", "False"]


def use_the_pool() -> None:
    assert worker_pool(1).submit(abs, -1).result() == 1


@pytest.mark.slow
def test_a_run_in_a_process_of_dagsters_ends_though_its_workers_wait_for_more() -> None:
    run = multiprocessing.get_context("spawn").Process(target=use_the_pool)
    run.start()
    run.join(60)
    code = run.exitcode
    run.kill()
    assert code == 0
