"""Checks of a film's timeline: each returns the rows that violate it, or an empty list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.frames import records
from wios_assets.timeline.spans import MINUTE_S, union

TOLERANCE_S = 1e-6

Rows = list[dict[str, Any]]


def outside_film(appearances: pd.DataFrame, duration_s: float) -> Rows:
    """Appearances that begin before the film, end after it, or do not end after they begin."""
    return [
        row
        for row in records(appearances)
        if not (-TOLERANCE_S <= _number(row["start_s"]) < _number(row["end_s"]) <= duration_s + TOLERANCE_S)
    ]


def twice_at_once(appearances: pd.DataFrame) -> Rows:
    """Appearances that begin before an earlier one of the same person has ended."""
    violations: Rows = []
    latest_end: dict[str, float] = {}
    for row in sorted(records(appearances), key=lambda row: (row["start_s"], row["end_s"])):
        actor, end = row["actor"], row["end_s"]
        if row["start_s"] < latest_end.get(actor, float("-inf")) - TOLERANCE_S:
            violations.append(row)
        latest_end[actor] = max(latest_end.get(actor, end), end)
    return violations


def neither_cast_nor_unknown(appearances: pd.DataFrame, cast: pd.DataFrame, decided: Iterable[str] = ()) -> Rows:
    """Appearances of a person who is neither credited nor marked unknown, or whose kind is wrong.

    Args:
        decided: names given by decisions, which need no credit.
    """
    credited = {*cast["actor"], *decided}
    return [
        row
        for row in records(appearances)
        if row["kind"] != ("unknown" if is_unknown(row["actor"]) else "cast")
        or (row["kind"] == "cast" and row["actor"] not in credited)
    ]


def over_a_minute(minute_appearances: pd.DataFrame) -> Rows:
    """Rows with more than 60 seconds, with none, or with a share outside 0 to 1."""
    return [
        row
        for row in records(minute_appearances)
        if not (0 < _number(row["seconds"]) <= MINUTE_S + TOLERANCE_S and 0 < _number(row["share"]) <= 1 + TOLERANCE_S)
    ]


def sums_differ(appearances: pd.DataFrame, seconds: pd.DataFrame) -> Rows:
    """People whose seconds in `seconds` (minute_appearances or screen_time) do not add up to their appearances.

    Returns:
        A row per person: actor, appearances_s, table_s. Overlapping appearances count once, as in the tables.
    """
    spans: dict[str, list[tuple[float, float]]] = {}
    for row in records(appearances):
        spans.setdefault(row["actor"], []).append((row["start_s"], row["end_s"]))
    expected = {actor: sum(end - start for start, end in union(own)) for actor, own in spans.items()}
    stored: dict[str, float] = {}
    for row in records(seconds):
        stored[row["actor"]] = stored.get(row["actor"], 0.0) + row["seconds"]
    return [
        {"actor": actor, "appearances_s": expected.get(actor, 0.0), "table_s": stored.get(actor, 0.0)}
        for actor in sorted(expected.keys() | stored.keys())
        if abs(expected.get(actor, 0.0) - stored.get(actor, 0.0)) > TOLERANCE_S
    ]


def _number(value: float | None) -> float:
    """The value, or NaN for a missing one, so that every comparison with it is false."""
    return float("nan") if value is None else value
