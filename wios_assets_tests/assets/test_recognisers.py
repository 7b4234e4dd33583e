"""The record of comparisons of recognisers: real comparisons on made galleries, in a real Dagster instance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from wios_assets.assets import recognisers
from wios_assets.assets.recognisers import data_hash, recorded_runs, run_row, some_people
from wios_assets.automation.recognising import recogniser_sensor, recogniser_weekly
from wios_assets.definitions import build_definitions
from wios_assets.lake.cohort import chosen_recogniser, read_galleries
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.store import write_rows
from wios_assets.naming import selection
from wios_assets.naming.selection import RECOGNISERS, SelectionOptions, compare_recognisers
from wios_assets.reviews.recogniser import read_in_use
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import GALLERY_EMBEDDINGS, RECOGNISER_RUNS
from wios_assets_tests.naming.people import People

pytestmark = pytest.mark.slow

CASTS = {"A": ["Ann", "Bob", "Cy"], "B": ["Dee", "Eve", "Ann"], "C": ["Flo", "Gus", "Hal"], "D": ["Ida", "Jim"]}
USABLE = [recogniser for recogniser in RECOGNISERS if recogniser.nearest_photos is not None]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A few ways and seeds, so that a comparison takes no seconds.
    monkeypatch.setattr(recognisers, "SelectionOptions", lambda: SelectionOptions(seeds=2))
    monkeypatch.setattr(recognisers, "compare_recognisers", few)
    return load_settings(data=tmp_path, recogniser={"least_photos": 10})


def few(galleries: pd.DataFrame, options: SelectionOptions) -> selection.Comparison:
    return compare_recognisers(galleries, options, USABLE)


def store(settings: Settings, films: Sequence[str], photos: int = 5, seed: int = 0) -> None:
    people = People(seed)
    for film in films:
        write_rows(settings.lake, GALLERY_EMBEDDINGS, people.gallery(CASTS[film], photos), film)


def compare(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_definitions(settings).resolve_job_def("recogniser_comparison")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def test_each_comparison_is_a_row_with_the_data_every_way_and_the_verdict(settings: Settings) -> None:
    store(settings, ["A", "B", "C"])
    with dg.DagsterInstance.ephemeral() as instance:
        assert compare(settings, instance).success
        store(settings, ["D"], seed=1)
        result = compare(settings, instance)
    assert result.success
    runs = recorded_runs(settings.lake).to_pylist()
    assert [(run["run"], run["films"], run["people"], run["photos"]) for run in runs] == [(1, 3, 8, 40), (2, 4, 10, 50)]
    assert runs[0]["data_hash"] != runs[1]["data_hash"]
    for run in runs:
        assert set(run["recognisers"]) == {recogniser.name for recogniser in USABLE}
        assert run["winner"] in run["recognisers"]
        for column in ("top1", "top3", "true_acceptance", "true_acceptance_spread", "true_acceptance_by_film"):
            assert len(run[column]) == len(USABLE)
            assert all(0.0 <= value <= 1.0 for value in run[column])
        assert (run["taken_up"], run["in_use"]) == (True, run["winner"])
        assert run["seconds"] > 0
    assert chosen_recogniser(settings.lake) == runs[1]["in_use"]
    in_use = read_in_use(settings.data)
    assert in_use is not None
    assert (in_use.run, in_use.recogniser) == (2, runs[1]["winner"])
    assert (settings.exports / "recogniser.png").read_bytes()[:4] == b"\x89PNG"
    (check,) = result.get_asset_check_evaluations()
    assert check.passed


def test_a_worse_winner_is_recorded_and_not_taken_up(settings: Settings) -> None:
    store(settings, ["A", "B", "C"])
    with dg.DagsterInstance.ephemeral() as instance:
        compare(settings, instance)
        before = chosen_recogniser(settings.lake)
        for film, cast in CASTS.items():
            # Photos that look like nobody: the embeddings of another person each.
            rows = People(7).gallery(cast, 5)
            rows["embedding"] = pd.Series([People(seed + 100).picture("x") for seed in range(len(rows))])
            write_rows(settings.lake, GALLERY_EMBEDDINGS, rows, film)
        result = compare(settings, instance)
    assert result.success
    last = recorded_runs(settings.lake).to_pylist()[-1]
    assert not last["taken_up"]
    assert last["in_use"] == before == chosen_recogniser(settings.lake)
    assert "worse than the last accepted" in last["reason"]
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN


def test_a_failure_leaves_the_last_one_in_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store(settings, ["A", "B"])
    with dg.DagsterInstance.ephemeral() as instance:
        compare(settings, instance)
        before = chosen_recogniser(settings.lake), recorded_runs(settings.lake), read_in_use(settings.data)

        def broken(*_: Any) -> None:
            raise ValueError("no")

        monkeypatch.setattr(recognisers, "compare_recognisers", broken)
        assert not compare(settings, instance).success
    assert chosen_recogniser(settings.lake) == before[0]
    assert recorded_runs(settings.lake) == before[1]
    assert read_in_use(settings.data) == before[2]


def test_a_damaged_gallery_is_left_out_and_stops_no_comparison(settings: Settings) -> None:
    store(settings, ["A", "B", "C"])
    (partition_folder(settings.lake, GALLERY_EMBEDDINGS.name, "B") / "part-0.parquet").write_bytes(b"PAR1")
    rows, faults = read_galleries(settings.lake)
    assert set(rows["film"]) == {"A", "C"}
    assert list(faults) == ["B"]
    with dg.DagsterInstance.ephemeral() as instance:
        assert compare(settings, instance).success
    assert recorded_runs(settings.lake)["films"].to_pylist() == [2]


def test_too_few_people_choose_nothing(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert compare(settings, instance).success
    (run,) = recorded_runs(settings.lake).to_pylist()
    assert (run["winner"], run["in_use"], run["taken_up"], run["photos"]) == (None, None, False, 0)
    assert chosen_recogniser(settings.lake) is None


def test_the_hash_tells_the_data_and_not_their_order() -> None:
    rows = People().gallery(["Ann", "Bob"], 3)
    assert data_hash(rows) == data_hash(rows.iloc[::-1])
    assert data_hash(rows) != data_hash(rows.iloc[1:])
    assert data_hash(rows) != data_hash(rows.assign(model_hash="other"))


def test_the_sensor_asks_for_a_comparison_once_galleries_have_grown_by_the_share_that_is_set(
    settings: Settings,
) -> None:
    sensor = recogniser_sensor(settings)
    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> tuple[dg.RunRequest | dg.SkipReason, str | None]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            answer = sensor(context)
            assert isinstance(answer, dg.RunRequest | dg.SkipReason)
            return answer, context.cursor

        nothing, _ = look(None)
        assert isinstance(nothing, dg.SkipReason)
        store(settings, ["A", "B", "C"])
        first, seen = look(None)
        assert isinstance(first, dg.RunRequest)
        unchanged, seen = look(seen)
        assert isinstance(unchanged, dg.SkipReason)
        compare(settings, instance)
        # A share of a fifth: eight photos of forty.
        write_rows(settings.lake, GALLERY_EMBEDDINGS, People(3).gallery(["Kim"], 7), "E")
        few_more, seen = look(seen)
        assert isinstance(few_more, dg.SkipReason)
        write_rows(settings.lake, GALLERY_EMBEDDINGS, People(3).gallery(["Kim"], 8), "E")
        grown, _ = look(seen)
        assert isinstance(grown, dg.RunRequest)
        assert grown.run_key == "40:48"


def test_the_weekly_comparison_is_left_out_where_nothing_changed(settings: Settings) -> None:
    weekly = recogniser_weekly(settings)
    assert weekly.cron_schedule == "0 4 * * 0"
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(weekly(dg.build_schedule_context(instance)), dg.SkipReason)
        store(settings, ["A", "B", "C"])
        assert isinstance(weekly(dg.build_schedule_context(instance)), dg.RunRequest)
        compare(settings, instance)
        assert isinstance(weekly(dg.build_schedule_context(instance)), dg.SkipReason)
        store(settings, ["D"])
        assert isinstance(weekly(dg.build_schedule_context(instance)), dg.RunRequest)


def test_large_galleries_are_compared_by_the_same_people_each_time() -> None:
    people = People()
    galleries = people.gallery([f"person {number}" for number in range(30)], 2)
    some = some_people(galleries, 10)
    assert some["actor"].nunique() == 10
    assert len(some) == 20
    more = pd.concat([galleries, people.gallery(["person 0", "person 7"], 3)])
    assert set(some_people(more, 10)["actor"]) == set(some["actor"])
    assert some_people(galleries, 30) is galleries


def test_a_row_has_every_column_of_the_table_but_the_verdict() -> None:
    people = People()
    galleries = pd.concat([people.gallery(cast, 4).assign(film=film) for film, cast in CASTS.items()])
    row = run_row(galleries, galleries, few(galleries, SelectionOptions(seeds=1)), 3, 1.5)
    assert set(RECOGNISER_RUNS.schema.names) - set(row) == {"taken_up", "reason", "in_use"}
