"""How right a film's named intervals are, as far as people have checked them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.evaluation import top_counts
from wios_assets.timeline.frames import records

Said = tuple[str, str | None]
"""A verdict (`is`, `is_not`, `not_a_face`) and the person that it names."""


def checked_intervals(
    appearances: pd.DataFrame, seconds: Mapping[int, float], said: Mapping[int, Sequence[Said]]
) -> pd.DataFrame:
    """Named intervals, each right, wrong, or not checked by anybody.

    An interval of several tracks is right where those that were checked are right for at least half of their seconds.

    Args:
        appearances: rows of `tables.APPEARANCES` as naming alone made them; unknown people are left out.
        seconds: how long each track lasts, by its number.
        said: what people decided on each track, in their order; only what holds.

    Returns:
        start_s, end_s, actor, probability, and right: True, False, or None where nobody checked.
    """
    rows = []
    for row in records(appearances):
        if is_unknown(row["actor"]):
            continue
        right = wrong = 0.0
        for track in row["tracks"]:
            verdict = _right(row["actor"], said.get(track, ()))
            if verdict is not None:
                right += seconds[track] if verdict else 0.0
                wrong += 0.0 if verdict else seconds[track]
        checked = right + wrong > 0
        rows.append(
            {
                **{name: row[name] for name in ("start_s", "end_s", "actor", "probability")},
                "right": right >= wrong if checked else None,
            }
        )
    frame = pd.DataFrame(rows, columns=["start_s", "end_s", "actor", "probability", "right"])
    return frame.astype({"right": object})


def checked_top(intervals: pd.DataFrame) -> pd.DataFrame:
    """The share that was right among the first so many intervals, the longest first and the surest first.

    Args:
        intervals: as `checked_intervals` gives them.

    Returns:
        A row for 10, 20, 30 … and all intervals: top; longest_checked and surest_checked, how many of those were
        checked; longest and surest, the share of these that is right, NaN where none was checked.
    """
    rows = records(intervals)
    longest = sorted(rows, key=lambda row: row["start_s"] - row["end_s"])
    surest = sorted(rows, key=lambda row: (-(row["probability"] or 0.0), row["start_s"] - row["end_s"]))
    table = []
    for count in top_counts(len(rows)):
        entry: dict[str, float] = {"top": count}
        for name, order in (("longest", longest), ("surest", surest)):
            checked = [row["right"] for row in order[:count] if row["right"] is not None]
            entry[f"{name}_checked"] = len(checked)
            entry[name] = sum(checked) / len(checked) if checked else math.nan
        table.append(entry)
    return pd.DataFrame(table, columns=["top", "longest_checked", "longest", "surest_checked", "surest"])


def _right(actor: str, said: Sequence[Said]) -> bool | None:
    """Whether the last decision that concerns the name finds it right."""
    right = None
    for verdict, person in said:
        if verdict == "is":
            right = person == actor
        elif verdict == "not_a_face" or person == actor:
            right = False
    return right
