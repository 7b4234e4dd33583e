import subprocess
import sys

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.launcher import WorkerStatus
from dagster._core.test_utils import create_run_for_test

from wios_assets.runs.launcher import FilmRunLauncher
from wios_assets.runs.processes import PROCESS_TAG, this_process


def test_a_run_of_a_command_that_was_killed_is_reported_and_no_other() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    launcher = FilmRunLauncher()
    with DagsterInstance.ephemeral() as instance:

        def status(tags: dict[str, str]) -> WorkerStatus:
            run = create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags=tags)
            return launcher.check_run_worker_health(run).status

        assert launcher.supports_check_run_worker_health
        assert status({PROCESS_TAG: f"{ended.pid}@1.00"}) == WorkerStatus.FAILED
        assert status(this_process()) == WorkerStatus.RUNNING
        assert status({}) == WorkerStatus.RUNNING
