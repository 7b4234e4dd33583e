"""Requests for a run in this process, over a copy of the finished example with its history."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterEventType, DagsterInstance

from wios_assets.films.film_lock import film_lock
from wios_assets.lake.store import read_rows
from wios_assets.reviews.decisions import decide
from wios_assets.runs.instance import dagster_instance
from wios_assets.runs.launch import run_film
from wios_assets.runs.renewal import keep_after_runs, kept_stale_films, stale_films
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import TRACK_NAMES
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow

DECIDED = {"track_names", "appearances", "minute_appearances", "screen_time", "evaluation"}


@pytest.fixture
def settings(finished: FinishedExample, tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    shutil.copytree(finished.settings.data, data)
    # The copy's files are at other paths: the same films in another folder.
    for file in (data / "films.json",):
        file.write_text(file.read_text().replace(str(finished.settings.data), str(data)))
    return load_settings(data=data, spark_master="local[2]")


@pytest.fixture
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    with dagster_instance(settings) as opened:
        yield opened


def newest_run_made(instance: DagsterInstance) -> set[str]:
    (run,) = instance.get_runs(limit=1)
    events = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    return {entry.dagster_event.asset_key.to_user_string() for entry in events}  # type: ignore[union-attr]


def name_somebody(settings: Settings, film: str) -> None:
    rows = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
    track = int(rows.loc[rows["nearest"] == "Grace Hopper", "track"].iloc[0])
    decide(settings.data, settings.lake, film, [track], "is", "Eileen Collins", everywhere=False)


def test_a_request_that_waited_does_only_what_is_still_stale(
    finished: FinishedExample, settings: Settings, instance: DagsterInstance
) -> None:
    film = finished.example.key
    run_film(settings, instance, film, lambda progress, step: None)
    lines: list[str] = []
    waits, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with film_lock(settings.data, film, "`wios forget`"):
            waits.set()
            go_on.wait(60)

    def tell(line: str) -> None:
        lines.append(line)
        go_on.set()

    for expected in (False, True):
        if expected:
            name_somebody(settings, film)
        waits.clear()
        go_on.clear()
        lines.clear()
        holder = threading.Thread(target=hold)
        holder.start()
        assert waits.wait(60)
        assert run_film(settings, instance, film, lambda progress, step: None, tell=tell) is expected
        holder.join()
        assert lines[0].startswith(f"film {film!r}: `wios forget` (process ")
    assert newest_run_made(instance) == {*DECIDED, "player_files", "library"}


def test_only_films_that_are_not_up_to_date_are_stale_and_a_run_renews_them(
    finished: FinishedExample, settings: Settings, instance: DagsterInstance
) -> None:
    film = finished.example.key
    run_film(settings, instance, film, lambda progress, step: None)
    assert stale_films(settings) == {}
    naming = settings.naming.model_copy(update={"certain": 0.9})
    stricter = settings.model_copy(update={"naming": naming})
    assert set(stale_films(stricter)[film]) == DECIDED
    assert stale_films(settings) == {}
    assert run_film(stricter, instance, film, lambda progress, step: None, only_stale=True)
    assert newest_run_made(instance) == {*DECIDED, "player_files", "library"}
    assert stale_films(stricter) == {}
    assert not run_film(stricter, instance, film, lambda progress, step: None, only_stale=True)


def test_after_runs_the_stale_films_are_known_without_dagster_and_other_films_keep_their_state(
    finished: FinishedExample, settings: Settings, instance: DagsterInstance
) -> None:
    film = finished.example.key
    run_film(settings, instance, film, lambda progress, step: None)
    keep_after_runs(settings, instance, None, [film])
    assert kept_stale_films(settings) == {film: []}
    keep_after_runs(settings, instance, {film: ["faces"]}, ["another film"])
    assert stale_films(settings) == {film: ["faces"]}
    keep_after_runs(settings, instance, None, ["another film"])
    assert stale_films(settings) == {film: ["faces"]}
