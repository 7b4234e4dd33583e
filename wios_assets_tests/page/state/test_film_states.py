from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wios_assets.errors import WiosError
from wios_assets.failures import one_line_failures
from wios_assets.lake.progress import progress_file
from wios_assets.page.state.film_states import FilmState, FilmStates
from wios_assets.runs.film_runs import FilmRuns
from wios_assets.runs.launch import dagster_instance
from wios_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def note_progress(settings: Settings, film: str, age_s: float) -> None:
    file = progress_file(settings.lake, film)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"done_s": 60.0, "total_s": 240.0, "taken_s": 20.0}))
    os.utime(file, (time.time() - age_s,) * 2)


def test_a_film_without_a_run_is_queued(settings: Settings) -> None:
    assert FilmStates(settings).of("heat", ready=False) == FilmState("queued")
    assert FilmStates(settings).of("heat", ready=True) == FilmState("ready")


def test_a_running_film_has_its_progress(settings: Settings) -> None:
    note_progress(settings, "heat", age_s=0)
    assert FilmStates(settings).of("heat", ready=False) == FilmState("running", 0.25, 60.0, stage="frames")
    assert FilmStates(settings).of("heat", ready=True) == FilmState("ready", 0.25)


def test_progress_of_a_killed_run_is_ignored(settings: Settings) -> None:
    note_progress(settings, "heat", age_s=120)
    assert FilmStates(settings).of("heat", ready=False) == FilmState("queued")


@pytest.mark.slow
def test_a_failed_film_gives_the_reason_of_its_newest_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster import job, op

    monkeypatch.setenv("DAGSTER_HOME", "")
    broken = {"film": True}

    @op
    @one_line_failures
    def read() -> None:
        if broken["film"]:
            raise WiosError("/films/heat.mkv: is empty (0 bytes); copy it again")

    @job
    def film_map() -> None:
        read()

    with dagster_instance(settings) as instance:
        film_map.execute_in_process(instance=instance, tags={"dagster/partition": "heat"}, raise_on_error=False)
        states = FilmStates(settings)
        states.of("heat", ready=False)
        for _ in range(1200):
            state = states.of("heat", ready=False)
            if state.kind == "failed":
                break
            time.sleep(0.05)
        assert state == FilmState("failed", reason="/films/heat.mkv: is empty (0 bytes); copy it again", step="read")
        assert states.of("heat", ready=True) == FilmState("ready", reason=state.reason, step="read")
        assert states.of("other", ready=False) == FilmState("queued")
        broken["film"] = False
        film_map.execute_in_process(instance=instance, tags={"dagster/partition": "heat"})
        assert FilmRuns().read(settings, instance)["heat"].kind == "done"


@pytest.mark.slow
def test_the_reason_of_a_failed_check_is_its_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster import AssetCheckSpec, AssetKey, Output, asset, materialize

    from wios_assets.assets.results import check

    monkeypatch.setenv("DAGSTER_HOME", "")

    @asset(check_specs=[AssetCheckSpec("at_least_one_actor", asset=AssetKey("cast"), blocking=True)])
    def cast() -> Iterator[Any]:
        yield Output(1)
        yield check("at_least_one_actor", "cast", ["IMDB's tables have no cast for tt1"])

    with dagster_instance(settings) as instance:
        materialize([cast], instance=instance, tags={"dagster/partition": "heat"}, raise_on_error=False)
        assert FilmRuns().read(settings, instance)["heat"].reason == (
            "cast: at_least_one_actor: IMDB's tables have no cast for tt1"
        )
