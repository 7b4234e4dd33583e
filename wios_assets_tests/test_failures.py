"""Errors of an asset's function as Dagster's failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wios_assets.errors import NotFound
from wios_assets.failures import one_line_failures
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
