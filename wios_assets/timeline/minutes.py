"""Seconds on screen per person: in each minute, and in the whole film."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from wios_assets.notation import format_minute
from wios_assets.tables import MINUTE_APPEARANCES, SCREEN_TIME
from wios_assets.timeline.frames import records, table_frame
from wios_assets.timeline.spans import MINUTE_S, SHORTEST_S, Span, split_by_minute, union


def minute_appearances(appearances: pd.DataFrame, duration_s: float) -> pd.DataFrame:
    """Seconds that each person is on screen in each minute of the film.

    Overlapping appearances of a person count once; time outside the film does not count.

    Args:
        appearances: columns of the table appearances.
        duration_s: length of the film in seconds, which determines the length of its last minute.

    Returns:
        Columns of the table minute_appearances without `film`, by minute; within one the cast before unknown people,
        then by seconds, longest first.
    """
    rows = []
    for person, spans, intervals in _people(appearances, duration_s):
        seconds: dict[int, float] = defaultdict(float)
        for span in spans:
            for minute, piece in split_by_minute(span):
                seconds[minute] += piece
        probabilities: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for start, end, probability in intervals:
            for minute, piece in split_by_minute((start, end)):
                probabilities[minute].append((piece, probability))
        for minute, total in seconds.items():
            length_s = min(MINUTE_S, duration_s - minute * MINUTE_S)
            rows.append(
                {
                    "minute": minute,
                    "clock": format_minute(minute),
                    **person,
                    # The pieces of a full minute may add up to slightly more, by rounding.
                    "seconds": min(total, length_s),
                    "share": min(total / length_s, 1.0),
                    "highest_probability": max(p for _, p in probabilities[minute]),
                    "mean_probability": _mean(probabilities[minute]),
                }
            )
    rows.sort(key=lambda row: (row["minute"], row["kind"] == "unknown", -row["seconds"], row["actor"]))
    return table_frame(rows, MINUTE_APPEARANCES)


def screen_time(appearances: pd.DataFrame, duration_s: float) -> pd.DataFrame:
    """Seconds that each person is on screen in the film, with the first and last minute and the longest appearance.

    Args:
        appearances: columns of the table appearances.
        duration_s: length of the film in seconds.

    Returns:
        Columns of the table screen_time without `film`, by rank; equal seconds rank by name.
    """
    rows = []
    for person, spans, intervals in _people(appearances, duration_s):
        minutes = [minute for span in spans for minute, _ in split_by_minute(span)]
        if not minutes:
            continue
        seconds = math.fsum(end - start for start, end in spans)
        rows.append(
            {
                **person,
                "seconds": seconds,
                "share": min(seconds / duration_s, 1.0),
                "appearances": len(intervals),
                "first_minute": min(minutes),
                "last_minute": max(minutes),
                "longest_s": max(end - start for start, end, _ in intervals),
                "mean_probability": _mean([(end - start, p) for start, end, p in intervals]),
            }
        )
    rows.sort(key=lambda row: (-row["seconds"], row["kind"] == "unknown", row["actor"]))
    return table_frame(({"rank": rank, **row} for rank, row in enumerate(rows, start=1)), SCREEN_TIME)


def _people(
    appearances: pd.DataFrame, duration_s: float
) -> Iterable[tuple[dict[str, Any], list[Span], list[tuple[float, float, float]]]]:
    """Each person, the spans on screen (overlaps merged), and the appearances as (start, end, probability)."""
    if not math.isfinite(duration_s) or duration_s <= 0:
        raise ValueError(f"the duration of a film must be positive, not {duration_s} s")
    people: dict[str, dict[str, Any]] = {}
    intervals: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for row in records(appearances[["actor", "kind", "nconst", "character", "start_s", "end_s", "probability"]]):
        start, end = max(row["start_s"], 0.0), min(row["end_s"], duration_s)
        if end - start > SHORTEST_S:
            people.setdefault(row["actor"], {key: row[key] for key in ("actor", "kind", "nconst", "character")})
            intervals[row["actor"]].append((start, end, row["probability"]))
    for actor, person in people.items():
        yield person, union((start, end) for start, end, _ in intervals[actor]), intervals[actor]


def _mean(weighted: list[tuple[float, float]]) -> float:
    """Weighted mean of (weight, value), kept within the values' range despite rounding."""
    mean = math.fsum(w * v for w, v in weighted) / math.fsum(w for w, _ in weighted)
    values = [v for _, v in weighted]
    return min(max(mean, min(values)), max(values))
