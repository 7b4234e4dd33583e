"""How right names are, from what people checked."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from wios_assets.reviews.accuracy import checked_intervals, checked_top


def interval(start: float, end: float, actor: str, probability: float, *tracks: int) -> dict[str, Any]:
    return {"start_s": start, "end_s": end, "actor": actor, "probability": probability, "tracks": list(tracks)}


SECONDS = {0: 6.0, 1: 2.0, 2: 3.0, 3: 1.0}


def judged(*decisions: tuple[str, str | None], tracks: tuple[int, ...] = (0,)) -> bool | None:
    frame = pd.DataFrame([interval(0, 8, "ada", 0.9, 0, 1)])
    right: bool | None = checked_intervals(frame, SECONDS, dict.fromkeys(tracks, decisions))["right"].iloc[0]
    return right


def test_an_interval_is_right_wrong_or_not_checked() -> None:
    assert judged(("is", "ada")) is True
    assert judged(("is", "ben")) is False
    assert judged(("is_not", "ada")) is False
    assert judged(("not_a_face", None)) is False
    assert judged(("is_not", "ben")) is None
    assert judged(tracks=()) is None
    assert judged(("is_not", "ada"), ("is", "ada")) is True


def test_the_longer_part_of_an_interval_decides() -> None:
    frame = pd.DataFrame([interval(0, 8, "ada", 0.9, 0, 1)])
    both = {0: [("is", "ada")], 1: [("is", "ben")]}
    assert checked_intervals(frame, SECONDS, both)["right"].tolist() == [True]


def test_unknown_people_are_no_names() -> None:
    frame = pd.DataFrame([interval(0, 8, "unknown:1", 0.9, 0)])
    assert len(checked_intervals(frame, SECONDS, {0: [("is", "ada")]})) == 0


def test_the_share_is_told_for_the_longest_and_the_surest() -> None:
    rows = [
        {"start_s": 0.0, "end_s": float(40 - n), "actor": "ada", "probability": n / 40, "right": n < 10 or None}
        for n in range(25)
    ]
    rows[24]["right"] = False
    top = checked_top(pd.DataFrame(rows)).set_index("top")
    assert top.index.tolist() == [10, 20, 25]
    assert top["longest_checked"].tolist() == [10, 10, 11]
    assert top["longest"].tolist() == [1.0, 1.0, 10 / 11]
    assert top["surest_checked"].tolist() == [1, 6, 11]
    assert top["surest"].tolist() == [0.0, 5 / 6, 10 / 11]


def test_what_nobody_checked_has_no_share() -> None:
    rows = [{"start_s": 0.0, "end_s": 1.0, "actor": "ada", "probability": 0.9, "right": None}]
    (row,) = checked_top(pd.DataFrame(rows)).to_dict("records")
    assert (row["top"], row["longest_checked"], math.isnan(row["longest"])) == (1, 0, True)
    assert len(checked_top(pd.DataFrame(rows[:0]))) == 0
