import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from wios_assets.films.film_lock import film_lock
from wios_assets.runs.processes import FILM_TAG, PROCESS_TAG, end_dead_runs, this_process
from wios_assets.settings import load_settings


@contextmanager
def held_elsewhere(data: Path, film: str) -> Iterator[None]:
    """A film's lock, held by another thread."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with film_lock(data, film):
            held.set()
            let_go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        yield
    finally:
        let_go.set()
        holder.join()


def started_runs(instance: DagsterInstance) -> dict[str, DagsterRun]:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    tags = {
        "alive": this_process(),
        "gone": {PROCESS_TAG: f"{ended.pid}@1.00"},
        "the daemon's": {},
        "the daemon's, which writes its film": {FILM_TAG: "heat"},
    }
    return {
        name: create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags=own) for name, own in tags.items()
    }


def test_a_run_whose_process_is_gone_is_marked_failed_and_others_are_not(tmp_path: Path) -> None:
    instance = DagsterInstance.ephemeral()
    settings = load_settings(data=tmp_path)
    runs = started_runs(instance)
    finished = create_run_for_test(instance, status=DagsterRunStatus.SUCCESS)

    def status() -> dict[str, DagsterRunStatus]:
        return {name: instance.get_run_by_id(run.run_id).status for name, run in runs.items()}  # type: ignore[union-attr]

    expected = dict.fromkeys(runs, DagsterRunStatus.STARTED)
    assert end_dead_runs(settings, instance, daemon=True) == [runs["gone"].run_id]
    assert status() == {**expected, "gone": DagsterRunStatus.FAILURE}
    with held_elsewhere(tmp_path, "heat"):
        assert end_dead_runs(settings, instance, daemon=False) == [runs["the daemon's"].run_id]
    assert end_dead_runs(settings, instance, daemon=False) == [runs["the daemon's, which writes its film"].run_id]
    assert status() == {**dict.fromkeys(runs, DagsterRunStatus.FAILURE), "alive": DagsterRunStatus.STARTED}
    assert instance.get_run_by_id(finished.run_id).status == DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
