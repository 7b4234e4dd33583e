"""The timeline as a picture: a lane per person over the film, and the screen times."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from wios_assets.notation import format_clock, format_length
from wios_assets.timeline.drawing import (
    FEWEST_LANES,
    INK,
    NAMED,
    QUIET,
    UNNAMED,
    heading,
    name_lanes,
    new_figure,
    plain_axes,
    png,
)
from wios_assets.timeline.frames import records
from wios_assets.timeline.minutes import screen_time

WIDTH_IN, LANE_IN, MARGIN_IN = 14.0, 0.2, 1.1
NARROWEST = 1 / 1200
"""Least width of an interval as a share of the film, so that short ones can be seen."""
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 14


def timeline_picture(appearances: pd.DataFrame, duration_s: float, title: str, most_lanes: int = 80) -> bytes:
    """The film's timeline as PNG.

    The cast comes first, then unknown people in grey, each by screen time. Opacity shows the probability.

    Args:
        appearances: columns of the table appearances.
        duration_s: length of the film in seconds.
        title: heading of the picture.
        most_lanes: largest number of lanes; further people share the last one.
    """
    people = records(screen_time(appearances, duration_s))
    people.sort(key=lambda person: (person["kind"] == "unknown", person["rank"]))
    spans: dict[str, list[tuple[float, float, float]]] = {person["actor"]: [] for person in people}
    for row in records(appearances[["actor", "start_s", "end_s", "probability"]]):
        if row["actor"] in spans:
            spans[row["actor"]].append((row["start_s"], row["end_s"], row["probability"]))
    own, rest = (people, []) if len(people) <= most_lanes else (people[: most_lanes - 1], people[most_lanes - 1 :])
    lanes = len(own) + bool(rest)

    figure = new_figure(WIDTH_IN, MARGIN_IN + LANE_IN * max(lanes, FEWEST_LANES))
    lanes_axes, totals_axes = figure.subplots(1, 2, sharey=True, width_ratios=(5, 1))
    labels = []
    for lane, person in enumerate(own):
        colour = UNNAMED if person["kind"] == "unknown" else NAMED
        _draw_lane(lanes_axes, lane, spans[person["actor"]], colour, duration_s)
        _draw_total(totals_axes, lane, person["seconds"], colour)
        labels.append((person["actor"], QUIET if person["kind"] == "unknown" else INK))
    if rest:
        shared = [span for person in rest for span in spans[person["actor"]]]
        _draw_lane(lanes_axes, lanes - 1, shared, UNNAMED, duration_s)
        labels.append((f"{len(rest)} more", QUIET))
    if not people:
        lanes_axes.text(
            0.5, 0.5, "Nobody was seen", transform=lanes_axes.transAxes, ha="center", va="center", color=QUIET
        )

    _time_axis(lanes_axes, duration_s)
    name_lanes(lanes_axes, [label for label, _ in labels], [colour for _, colour in labels])
    plain_axes(totals_axes, grid="x")
    totals_axes.tick_params(labelleft=False)
    longest = max((person["seconds"] for person in people), default=1.0)
    totals_axes.set_xlim(0, longest * 1.45)
    totals_axes.set_xticks([])
    heading(lanes_axes, title, size=12)
    heading(totals_axes, "On screen", size=9)
    return png(figure)


def _draw_lane(axes: Axes, lane: int, spans: list[tuple[float, float, float]], colour: str, duration_s: float) -> None:
    widest = [(start, max(end - start, duration_s * NARROWEST)) for start, end, _ in spans]
    shades = [to_rgba(colour, _strength(probability)) for _, _, probability in spans]
    axes.broken_barh(widest, (lane - 0.38, 0.76), facecolors=shades, linewidth=0)


def _strength(probability: float) -> float:
    """Opacity of a bar: 1 at probability 1, a quarter at 0.5 and below."""
    return 0.25 + 0.75 * min(max(2 * probability - 1, 0.0), 1.0)


def _draw_total(axes: Axes, lane: int, seconds: float, colour: str) -> None:
    axes.barh(lane, seconds, height=0.6, color=colour, linewidth=0)
    axes.text(seconds, lane, f" {format_length(seconds, 1)}", va="center", ha="left", fontsize=7, color=QUIET)


def _time_axis(axes: Axes, duration_s: float) -> None:
    step = next((s for s in TICK_STEPS_S if duration_s / s <= MOST_TICKS), int(duration_s // MOST_TICKS) + 1)
    ticks = range(0, int(duration_s) + 1, step)
    plain_axes(axes, grid="x")
    axes.set_xlim(0, duration_s)
    axes.set_xticks(ticks, [format_clock(second) for second in ticks])
