"""A picture of who is on screen when: a lane a person over the film, and everybody's screen time."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from wios_assets.timeline.clock import format_clock
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

WIDTH_IN, LANE_IN, RIM_IN = 14.0, 0.2, 1.1
FINEST = 1 / 1200
"""Share of the film below which an interval is drawn wider than it is, so that it can be seen."""
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 14


def timeline_picture(appearances: pd.DataFrame, duration_s: float, title: str, most_lanes: int = 80) -> bytes:
    """The film's timeline as PNG.

    The cast comes first, then unknown people in grey, each by screen time. The surer a name, the stronger its colour.

    Args:
        appearances: columns of the table appearances.
        duration_s: length of the film in seconds.
        title: what stands above it.
        most_lanes: people with a lane of their own; the rest share the last one, so that nobody is left out.
    """
    people = records(screen_time(appearances, duration_s))
    people.sort(key=lambda person: (person["kind"] == "unknown", person["rank"]))
    spans: dict[str, list[tuple[float, float, float]]] = {person["actor"]: [] for person in people}
    for row in records(appearances[["actor", "start_s", "end_s", "probability"]]):
        if row["actor"] in spans:
            spans[row["actor"]].append((row["start_s"], row["end_s"], row["probability"]))
    own, rest = (people, []) if len(people) <= most_lanes else (people[: most_lanes - 1], people[most_lanes - 1 :])
    lanes = len(own) + bool(rest)

    figure = new_figure(WIDTH_IN, RIM_IN + LANE_IN * max(lanes, FEWEST_LANES))
    when, long = figure.subplots(1, 2, sharey=True, width_ratios=(5, 1))
    labels = []
    for lane, person in enumerate(own):
        colour = UNNAMED if person["kind"] == "unknown" else NAMED
        _draw_lane(when, lane, spans[person["actor"]], colour, duration_s)
        _draw_total(long, lane, person["seconds"], colour)
        labels.append((person["actor"], QUIET if person["kind"] == "unknown" else INK))
    if rest:
        shared = [span for person in rest for span in spans[person["actor"]]]
        _draw_lane(when, lanes - 1, shared, UNNAMED, duration_s)
        labels.append((f"{len(rest)} more", QUIET))
    if not people:
        when.text(0.5, 0.5, "Nobody was seen", transform=when.transAxes, ha="center", va="center", color=QUIET)

    _time_axis(when, duration_s)
    name_lanes(when, [label for label, _ in labels], [colour for _, colour in labels])
    plain_axes(long, grid="x")
    long.tick_params(labelleft=False)
    longest = max((person["seconds"] for person in people), default=1.0)
    long.set_xlim(0, longest * 1.45)
    long.set_xticks([])
    heading(when, title, size=12)
    heading(long, "On screen", size=9)
    return png(figure)


def _draw_lane(axes: Axes, lane: int, spans: list[tuple[float, float, float]], colour: str, duration_s: float) -> None:
    widest = [(start, max(end - start, duration_s * FINEST)) for start, end, _ in spans]
    shades = [to_rgba(colour, _strength(probability)) for _, _, probability in spans]
    axes.broken_barh(widest, (lane - 0.38, 0.76), facecolors=shades, linewidth=0)


def _strength(probability: float) -> float:
    """Opacity of a bar: full where the name is certain, a quarter where it is as good as a coin's throw."""
    return 0.25 + 0.75 * min(max(2 * probability - 1, 0.0), 1.0)


def _draw_total(axes: Axes, lane: int, seconds: float, colour: str) -> None:
    axes.barh(lane, seconds, height=0.6, color=colour, linewidth=0)
    axes.text(seconds, lane, f" {_length(seconds)}", va="center", ha="left", fontsize=7, color=QUIET)


def _time_axis(axes: Axes, duration_s: float) -> None:
    step = next((s for s in TICK_STEPS_S if duration_s / s <= MOST_TICKS), int(duration_s // MOST_TICKS) + 1)
    ticks = range(0, int(duration_s) + 1, step)
    plain_axes(axes, grid="x")
    axes.set_xlim(0, duration_s)
    axes.set_xticks(ticks, [_tick(second, duration_s) for second in ticks])


def _tick(second: int, duration_s: float) -> str:
    """mm:ss in films of up to an hour, hh:mm:ss in longer ones."""
    clock = format_clock(second)
    return clock if duration_s >= 3600 else clock.removeprefix("00:")


def _length(seconds: float) -> str:
    """A length of time as people say it: 8.5 s, 3:05, 1:02:03."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
