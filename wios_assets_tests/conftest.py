"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from wios_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from wios_assets.demo import Example

# No test depends on how busy the machine is.
hypothesis_settings.register_profile("wios", deadline=None)
hypothesis_settings.load_profile("wios")

EXAMPLE_DIRECTOR = "nm99999904"
ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give workers of pytest-xdist the slowest files first, so that fast ones fill the time until both are done."""
    if not hasattr(config, "workerinput"):
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent.name != "cluster", item.path not in slow))


@pytest.fixture(scope="session")
def devset() -> Path:
    """Folder of the development films; the test is skipped where it is absent."""
    folder = Path(os.environ.get("WIOS_DEVSET") or ROOT.parent / "shared" / "devset").resolve()
    if not (folder / "MANIFEST.md").is_file():
        pytest.skip(f"no development films at {folder}; set WIOS_DEVSET to their folder")
    return folder


@dataclass(frozen=True)
class FinishedExample:
    """The embedded example, run from its film file to the library. Tests read it and change nothing of it."""

    settings: Settings
    example: Example
    instance: DagsterInstance


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedExample]:
    """One real run of the whole graph, shared by all tests that only read its results."""
    from wios_assets.demo import make_example
    from wios_assets.films.registry import look_at_inbox
    from wios_assets.runs.launch import dagster_instance, run_film, run_job

    data = tmp_path_factory.mktemp("finished") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        settings = load_settings(data=data, spark_master="local[2]", director=EXAMPLE_DIRECTOR)
        example = make_example(data)
        look_at_inbox(settings, settle_seconds=0)
        with dagster_instance(settings) as instance:
            run_job(settings, instance, "imdb_refresh")
            run_film(settings, instance, example.key, lambda progress, step: None)
            yield FinishedExample(settings, example, instance)
