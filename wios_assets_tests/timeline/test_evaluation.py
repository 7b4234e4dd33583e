from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.timeline.evaluation import Evaluation, calibration_error, evaluate
from wios_assets.timeline.truth import read_truth
from wios_assets_tests.timeline.films import appearance_table

ANN, BO, CY = "Ann", "Bo", "Cy"


TruthRow = tuple[str, float, float] | tuple[str, float, float, str] | tuple[str, float, float, str, bool]


def truth_table(*rows: TruthRow) -> pd.DataFrame:
    """Truth from (person, start_s, end_s[, visible[, optional]])."""
    full = [(start, end, person, *(more or ["frontal"])) for person, start, end, *more in rows]
    return pd.DataFrame(
        [(*row, False) if len(row) == 4 else row for row in full],
        columns=["start_s", "end_s", "person", "visible", "optional"],
    )


@pytest.fixture(scope="session")
def score() -> Path:
    """The script that scores development films from outside; the test is skipped where it is absent."""
    root = Path(__file__).resolve().parents[2]
    devset = Path(os.environ.get("WIOS_DEVSET") or root.parent / "shared" / "devset")
    script = Path(os.environ.get("WIOS_SCORE") or devset.parent / "tools" / "score.py")
    if not script.is_file():
        pytest.skip(f"no scoring script at {script}; set WIOS_SCORE to it")
    return script


def scored(script: Path, folder: Path, truth: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    truth.assign(optional=truth["optional"].astype(int)).to_csv(folder / "truth.csv", index=False)
    table[["start_s", "end_s", "actor", "probability"]].to_csv(folder / "appearances.csv", index=False)
    command = [sys.executable, str(script), str(folder / "truth.csv"), str(folder / "appearances.csv"), "--json"]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def assert_same_figures(ours: dict[str, float], theirs: dict[str, float]) -> None:
    assert theirs.keys() <= ours.keys()
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, abs=1e-4, nan_ok=True), name


def random_film(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Truth and appearances that agree in part, with strangers, optional rows and touching intervals."""
    rng = np.random.default_rng(seed)
    people = [f"Person {n}" for n in range(rng.integers(1, 6))]
    everybody = [*people, "unknown:1", "unknown:2"]
    truth, appearances = [], []
    for _ in range(rng.integers(1, 40)):
        person, start = str(rng.choice(everybody)), float(rng.uniform(0, 200))
        end = start + float(rng.exponential(6))
        if rng.random() < 0.5:
            start, end = round(start, 1), round(end, 1)
        truth.append((person, start, end, str(rng.choice(["frontal", "profile", "small"])), bool(rng.random() < 0.15)))
        if rng.random() < 0.8:
            wrong = rng.random() < 0.2
            name = str(rng.choice(everybody)) if wrong else person
            early = max(start + rng.normal(0, 0.5), 0.0)
            appearances.append((name, early, max(end + rng.normal(0, 0.5), early), float(rng.uniform(0.3, 1))))
    return truth_table(*truth), appearance_table(*appearances)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_figures_are_those_of_the_scoring_script(score: Path, tmp_path: Path, seed: int) -> None:
    truth, table = random_film(seed)
    assert_same_figures(evaluate(truth, table).figures, scored(score, tmp_path, truth, table))


@pytest.mark.devset
@pytest.mark.parametrize("shift", [0.0, 0.4, 2.0])
def test_figures_agree_with_the_script_on_a_real_truth(score: Path, devset: Path, tmp_path: Path, shift: float) -> None:
    truth = read_truth(devset / "films" / "truth.csv", "dev_film.mp4")
    rows = truth[~truth["person"].str.startswith("unknown")]
    table = appearance_table(*zip(rows["person"], rows["start_s"] + shift, rows["end_s"] + shift, strict=True))
    figures = evaluate(truth, table).figures
    assert_same_figures(figures, scored(score, tmp_path, truth, table))
    assert (figures["f1"] == 1.0) == (shift == 0)


@pytest.mark.slow
def test_a_film_without_any_name_scores_like_the_script(score: Path, tmp_path: Path) -> None:
    truth, nothing = truth_table((ANN, 1, 5), ("unknown:1", 2, 9)), appearance_table(("unknown:1", 2, 9))
    assert_same_figures(evaluate(truth, nothing).figures, scored(score, tmp_path, truth, nothing))


def test_boundaries_are_forgiven_and_the_rest_is_counted() -> None:
    figures = evaluate(truth_table((ANN, 10, 20)), appearance_table((ANN, 9.8, 15))).figures
    assert figures["precision"] == 1.0
    assert figures["recall"] == pytest.approx(47 / 94, abs=1e-4)
    assert (figures["seconds_true"], figures["seconds_named"]) == (9.4, 4.7)


def test_naming_somebody_while_nobody_is_there_is_counted_against_the_empty_time() -> None:
    figures = evaluate(truth_table((ANN, 10, 20), ("unknown:1", 20, 40)), appearance_table((BO, 25, 28))).figures
    assert figures["false_name_rate"] == pytest.approx(3 / (40 - 10.6), abs=1e-3)
    assert figures["zone_precision"] == 0.0


def test_optional_rows_count_neither_way() -> None:
    truth = truth_table((ANN, 0, 10), (ANN, 20, 30, "small", True))
    for appearances in (appearance_table((ANN, 0, 10)), appearance_table((ANN, 0, 10), (ANN, 20, 30))):
        figures = evaluate(truth, appearances).figures
        assert (figures["precision"], figures["recall"], figures["false_name_rate"]) == (1.0, 1.0, 0.0)


def test_the_curve_ends_at_the_films_figures_and_starts_with_the_surest() -> None:
    truth, table = random_film(3)
    result = evaluate(truth, table)
    assert result.curve["precision"].iloc[-1] == pytest.approx(result.figures["precision"], abs=1e-4)
    assert result.curve["recall"].iloc[-1] == pytest.approx(result.figures["recall"], abs=1e-4)
    assert result.curve["probability"].is_monotonic_decreasing
    assert result.curve["recall"].is_monotonic_increasing
    assert result.curve["probability"].is_unique


def test_every_point_of_the_curve_is_what_that_limit_would_give() -> None:
    truth, table = random_film(4)
    for row in evaluate(truth, table).curve.to_dict("records"):
        kept = evaluate(truth, table[table["probability"] >= row["probability"]]).figures
        assert kept["precision"] == pytest.approx(row["precision"], abs=1e-4)
        assert kept["recall"] == pytest.approx(row["recall"], abs=1e-4)
        assert kept["seconds_named"] == pytest.approx(row["seconds_named"], abs=1e-9)


def test_calibration_is_measured_in_tenths() -> None:
    truth = truth_table((ANN, 0, 100))
    right = [(ANN, 10.0 * n, 10.0 * n + 5, 0.95) for n in range(9)]
    result = evaluate(truth, appearance_table(*right, (ANN, 150, 155, 0.95), (BO, 50, 52, 0.35)))
    full = result.reliability[result.reliability["zones"] > 0]
    assert list(full["zones"]) == [1, 10]
    assert list(full["right"]) == pytest.approx([0.0, 0.9])
    assert result.figures["expected_calibration_error"] == pytest.approx((0.35 * 1 + 0.05 * 10) / 11, abs=1e-4)


def test_a_certain_name_falls_in_the_last_tenth_and_optional_zones_in_none() -> None:
    truth = truth_table((ANN, 0, 10), (ANN, 20, 30, "small", True))
    reliability = evaluate(truth, appearance_table((ANN, 1, 9, 1.0), (ANN, 21, 29, 0.4))).reliability
    assert list(reliability["zones"]) == [0] * 9 + [1]


def test_no_zones_leave_calibration_undefined() -> None:
    result = evaluate(truth_table((ANN, 0, 10)), appearance_table())
    assert math.isnan(calibration_error(result.reliability))
    assert len(result.top) == 0
    assert len(result.curve) == 0


def test_the_accuracy_of_the_first_tens_of_zones_is_told_up_to_all() -> None:
    truth = truth_table((ANN, 0, 500))
    right = [(ANN, 20.0 * n, 20.0 * n + 10, 0.5) for n in range(20)]
    wrong = [(BO, 20.0 * n, 20.0 * n + 5, 0.9) for n in range(5)]
    top = evaluate(truth, appearance_table(*right, *wrong)).top
    assert list(top["top"]) == [10, 20, 25]
    assert list(top["longest"]) == [1.0, 1.0, 0.8]
    assert list(top["surest"]) == [0.5, 0.75, 0.8]


def test_figures_are_told_apart_by_actor() -> None:
    truth = truth_table((ANN, 0, 10), (BO, 20, 40))
    actors = evaluate(truth, appearance_table((ANN, 0, 10), (CY, 20, 30))).actors
    assert list(actors["actor"]) == [BO, ANN, CY]
    assert list(actors["recall"])[:2] == [0.0, 1.0]
    assert list(actors["precision"])[1:] == list(actors["zone_precision"])[1:] == [1.0, 0.0]
    assert list(actors[["precision", "recall"]].isna().sum(axis=1)) == [1, 0, 1]


def test_the_worst_mistakes_come_first_with_who_was_there_instead() -> None:
    truth = truth_table((ANN, 0, 30), ("unknown:1", 50, 60), (BO, 70, 72, "profile"))
    table = appearance_table((ANN, 0, 20), (BO, 20, 30, 0.6), (ANN, 50, 60, 0.7))
    mistakes = evaluate(truth, table).mistakes
    assert list(mistakes["kind"]) == ["wrong name", "wrong name", "missed", "missed"]
    assert list(mistakes["actor"]) == [BO, ANN, ANN, BO]
    assert list(mistakes["instead"]) == [ANN, "unknown:1", BO, "nobody"]
    assert list(mistakes["seconds"]) == [10.0, 10.0, pytest.approx(9.7), pytest.approx(1.4)]
    assert list(mistakes["appearance"][:2]) == [1, 2]
    assert mistakes["visible"][3] == "profile"
    assert len(evaluate(truth, table, worst=1).mistakes) == 1


spans = st.tuples(st.floats(0, 90), st.floats(0.1, 20))
rows = st.lists(st.tuples(st.sampled_from([ANN, BO, "unknown:1"]), spans, st.floats(0, 1)), max_size=8)


def shares(result: Evaluation) -> list[float]:
    names = ("precision", "recall", "f1", "recall_frontal", "false_name_rate", "zone_precision", "minute_f1")
    return [result.figures[name] for name in names]


@given(rows, rows)
def test_figures_of_any_film_are_shares_and_its_own_truth_is_faultless(
    true: list[tuple[str, tuple[float, float], float]], appeared: list[tuple[str, tuple[float, float], float]]
) -> None:
    truth = truth_table(*((person, start, start + length) for person, (start, length), _ in true))
    table = appearance_table(*((actor, start, start + length, p) for actor, (start, length), p in appeared))
    assert all(math.isnan(share) or 0 <= share <= 1 for share in shares(evaluate(truth, table)))
    own = appearance_table(*((person, start, start + length) for person, (start, length), _ in true))
    faultless = evaluate(truth, own)
    assert len(faultless.mistakes) == 0
    for name in ("precision", "recall", "zone_precision"):
        assert math.isnan(faultless.figures[name]) or faultless.figures[name] == 1.0
