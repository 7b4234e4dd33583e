"""The assets that follow from names, and their checks, called as functions: no run and no instance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import dagster as dg
import pandas as pd
import pytest

from wios_assets.assets import appearances as assets
from wios_assets.assets.films import film
from wios_assets.assets.results import OFFENDERS, PAGE_PATH
from wios_assets.settings import load_settings
from wios_assets_tests.timeline.films import appearance_table, cast_table, shot_table, track_tables

FILM = pd.DataFrame({"title": ["Heat"], "duration_s": [120.0]})
HEAT = "Heat (1995)"


def output(result: object) -> dg.Output[pd.DataFrame]:
    """What an asset returned, for the type checker: Dagster types the call of an asset as `object`."""
    assert isinstance(result, dg.Output)
    return result


def checked(result: object) -> dg.AssetCheckResult:
    """What a check returned."""
    assert isinstance(result, dg.AssetCheckResult)
    return result


def test_appearances_minutes_and_screen_time_follow_from_names() -> None:
    names, tracks = track_tables(
        {"shot": 0, "start_s": 0.0, "end_s": 30.0, "actor": "Grace Hopper"},
        {"shot": 1, "start_s": 50.0, "end_s": 80.0, "actor": "unknown:1"},
        {"shot": 1, "start_s": 50.0, "end_s": 60.0, "actor": None},
    )
    context = dg.build_asset_context(partition_key=HEAT)
    seen = output(assets.appearances(context, names, tracks, shot_table(45.0, 120.0), cast_table(), FILM))
    assert seen.value["actor"].tolist() == ["Grace Hopper", "unknown:1"]
    assert seen.metadata[PAGE_PATH].value == "/film/Heat%20%281995%29"
    minutes = output(assets.minute_appearances(context, seen.value, FILM)).value
    assert minutes[["minute", "actor", "seconds"]].values.tolist() == [
        [0, "Grace Hopper", 30.0],
        [0, "unknown:1", 10.0],
        [1, "unknown:1", 20.0],
    ]
    totals = output(assets.screen_time(context, seen.value, FILM)).value
    assert dict(zip(totals["actor"], totals["seconds"], strict=True)) == {"Grace Hopper": 30.0, "unknown:1": 30.0}
    for result in (
        assets.every_track_decided(names, tracks),
        assets.inside_the_film(seen.value, FILM),
        assets.no_actor_twice_at_once(seen.value),
        assets.at_most_sixty_seconds(minutes),
        assets.minutes_agree(minutes, seen.value),
        assets.screen_time_agrees(totals, seen.value),
    ):
        assert checked(result).passed, checked(result).check_name


def test_each_check_fails_on_what_it_is_for_and_shows_it() -> None:
    rows = appearance_table(("Grace Hopper", 0.0, 130.0), ("Grace Hopper", 10.0, 20.0), ("Nobody Known", 1.0, 2.0))
    names, tracks = track_tables({"shot": 0, "start_s": 0.0, "end_s": 30.0, "actor": "Grace Hopper"})
    context = dg.build_asset_context(partition_key=HEAT)
    minutes = output(assets.minute_appearances(context, appearance_table(("Grace Hopper", 0.0, 90.0)), FILM)).value
    too_long = minutes.assign(seconds=61.0)
    failed = [
        assets.every_track_decided(names.iloc[:0], tracks),
        assets.inside_the_film(rows, FILM),
        assets.no_actor_twice_at_once(rows),
        assets.at_most_sixty_seconds(too_long),
        assets.minutes_agree(too_long, rows),
        assets.screen_time_agrees(minutes, rows),
    ]
    assert not any(checked(result).passed for result in failed)
    assert all(checked(result).metadata[OFFENDERS].value for result in failed)


def test_a_users_mistake_is_a_failure_of_one_line_with_metadata_and_no_cause(tmp_path: Path) -> None:
    results = film(dg.build_asset_context(partition_key=HEAT), settings=load_settings(data=tmp_path / "data"))
    with pytest.raises(dg.Failure) as raised:
        list(cast("Iterator[object]", results))
    failure = raised.value
    assert failure.description is not None
    assert HEAT in failure.description
    assert "\n" not in failure.description
    assert failure.allow_retries is False
    assert str(failure.metadata["raised in"].value).startswith("wios_assets/films/")
    assert failure.__suppress_context__
