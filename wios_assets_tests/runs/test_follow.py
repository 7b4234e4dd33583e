from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from wios_assets.errors import WiosError
from wios_assets.runs import follow
from wios_assets.runs.follow import RETRY_RUN, WILL_RETRY, NoLongerQueued, follow_run


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_S", 0.01)
    monkeypatch.setattr(follow, "PATIENCE_S", 0.05)


def followed(instance: DagsterInstance, run_id: str, *, daemon: bool = True) -> None:
    follow_run(instance, run_id, "heat", lambda step: None, lambda: daemon)


def test_a_run_is_followed_until_it_succeeds(instance: DagsterInstance) -> None:
    run = create_run_for_test(instance, status=DagsterRunStatus.NOT_STARTED)
    steps: list[str | None] = []

    def tick(step: str | None) -> None:
        steps.append(step)
        if len(steps) == 3:
            instance.delete_run(run.run_id)
            create_run_for_test(instance, run_id=run.run_id, status=DagsterRunStatus.SUCCESS)

    follow_run(instance, run.run_id, "heat", tick, lambda: True)
    assert steps == [None, None, None]


def test_a_queued_run_that_no_daemon_is_left_for_is_taken_back(instance: DagsterInstance) -> None:
    run = create_run_for_test(instance, status=DagsterRunStatus.NOT_STARTED)
    with pytest.raises(NoLongerQueued):
        followed(instance, run.run_id, daemon=False)
    now = instance.get_run_by_id(run.run_id)
    assert now is not None
    assert now.status == DagsterRunStatus.CANCELED


@pytest.mark.parametrize(
    ("status", "daemon", "message"),
    [
        (DagsterRunStatus.CANCELED, True, "was cancelled in Dagster's page"),
        (DagsterRunStatus.STARTED, False, "`wios ui` was ended, and the run .* with it; run the film again"),
        (DagsterRunStatus.FAILURE, True, "the run did not finish; the details are in run"),
    ],
)
def test_a_run_that_does_not_succeed_is_reported_in_one_line(
    instance: DagsterInstance, status: DagsterRunStatus, daemon: bool, message: str
) -> None:
    run = create_run_for_test(instance, status=status)
    with pytest.raises(WiosError, match=f"film 'heat': .*{message}"):
        followed(instance, run.run_id, daemon=daemon)


def test_a_run_that_is_started_again_after_it_was_killed_is_followed_on(instance: DagsterInstance) -> None:
    again = create_run_for_test(instance, status=DagsterRunStatus.SUCCESS)
    killed = create_run_for_test(instance, status=DagsterRunStatus.FAILURE, tags={WILL_RETRY: "true"})

    def daemon_lives() -> bool:
        instance.add_run_tags(killed.run_id, {RETRY_RUN: again.run_id})
        return True

    follow_run(instance, killed.run_id, "heat", lambda step: None, daemon_lives)


def test_a_run_that_was_deleted_is_reported(instance: DagsterInstance) -> None:
    with pytest.raises(WiosError, match="was deleted in Dagster's page"):
        followed(instance, "00000000-0000-0000-0000-000000000000")
