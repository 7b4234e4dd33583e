"""What numbers of naming are worth, by which they are fitted."""

from __future__ import annotations

import numpy as np

from benchmarks.naming_films import EARLIER
from benchmarks.naming_fit import AMONG, CASTS, FULL, ONE, STRANGERS, Score, Scores, value


def scores(recall: float, wrong: int = 0, strangers: int = 0) -> Scores:
    """Scores of a film with twenty named tracks in each setting, so many of them wrong with a drawn cast."""

    def score(right: list[bool]) -> Score:
        return Score({"ada": recall}, {"ada": recall}, np.full(len(right), 0.99), np.asarray(right, dtype=bool))

    settings = {setting: [True] * 20 for setting in (FULL, ONE, AMONG, CASTS)}
    settings |= {CASTS: [True] * (20 - wrong) + [False] * wrong, STRANGERS: [False] * strangers}
    return {"film": [(EARLIER, setting, score(right)) for setting, right in settings.items()]}


def test_more_recall_is_worth_more() -> None:
    assert value(scores(0.9)) > value(scores(0.8))


def test_wrong_names_cost_more_than_the_recall_that_comes_with_them() -> None:
    cautious = value(scores(0.8))
    assert value(scores(0.9, wrong=4)) < cautious
    assert value(scores(0.9, strangers=1)) < cautious
