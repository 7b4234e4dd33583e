"""How many of a film's named intervals are right, as far as people have checked them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from wios_assets.naming.decided_tracks import TrackDecisions
from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.evaluation import top_counts
from wios_assets.timeline.frames import records

Verdict = tuple[str, str | None]
"""The verdict of a decision (`is`, `is_not`, `not_a_face`) and the person that it names."""


def checked_intervals(
    appearances: pd.DataFrame, seconds: Mapping[int, float], decisions: Mapping[int, Sequence[Verdict]]
) -> pd.DataFrame:
    """Named intervals, each right, wrong, or not checked by anybody.

    An interval of several tracks is right if at least half of the seconds of its checked tracks are right.

    Args:
        appearances: rows of `tables.APPEARANCES` as naming alone made them; unknown people are left out.
        seconds: duration of each track in seconds, by its number.
        decisions: the decisions in force on each track, by its number, in the order in which they were made.

    Returns:
        start_s, end_s, actor, probability, and right: True, False, or None where nobody checked.
    """
    added_up: dict[int, TrackDecisions] = {}
    for track, verdicts in decisions.items():
        added_up[track] = TrackDecisions()
        for verdict, person in verdicts:
            added_up[track] = added_up[track].then(verdict, person)
    rows = []
    for row in records(appearances):
        if is_unknown(row["actor"]):
            continue
        right_s = wrong_s = 0.0
        for track in row["tracks"]:
            right = added_up.get(track, TrackDecisions()).confirms(row["actor"])
            if right is not None:
                right_s += seconds[track] if right else 0.0
                wrong_s += 0.0 if right else seconds[track]
        checked = right_s + wrong_s > 0
        rows.append(
            {
                **{name: row[name] for name in ("start_s", "end_s", "actor", "probability")},
                "right": right_s >= wrong_s if checked else None,
            }
        )
    frame = pd.DataFrame(rows, columns=["start_s", "end_s", "actor", "probability", "right"])
    return frame.astype({"right": object})


def checked_top(intervals: pd.DataFrame) -> pd.DataFrame:
    """Share of right intervals among the first 10, 20, 30 …, by duration and by probability.

    Args:
        intervals: as `checked_intervals` gives them.

    Returns:
        A row for the first 10, 20, 30 … and all intervals: top, how many; longest_checked and surest_checked, how
        many of those were checked; longest and surest, the share of these that is right, NaN where none was checked.
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
