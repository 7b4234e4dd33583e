import subprocess
import sys

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from wios_assets.runs.processes import PROCESS_TAG, end_orphaned_runs, this_process


def test_a_run_whose_process_is_gone_is_marked_failed_and_others_are_not() -> None:
    instance = DagsterInstance.ephemeral()
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    tags = {
        "alive": this_process(),
        "gone": {PROCESS_TAG: f"{ended.pid}@1.00"},
        "of a daemon that is gone": {},
    }
    runs = {
        name: create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags=own) for name, own in tags.items()
    }
    finished = create_run_for_test(instance, status=DagsterRunStatus.SUCCESS)
    assert set(end_orphaned_runs(instance)) == {runs["gone"].run_id, runs["of a daemon that is gone"].run_id}
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status[runs["gone"].run_id] == DagsterRunStatus.FAILURE
    assert status[runs["alive"].run_id] == DagsterRunStatus.STARTED
    assert status[finished.run_id] == DagsterRunStatus.SUCCESS
