"""Failures of a worker's Python, and a cluster of executors on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wios_assets.lake.spark_workers import python_fault

LOST = "Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.3 executor 1): "


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            LOST + 'java.io.IOException: Cannot run program "/opt/wios/bin/python": error=2, No such file or directory',
            "worker 10.0.0.3: /opt/wios/bin/python: does not start; set WIOS_SPARK__PYTHON",
        ),
        (
            LOST + "org.apache.spark.SparkException: No module named 'wios_assets'",
            "worker 10.0.0.3: its Python has no module wios_assets; install WIOS there",
        ),
        (
            LOST + "ImportError: cannot import name 'WorkerTask' from 'wios_assets.assets.segment_cluster' (…)",
            "worker 10.0.0.3: its WIOS is of another version (cannot import name 'WorkerTask'); install",
        ),
        (
            LOST + "Python in worker has different version: 3.12 than that in driver: 3.11, …",
            "worker 10.0.0.3: Python 3.12, here 3.11; set WIOS_SPARK__PYTHON",
        ),
    ],
)
def test_a_worker_whose_python_does_not_start_is_named_with_the_setting(text: str, says: str) -> None:
    assert str(python_fault(text)).startswith(says)


def test_other_failures_are_left_to_others() -> None:
    assert python_fault(LOST + "java.lang.OutOfMemoryError: Java heap space") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("python", "says"),
    [
        (sys.executable, "ok    worker"),
        ("/nowhere/python", "/nowhere/python: does not start; set WIOS_SPARK__PYTHON"),
        ("bare", "has no WIOS; install it there"),
    ],
)
def test_the_doctor_runs_on_real_executors_and_says_what_their_python_lacks(
    python: str, says: str, tmp_path: Path
) -> None:
    if python == "bare":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
        python = str(tmp_path / "bare/bin/python")
    (tmp_path / "data/films").mkdir(parents=True)
    environment = os.environ | {
        "WIOS_DATA": str(tmp_path / "data"),
        "WIOS_SPARK_MASTER": "local-cluster[1,1,1200]",
        "WIOS_SPARK__PYTHON": python,
    }
    command = [str(Path(sys.executable).with_name("wios")), "doctor", "--cluster"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert says in result.stdout, result.stderr
    assert result.returncode == (0 if says.startswith("ok") else 1)
