import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.timeline.outliers import spread_of

STEP = 0.01
VALUES = st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), min_size=1, max_size=40).map(np.asarray)


def test_a_value_far_from_the_others_stands_out_by_the_robust_score_alone() -> None:
    spread = spread_of(np.array([0.05, 0.06, 0.07, 0.06, 0.05, 0.08, 0.07, 0.90, 0.95]), STEP)
    assert spread.median == pytest.approx(0.07)
    assert (np.abs(spread.robust_z) >= 3.0).tolist() == [False] * 7 + [True, True]
    # The two draw mean and standard deviation towards them.
    assert np.abs(spread.z).max() < 3.0


def test_values_that_differ_by_their_rounding_are_equal() -> None:
    spread = spread_of(np.array([0.998, 0.998, 0.998, 0.998 + 1e-15, 0.9979]), 0.001)
    assert np.isnan(spread.robust_z).all()
    assert np.isnan(spread.z).all()


def test_one_value_that_differs_from_equal_ones_has_a_finite_score() -> None:
    spread = spread_of(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0 + 1e-15, 6.0]), 1.0)
    assert spread.robust_z[:6] == pytest.approx(0.0)
    assert spread.robust_z[6] == pytest.approx(5.0)


def test_without_a_value_nothing_is_known() -> None:
    spread = spread_of(np.array([np.nan, np.nan]), STEP)
    assert spread.count == 0
    assert np.isnan(spread.robust_z).all()


@given(VALUES)
def test_scores_have_the_sign_of_the_difference_and_never_exceed_it_in_steps(values: np.ndarray) -> None:
    spread = spread_of(values, STEP)
    known = ~np.isnan(spread.robust_z)
    differences = (values - spread.median)[known]
    assert spread.count == np.count_nonzero(~np.isnan(values))
    assert (np.abs(spread.robust_z[known]) <= np.abs(differences) / STEP * (1 + 1e-9)).all()
    assert (spread.robust_z[known] * differences >= 0).all()


@given(VALUES, st.floats(-100, 100))
def test_scores_do_not_depend_on_where_the_values_lie(values: np.ndarray, offset: float) -> None:
    here, there = spread_of(values, STEP).robust_z, spread_of(values + offset, STEP).robust_z
    both = ~np.isnan(here) & ~np.isnan(there)
    assert here[both] == pytest.approx(there[both], abs=1e-6)
