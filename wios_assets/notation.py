"""Times, lengths and shares as text, written the same by commands, page, exports and messages."""

from __future__ import annotations

import math
import re

from wios_assets.errors import BadInput

_SECONDS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,9})?")
_CLOCK = re.compile(r"(?:([0-9]{1,5}):)?([0-9]{1,5}):([0-9]{2}(?:\.[0-9]{1,9})?)")


def parse_clock(text: str) -> float:
    """Seconds from `75`, `75.5`, `1:15` (mm:ss) or `01:02:03.5` (hh:mm:ss).

    Only the first part may be 60 or more (`90:00` is an hour and a half). Seconds after a colon need two digits, so
    that `1:5` is refused rather than guessed.

    Raises:
        WiosError: the text is none of these forms, or negative.
    """
    stripped = text.strip()
    if _SECONDS.fullmatch(stripped):
        return float(stripped)
    match = _CLOCK.fullmatch(stripped)
    if match is None:
        problem = "is before the film's start" if stripped.startswith(("-", "−")) else "is not a time"
        raise BadInput(f"{text!r} {problem}; write seconds (75.5), mm:ss (1:15) or hh:mm:ss (01:02:03)")
    hours, minutes, seconds = match.groups()
    if float(seconds) >= 60 or (hours is not None and (int(minutes) >= 60 or len(minutes) != 2)):
        raise BadInput(
            f"{text!r} is not a time: each part after a colon needs two digits and is below 60; "
            "write seconds (75.5), mm:ss (1:15) or hh:mm:ss (01:02:03)"
        )
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)


def format_clock(seconds: float, decimals: int = 0) -> str:
    """`hh:mm:ss`, zero-padded so that it sorts, rounded to `decimals` places of the second.

    Raises:
        ValueError: seconds are negative or not finite, or decimals are negative.
    """
    if not math.isfinite(seconds) or seconds < 0 or decimals < 0:
        raise ValueError(f"no clock for {seconds} s with {decimals} decimals")
    units = round(seconds * 10**decimals)
    whole, fraction = divmod(units, 10**decimals)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    clock = f"{hours:02d}:{minute:02d}:{second:02d}"
    return f"{clock}.{fraction:0{decimals}d}" if decimals else clock


def format_minute(minute: int) -> str:
    """Start of a minute of the film, counted from 0, as zero-padded `hh:mm`.

    Raises:
        ValueError: the minute is negative.
    """
    if minute < 0:
        raise ValueError(f"no clock for minute {minute}")
    hours, rest = divmod(int(minute), 60)
    return f"{hours:02d}:{rest:02d}"


def format_length(seconds: float, decimals: int = 0) -> str:
    """A length of time: `12 s`, with `decimals` places (one more below a second), or `00:02:03` from a minute on."""
    if round(seconds, decimals) >= 60:
        return format_clock(seconds)
    return f"{seconds:.{decimals if seconds >= 1 or seconds == 0 else max(1, decimals)}f} s"


def format_percent(share: float | None, decimals: int = 0) -> str:
    """A share of 1 as `95 %`, with `decimals` places; `–` for None and NaN.

    Less than the last place is `< 1 %`, and what only rounding would make a whole is `> 99 %`.
    """
    if share is None or math.isnan(share):
        return "–"
    step = 10.0**-decimals
    if 0 < share < step / 100:
        return f"< {step:.{decimals}f} %"
    if 1 - step / 200 <= share < 1:
        return f"> {100 - step:.{decimals}f} %"
    return f"{100 * share:.{decimals}f} %"
