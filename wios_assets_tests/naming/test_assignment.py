"""No actor twice in a sample, at the highest gain."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wios_assets.naming.assignment import assign


def test_the_better_claim_wins_and_the_other_takes_its_next() -> None:
    gains = np.asarray([[5.0, 1.0], [4.0, 3.5]])
    assert assign(gains, [frozenset({1}), frozenset({1})]).tolist() == [0, 1]


def test_the_sum_decides_not_the_single_best() -> None:
    gains = np.asarray([[5.0, 4.9], [4.5, 0.5]])
    assert assign(gains, [frozenset({1}), frozenset({1})]).tolist() == [1, 0]


def test_tracks_that_share_no_sample_do_not_conflict() -> None:
    assert assign(np.asarray([[5.0], [4.0]]), [frozenset({1}), frozenset({2})]).tolist() == [0, 0]


def test_without_a_gain_nobody_is_chosen() -> None:
    assert assign(np.asarray([[-1.0, 0.0]]), [frozenset({1})]).tolist() == [-1]
    assert assign(np.zeros((2, 0)), [frozenset({1}), frozenset({1})]).tolist() == [-1, -1]
    assert assign(np.zeros((0, 3)), []).tolist() == []


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda actors: st.lists(
            st.tuples(
                st.lists(st.integers(-3, 9), min_size=actors, max_size=actors),
                st.frozensets(st.integers(0, 3), min_size=1, max_size=3),
            ),
            min_size=1,
            max_size=5,
        )
    )
)
def test_the_choice_is_the_best_of_all_that_are_allowed(tracks: list[tuple[list[int], frozenset[int]]]) -> None:
    gains = np.asarray([gain for gain, _ in tracks], dtype=np.float64)
    samples = [seen for _, seen in tracks]

    def worth(choice: tuple[int, ...]) -> float | None:
        owners = [(sample, actor) for actor, seen in zip(choice, samples, strict=True) if actor >= 0 for sample in seen]
        if len(set(owners)) < len(owners):
            return None
        return sum(float(gains[track, actor]) for track, actor in enumerate(choice) if actor >= 0)

    every = [worth(choice) for choice in product(range(-1, gains.shape[1]), repeat=len(samples))]
    assert worth(tuple(assign(gains, samples).tolist())) == pytest.approx(max(x for x in every if x is not None))
