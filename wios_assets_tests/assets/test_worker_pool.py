"""The pool's processes and Ctrl-C."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
