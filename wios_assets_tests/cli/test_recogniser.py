"""`wios recogniser`, over a record of comparisons."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from wios_assets.lake.cohort import chosen_recogniser
from wios_assets.lake.store import write_rows
from wios_assets.naming.selection import RECOGNISERS
from wios_assets.reviews.recogniser import read_in_use
from wios_assets.runs.instance import dagster_instance
from wios_assets.tables import RECOGNISER_RUNS, RECOGNISER_SELECTION
from wios_assets_tests.cli.command_line import Wios

WAYS = ["nearest mean", "nearest 3 photos", "3-NN vote"]


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    wios = Wios(tmp_path, monkeypatch, capsys)
    rows = pd.DataFrame({"recogniser": [recogniser.name for recogniser in RECOGNISERS]})
    rows["chosen"] = rows["recogniser"] == "nearest 3 photos"
    write_rows(wios.settings.lake, RECOGNISER_SELECTION, rows.reindex(columns=RECOGNISER_SELECTION.schema.names))
    runs = [row(1, "nearest 3 photos", 0.95, True), row(2, "nearest mean", 0.8, False)]
    write_rows(wios.settings.lake, RECOGNISER_RUNS, pa.Table.from_pylist(runs, schema=RECOGNISER_RUNS.schema))
    return wios


def row(number: int, winner: str, value: float, taken_up: bool) -> dict[str, Any]:
    return {
        "run": number,
        "compared_at": datetime(2026, 11, 20 + number, 4, 0, tzinfo=UTC),
        "winner": winner,
        "figure": "true_acceptance",
        "value": value,
        "spread": 0.01,
        "taken_up": taken_up,
        "reason": "the first one" if taken_up else "worse than the last accepted",
        "in_use": "nearest 3 photos",
        "photos": 40,
        "recognisers": WAYS,
        "true_acceptance": [value, 0.7, 0.9],
        "true_acceptance_spread": [0.01, 0.02, 0.03],
    }


def test_the_record_is_listed_with_the_one_in_use(wios: Wios) -> None:
    listed = wios("recogniser", "list")
    assert listed.code == 0
    assert listed.out.splitlines()[0].split()[:3] == ["Run", "Compared", "Films"]
    assert "worse than the last accepted" in listed.out
    assert listed.out.splitlines()[-1] == "in use: nearest 3 photos"
    told = json.loads(wios("recogniser", "list", "--json").out)
    assert [run["taken_up"] for run in told["runs"]] == [True, False]
    assert told["runs"][0]["recognisers"] == WAYS


def test_a_persons_word_takes_up_the_newest_winner_or_another_and_names_become_stale(wios: Wios) -> None:
    used = wios("recogniser", "use")
    assert (used.code, used.out) == (0, "in use: nearest mean\n")
    assert "`wios run --stale` names the films anew" in used.err
    assert chosen_recogniser(wios.settings.lake) == "nearest mean"
    in_use = read_in_use(wios.settings.data)
    assert in_use is not None
    assert (in_use.run, in_use.value, in_use.by, in_use.pinned) == (2, 0.8, "person", False)
    with dagster_instance(wios.settings) as instance:
        from dagster import AssetKey

        event = instance.get_latest_materialization_event(AssetKey("recogniser_selection"))
        assert event is not None
        assert event.asset_materialization is not None
        assert (event.asset_materialization.tags or {})["dagster/data_version"] == "nearest mean"
    pinned = wios("recogniser", "pin", "nearest 3 photos")
    assert pinned.out == "in use: nearest 3 photos, pinned\n"
    assert wios("recogniser", "list").out.splitlines()[-1] == "in use: nearest 3 photos, pinned"


def test_what_naming_cannot_use_is_refused(wios: Wios) -> None:
    refused = wios("recogniser", "use", "3-NN vote")
    assert refused.code == 1
    assert "naming has no such recogniser; there are nearest photo, nearest 2 photos" in refused.err
    assert chosen_recogniser(wios.settings.lake) == "nearest 3 photos"


def test_without_a_comparison_the_way_to_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "empty", monkeypatch, capsys)
    refused = wios("recogniser", "pin")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert "`wios recogniser compare` makes one" in refused.err
    assert wios("recogniser", "list").out.splitlines()[-1].startswith("in use: nearest 3 photos, until")
