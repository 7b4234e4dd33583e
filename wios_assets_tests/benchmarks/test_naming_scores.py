"""Figures about names that the scoring script does not give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.naming_films import Film
from benchmarks.naming_scores import followed


def film(truth: list[tuple[float, float, str, bool]], tracks: list[tuple[float, float]]) -> Film:
    """A film with the cast ada and ben: truth as start, end, person, optional; tracks as start and end."""
    return Film(
        Path("film.mp4"),
        ("ada", "ben"),
        pd.DataFrame(truth, columns=["start_s", "end_s", "person", "optional"]),
        {},
        pd.DataFrame(tracks, columns=["start_s", "end_s"], dtype=float),
    )


def test_followed_is_the_share_of_the_casts_time_on_screen_with_a_track() -> None:
    assert followed([film([(0.0, 4.0, "ada", False)], [(1.0, 2.0), (1.5, 4.0)])]) == pytest.approx(3 / 4)


def test_followed_counts_time_with_two_of_the_cast_once() -> None:
    both = film([(0.0, 4.0, "ada", False), (2.0, 6.0, "ben", False)], [(0.0, 3.0)])
    assert followed([both]) == pytest.approx(3 / 6)


def test_followed_leaves_strangers_and_optional_time_out() -> None:
    rows = [(0.0, 2.0, "ada", False), (2.0, 5.0, "ada", True), (5.0, 9.0, "unknown:man", False)]
    assert followed([film(rows, [(2.0, 9.0)])]) == 0.0
    assert followed([film(rows, [(0.0, 1.0)])]) == pytest.approx(1 / 2)


def test_followed_adds_up_the_seconds_of_films() -> None:
    short, long = film([(0.0, 1.0, "ada", False)], [(0.0, 1.0)]), film([(0.0, 9.0, "ben", False)], [])
    assert followed([short, long]) == pytest.approx(1 / 10)


def test_followed_without_anybody_on_screen_is_not_a_number() -> None:
    assert np.isnan(followed([film([(0.0, 1.0, "unknown:man", False)], [(0.0, 1.0)])]))
