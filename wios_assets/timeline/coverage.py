"""Which parts of a film could not be read, so that nobody seen there does not mean nobody there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from wios_assets.notation import format_clock, format_percent
from wios_assets.timeline.spans import Span, split_by_minute

WORTH_A_WARNING = 0.01
"""Share of a film from which on a run warns that pictures were unreadable."""
_NAMED = 3


def is_readable(unreadable: Iterable[Span], seconds: float) -> bool:
    """Whether the picture at an instant was read; a span includes its start and excludes its end."""
    return not any(start <= seconds < end for start, end in unreadable)


def unreadable_minutes(unreadable: Iterable[Span], duration_s: float) -> dict[int, float]:
    """Seconds that could not be read, by minute counted from 0; minutes without such seconds are left out.

    Args:
        unreadable: spans in seconds that do not overlap.
        duration_s: length of the film in seconds.
    """
    seconds: dict[int, float] = {}
    for start, end in unreadable:
        for minute, piece in split_by_minute((max(0.0, start), min(end, duration_s))):
            seconds[minute] = seconds.get(minute, 0.0) + piece
    return dict(sorted(seconds.items()))


def unreadable_warning(film: str, unreadable: Sequence[Span], duration_s: float) -> str | None:
    """A line about a film of which more than one per cent could not be read; None for another."""
    total = math.fsum(end - start for start, end in unreadable)
    if not duration_s or total / duration_s <= WORTH_A_WARNING:
        return None
    stretches = ", ".join(f"{format_clock(start)} to {format_clock(end)}" for start, end in unreadable[:_NAMED])
    more = f" and {len(unreadable) - _NAMED} stretches more" if len(unreadable) > _NAMED else ""
    return (
        f"{film}: {format_percent(total / duration_s)} of the film ({total:.1f} s) is not readable, so nobody is seen "
        f"there: {stretches}{more}; copy the file again"
    )
