"""Likely names of a person over several intervals."""

from __future__ import annotations

from typing import Any

import pytest

from wios_assets.timeline.likely_names import likely_names, likely_names_text


def row(start_s: float, end_s: float, **perhaps: float) -> dict[str, Any]:
    names = [{"actor": actor, "probability": probability} for actor, probability in perhaps.items()]
    return {"start_s": start_s, "end_s": end_s, "perhaps": names or None}


def test_a_likely_name_counts_by_the_seconds_for_which_it_is_listed() -> None:
    names = likely_names([row(0, 3, ada=0.8), row(5, 6, ada=0.4, ben=0.4), row(7, 8)])
    assert [each["actor"] for each in names] == ["ada", "ben"]
    assert [each["probability"] for each in names] == pytest.approx([2.8 / 5, 0.4 / 5])


def test_unlikely_and_refused_names_are_left_out() -> None:
    assert likely_names([row(0, 99), row(99, 100, ada=0.9)]) == []
    assert likely_names([row(0, 1, ada=0.6, ben=0.3)], without={"ada"})[0]["actor"] == "ben"
    assert likely_names([]) == []


def test_likely_names_are_written_with_two_decimals() -> None:
    assert likely_names_text([{"actor": "Al Pacino", "probability": 0.7}]) == "Al Pacino 0.70"
    assert likely_names_text(None) is likely_names_text([]) is None
