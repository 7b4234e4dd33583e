"""The timeline as a picture: a lane per person over the film, and the screen times.

It is written as SVG, because every run draws one, and loading matplotlib takes longer than all else that a run does
with a clip's appearances.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from html import escape

import pandas as pd

from wios_assets.notation import format_clock, format_length
from wios_assets.timeline.colours import FEWEST_LANES, INK, NAMED, PAPER, QUIET, RULE, UNNAMED
from wios_assets.timeline.frames import records
from wios_assets.timeline.minutes import screen_time

WIDTH, NAMES_WIDTH, TOTALS_WIDTH, GAP = 1540, 210, 250, 14
"""Widths in pixels: the picture, the names, the screen times, and between the panels."""
HEAD, LANE, FOOT = 32, 22, 26
"""Heights in pixels: above the lanes, of a lane, below the lanes."""
BAR, TOTAL_BAR = 17, 13
LONGEST_NAME = 30
LENGTHS_SHARE = 0.69
"""Share of the screen times' panel that the longest bar takes; its length is written beside it."""
NARROWEST = 1 / 1200
"""Least width of an interval as a share of the film, so that short ones can be seen."""
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 14

Span = tuple[float, float, float]
"""Start and end in seconds, and probability."""


def timeline_svg(appearances: pd.DataFrame, duration_s: float, title: str, most_lanes: int = 80) -> str:
    """The film's timeline as SVG.

    The cast comes first, then unknown people in grey, each by screen time. Opacity shows the probability.

    Args:
        appearances: columns of the table appearances.
        duration_s: length of the film in seconds.
        title: heading of the picture.
        most_lanes: largest number of lanes; further people share the last one.
    """
    people = records(screen_time(appearances, duration_s))
    people.sort(key=lambda person: (person["kind"] == "unknown", person["rank"]))
    spans: dict[str, list[Span]] = {person["actor"]: [] for person in people}
    for row in records(appearances[["actor", "start_s", "end_s", "probability"]]):
        if row["actor"] in spans:
            spans[row["actor"]].append((row["start_s"], row["end_s"], row["probability"]))
    own, rest = (people, []) if len(people) <= most_lanes else (people[: most_lanes - 1], people[most_lanes - 1 :])
    lanes = max(len(own) + bool(rest), FEWEST_LANES)
    width = WIDTH - NAMES_WIDTH - TOTALS_WIDTH - 2 * GAP
    totals_x, totals_width = NAMES_WIDTH + width + GAP, float(TOTALS_WIDTH)

    parts = [
        _rectangle(0, 0, WIDTH, HEAD + LANE * lanes + FOOT, PAPER),
        _text(NAMES_WIDTH, HEAD - 12, title, INK, size=18),
        _text(totals_x, HEAD - 12, "On screen", INK, size=14),
        *_time_axis(width, LANE * lanes, duration_s),
        _frame(NAMES_WIDTH, width, LANE * lanes),
        _frame(totals_x, totals_width, LANE * lanes),
    ]
    scale = width / duration_s
    longest_s = max((person["seconds"] for person in people), default=1.0)
    for lane, person in enumerate(own):
        unknown = person["kind"] == "unknown"
        colour, middle = UNNAMED if unknown else NAMED, HEAD + LANE * (lane + 0.5)
        parts.append(_name(middle, person["actor"], QUIET if unknown else INK))
        parts += _bars(middle, spans[person["actor"]], colour, scale, duration_s)
        total = totals_width * LENGTHS_SHARE * person["seconds"] / longest_s
        parts.append(_rectangle(totals_x, middle - TOTAL_BAR / 2, total, TOTAL_BAR, colour))
        parts.append(_text(totals_x + total + 5, middle + 4, format_length(person["seconds"], 1), QUIET, size=11))
    if rest:
        middle = HEAD + LANE * (len(own) + 0.5)
        parts.append(_name(middle, f"{len(rest)} more", QUIET))
        shared = [span for person in rest for span in spans[person["actor"]]]
        parts += _bars(middle, shared, UNNAMED, scale, duration_s)
    if not people:
        parts.append(_text(NAMES_WIDTH + width / 2, HEAD + LANE * lanes / 2, "Nobody was seen", QUIET, anchor="middle"))
    height = HEAD + LANE * lanes + FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="system-ui, DejaVu Sans, sans-serif">{"".join(parts)}</svg>'
    )


def _bars(middle: float, spans: Iterable[Span], colour: str, scale: float, duration_s: float) -> list[str]:
    """A path for each opacity of a lane, in which each interval is a rectangle."""
    paths: dict[float, list[str]] = defaultdict(list)
    for start_s, end_s, probability in spans:
        width = max(end_s - start_s, duration_s * NARROWEST) * scale
        paths[_opacity(probability)].append(
            f"M{NAMES_WIDTH + start_s * scale:.1f} {middle - BAR / 2:.1f}h{width:.1f}v{BAR}h-{width:.1f}z"
        )
    return [
        f'<path fill="{colour}" fill-opacity="{opacity:.2f}" d="{"".join(path)}"/>' for opacity, path in paths.items()
    ]


def _opacity(probability: float) -> float:
    """1 at probability 1, a quarter at 0.5 and below, in steps of 0.05."""
    return round(20 * (0.25 + 0.75 * min(max(2 * probability - 1, 0.0), 1.0))) / 20


def _time_axis(width: float, height: float, duration_s: float) -> list[str]:
    step = next((s for s in TICK_STEPS_S if duration_s / s <= MOST_TICKS), int(duration_s // MOST_TICKS) + 1)
    parts = []
    for second in range(0, int(duration_s) + 1, step):
        x = NAMES_WIDTH + width * second / duration_s
        parts.append(f'<path stroke="{RULE}" d="M{x:.1f} {HEAD}v{height:.1f}"/>')
        parts.append(_text(x, HEAD + height + 17, format_clock(second), QUIET, anchor="middle"))
    return parts


def _name(middle: float, name: str, colour: str) -> str:
    return _text(NAMES_WIDTH - 6, middle + 4, _shortened(name), colour, anchor="end")


def _shortened(name: str) -> str:
    """A name of at most `LONGEST_NAME` columns; a character of an East Asian script takes two."""
    columns = 0
    for index, character in enumerate(name):
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns > LONGEST_NAME:
            return name[: index - 1].rstrip() + "…"
    return name


def _text(x: float, y: float, text: str, colour: str, *, size: int = 12, anchor: str = "start") -> str:
    # XML has no control characters, escaped or not.
    shown = escape("".join(character for character in text if character.isprintable()))
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="{anchor}">{shown}</text>'


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _frame(x: float, width: float, height: float) -> str:
    return f'<rect x="{x:.1f}" y="{HEAD}" width="{width:.1f}" height="{height:.1f}" fill="none" stroke="{RULE}"/>'
