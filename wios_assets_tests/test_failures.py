"""Errors of an asset's function as Dagster's failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wios_assets.errors import NotFound, Unavailable
from wios_assets.failures import one_line_failures, retry_unavailable
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.test_errors import commit_by_sqlite, mounted


def test_a_full_disk_of_the_runs_own_settings_is_named(tmp_path: Path) -> None:
    @one_line_failures
    def asset(settings: Settings) -> Iterator[int]:
        yield 1
        commit_by_sqlite(settings.lake)

    with mounted(tmp_path / "small", "size=1m") as disk, pytest.raises(dg.Failure) as failed:
        list(asset(settings=load_settings(data=tmp_path, lake=disk)))
    assert failed.value.description is not None
    assert failed.value.description.startswith(f"the disk is full: {disk} (")
    assert failed.value.allow_retries is False


def test_the_prepared_message_the_kind_and_the_place_are_kept() -> None:
    @one_line_failures
    def asset() -> None:
        raise NotFound("film 'heat': there is none")

    with pytest.raises(dg.Failure) as failed:
        asset()
    assert failed.value.description == "film 'heat': there is none"
    assert failed.value.metadata["kind"].value == "NotFound"
    assert str(failed.value.metadata["raised in"].value).startswith(f"{__file__}:")


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    @one_line_failures
    def asset() -> None:
        raise TypeError("unsupported")

    with pytest.raises(TypeError):
        asset()


def test_what_is_unavailable_is_tried_again_with_growing_pauses_and_then_said_as_it_is() -> None:
    attempts: list[int] = []

    @dg.asset
    @retry_unavailable(most=2, wait_s=0.01)
    @one_line_failures
    def share(context) -> Iterator[dg.Output[int]]:  # type: ignore[no-untyped-def]
        attempts.append(context.retry_number)
        yield dg.Output(read())

    def read() -> int:
        raise Unavailable("/lake: the share is gone; mount it again")

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([share], instance=instance, raise_on_error=False)
    assert attempts == [0, 1, 2]
    retries = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    assert [event.step_retry_data.seconds_to_wait for event in retries] == [0.01, 0.02]
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_failure_data.user_failure_data is not None
    assert failed.step_failure_data.user_failure_data.description == "/lake: the share is gone; mount it again"


def test_what_is_not_there_is_not_tried_again() -> None:
    attempts: list[int] = []

    @dg.asset
    @retry_unavailable(most=2, wait_s=0.01)
    @one_line_failures
    def film(context) -> Iterator[dg.Output[int]]:  # type: ignore[no-untyped-def]
        attempts.append(context.retry_number)
        yield dg.Output(read())

    def read() -> int:
        raise NotFound("no such film")

    with dg.DagsterInstance.ephemeral() as instance:
        assert not dg.materialize([film], instance=instance, raise_on_error=False).success
    assert attempts == [0]
