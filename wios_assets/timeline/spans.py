"""Stretches of a film as (start, end) in seconds: their union, and the minutes they lie in."""

from __future__ import annotations

import math
from collections.abc import Iterable

MINUTE_S = 60.0
SHORTEST_S = 1e-9
"""Shorter pieces are rounding errors at a boundary, not time on screen."""

Span = tuple[float, float]


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans (start, end) in seconds with overlaps counted once, in order of time."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


def split_by_minute(span: Span) -> list[tuple[int, float]]:
    """The minutes, counted from 0, in which a span (seconds) lies, each with the span's seconds in it."""
    start, end = span
    pieces = []
    for minute in range(int(start // MINUTE_S), math.ceil(end / MINUTE_S)):
        seconds = min(end, (minute + 1) * MINUTE_S) - max(start, minute * MINUTE_S)
        if seconds > SHORTEST_S:
            pieces.append((minute, seconds))
    return pieces
