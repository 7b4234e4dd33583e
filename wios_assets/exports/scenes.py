"""Appearances put together to what a viewer takes for a scene: to jump to, to mark, or to make a chapter of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from wios_assets.lake.library import Row
from wios_assets.timeline.scenes import LONGEST_PAUSE_S


def changes(rows: list[Row]) -> Iterator[tuple[float, float, list[Row]]]:
    """Intervals of the film in which the same people, at least one, are on screen.

    Args:
        rows: rows of the table `appearances`.

    Yields:
        Start and end in seconds, rounded to milliseconds, and the appearances: cast first, then by probability.
    """
    spans = [(round(row["start_s"], 3), round(row["end_s"], 3), row) for row in rows]
    times = sorted({time for start, end, _ in spans for time in (start, end)})
    begins: dict[float, list[int]] = {}
    ends: dict[float, list[int]] = {}
    for number, (start, end, _) in enumerate(spans):
        if start < end:
            begins.setdefault(start, []).append(number)
            ends.setdefault(end, []).append(number)
    present: set[int] = set()
    for time, end in pairwise(times):
        present.difference_update(ends.get(time, ()))
        present.update(begins.get(time, ()))
        if present:
            people = [spans[number][2] for number in present]
            people.sort(key=lambda row: (row["kind"], -(row["probability"] or 0), row["actor"]))
            yield time, end, people


def scenes_of(
    spans: Iterable[tuple[float, float]], longest_pause_s: float = LONGEST_PAUSE_S
) -> list[tuple[float, float]]:
    """A person's scenes: intervals (start, end) in seconds, joined over pauses of at most `longest_pause_s`."""
    scenes: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if scenes and start - scenes[-1][1] <= longest_pause_s:
            scenes[-1] = (scenes[-1][0], max(scenes[-1][1], end))
        else:
            scenes.append((start, end))
    return scenes
