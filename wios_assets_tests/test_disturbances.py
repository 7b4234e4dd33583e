"""A few of the disturbances of `python -m benchmarks.disturb`, on a film of four seconds."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.disturb_faults import FAULTS, disturb_once
from benchmarks.disturb_kills import kill_once, spark_starts
from benchmarks.disturb_project import Project, Rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.devset,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by their environment, as Linux shows it"),
]

CHOSEN = (
    "disk of data with 0.7 MB",
    "disk of data/lake with 0.3 MB",
    "disk of data/dagster with 0.4 MB",
    "kept faces cut in half",
)


@pytest.fixture(scope="module")
def undisturbed(devset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Rows]:
    """The project, and the tables of a run that nothing disturbs."""
    project = Project(tmp_path_factory.mktemp("disturbed"))
    project.make_template(devset)
    project.reset()
    ended = project.start().wait()
    assert ended.faults(may_fail=False) == []
    assert project.leftovers() == []
    return project, project.rows()


@pytest.mark.parametrize("name", CHOSEN)
def test_a_disturbed_run_says_one_line_and_the_next_gives_the_same_tables(
    undisturbed: tuple[Project, Rows], name: str
) -> None:
    (fault,) = [fault for fault in FAULTS if fault.name == name]
    if fault.mounts and os.geteuid():
        pytest.skip("small disks are mounted by root")
    project, expected = undisturbed
    trial = disturb_once(project, fault, expected)
    assert trial.faults == []
    if fault.mounts:
        assert trial.message.startswith("wios: the disk is full: ")


@pytest.mark.parametrize("target", ["driver", "worker"])
def test_a_killed_run_leaves_nothing_behind_and_the_next_gives_the_same_tables(
    undisturbed: tuple[Project, Rows], target: str
) -> None:
    project, expected = undisturbed
    assert kill_once(project, target, seed=3, length_s=8.0, expected=expected).faults == []


def test_ctrl_c_while_spark_starts_ends_the_jvm_and_says_one_line(undisturbed: tuple[Project, Rows]) -> None:
    project = replace(undisturbed[0], runner="spark")
    project.reset()
    run = project.start()
    assert run.wait_until(lambda: spark_starts(run))
    os.killpg(run.process.pid, signal.SIGINT)
    ended = run.wait()
    assert (ended.code, ended.messages, ended.noise) == (130, ["wios: interrupted"], [])
    assert project.leftovers() == []
