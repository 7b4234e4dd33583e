"""When the winner of a comparison of recognisers is taken up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wios_assets.reviews.recogniser import accepted, judge, read_in_use, write_in_use

WAYS = ["nearest mean", "nearest 3 photos"]


def run(number: int, mean: float, nearest: float, winner: str | None, spread: float = 0.02) -> dict[str, Any]:
    return {
        "run": number,
        "winner": winner,
        "figure": "true_acceptance",
        "recognisers": WAYS,
        "true_acceptance": [mean, nearest],
        "true_acceptance_spread": [spread, spread],
    }


def test_the_first_winner_is_taken_up_and_read_back(tmp_path: Path) -> None:
    verdict = judge(None, run(1, 0.9, 0.8, WAYS[0]))
    assert (verdict.taken_up, verdict.reason) == (True, "the first one")
    assert verdict.in_use is not None
    assert (verdict.in_use.recogniser, verdict.in_use.value, verdict.in_use.by) == (WAYS[0], 0.9, "comparison")
    assert read_in_use(tmp_path) is None
    write_in_use(tmp_path, verdict.in_use)
    assert read_in_use(tmp_path) == verdict.in_use


@pytest.mark.parametrize(
    ("nearest", "spread", "taken_up"), [(0.95, 0.02, True), (0.89, 0.02, True), (0.85, 0.02, False), (0.85, 0.1, True)]
)
def test_a_winner_that_is_worse_by_more_than_chance_waits_for_a_person(
    nearest: float, spread: float, taken_up: bool
) -> None:
    before = accepted(run(1, 0.9, 0.8, WAYS[0]), WAYS[0])
    verdict = judge(before, run(2, 0.5, nearest, WAYS[1], spread))
    assert verdict.taken_up is taken_up
    assert verdict.in_use is not None
    assert verdict.in_use.recogniser == (WAYS[1] if taken_up else WAYS[0])
    if not taken_up:
        assert "worse than the last accepted: true_acceptance 0.850, 0.900 with nearest mean in run 1" in verdict.reason
        assert "`wios recogniser use`" in verdict.reason


def test_a_pinned_one_stays_whatever_wins() -> None:
    before = accepted(run(1, 0.9, 0.8, WAYS[0]), WAYS[1], pinned=True, by="person")
    verdict = judge(before, run(2, 0.99, 0.8, WAYS[0]))
    assert (verdict.in_use, verdict.taken_up, verdict.reason) == (before, False, "nearest 3 photos is pinned")


def test_without_a_winner_the_last_one_stays() -> None:
    before = accepted(run(1, 0.9, 0.8, WAYS[0]), WAYS[0])
    assert judge(before, run(2, 0.9, 0.8, None)).in_use == before
    assert judge(None, run(1, 0.9, 0.8, None)).in_use is None
