"""Scenes that some people share, over all films at once: arrays of appearances in, arrays of scenes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.timeline.spans import SHORTEST_S

LONGEST_PAUSE_S = 10.0
"""Longest time off screen within a person's scene, in seconds: the other side of a dialogue."""

_FILM_S = 1e6
"""Seconds from one film to the next on the line of time that holds all films; longer than any film."""
SETTLED_S = 0.5
"""How long after somebody appears a picture is taken: at a cut, the frame before may still be shown."""


@dataclass(frozen=True)
class Spans:
    """Stretches of films, in any order.

    Attributes:
        film: int64 [n], number of the film, from 0.
        start_s, end_s: float64 [n], seconds on the player's clock.
        probability: float64 [n], NaN where there is none.
    """

    film: NDArray[np.int64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    probability: NDArray[np.float64]

    def line(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Starts and ends on the line of time of all films, sorted by start, empty stretches left out."""
        offset = self.film * _FILM_S
        order = np.argsort(offset + self.start_s, kind="stable")
        start, end = (offset + self.start_s)[order], (offset + self.end_s)[order]
        longer = end > start
        return start[longer], end[longer]


@dataclass(frozen=True)
class Scenes:
    """Scenes by film and start.

    Attributes:
        film: int64 [n], number of the film. start_s, end_s: float64 [n], seconds on the player's clock.
        together_s: float64 [n], seconds in which all people asked for are in the picture at once.
        picture_s: float64 [n], an instant at which they first are, else one at which somebody of them is.
        on_screen_s: float64 [n, people], seconds in which each of them is in the picture.
        probability: float64 [n], that of the least sure of them: the mean over that person's seconds; NaN where
            nobody has a probability.
    """

    film: NDArray[np.int64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    together_s: NDArray[np.float64]
    picture_s: NDArray[np.float64]
    on_screen_s: NDArray[np.float64]
    probability: NDArray[np.float64]


def shared_scenes(
    people: Sequence[Spans],
    without: Sequence[Spans] = (),
    *,
    together: bool = False,
    pause_s: float = LONGEST_PAUSE_S,
) -> Scenes:
    """Scenes with all of some people and none of others.

    A person's scene is a row of appearances with pauses of at most `pause_s`. People share a scene where a scene of
    each of them goes on, and somebody of them is in the picture.

    Args:
        people: appearances of each person asked for, one or more.
        without: appearances of each person who must not be in the scene.
        together: whether all must be in the picture at once; pauses between such moments are bridged as well, but not
            where somebody of `without` is in the picture.
        pause_s: seconds.
    """
    if not people:
        raise ValueError("no people are asked for")
    pictured = [_joined(*person.line(), 0.0) for person in people]
    at_once = _intersection(pictured)
    if together:
        scenes = _joined(*at_once, pause_s)
        kept_out = [_joined(*person.line(), 0.0) for person in without]
    else:
        scenes = _intersection([_joined(start, end, pause_s) for start, end in pictured])
        kept_out = [_joined(*person.line(), pause_s) for person in without]
    for stretches in kept_out:
        scenes = _difference(scenes, stretches)
    start, end = scenes
    on_screen = np.stack([_covered(each, start, end) for each in pictured], axis=1)
    seen = (end - start > SHORTEST_S) & (on_screen.max(axis=1, initial=0.0) > SHORTEST_S)
    start, end, on_screen = start[seen], end[seen], on_screen[seen]
    film = np.floor_divide(start, _FILM_S).astype(np.int64)
    sure = np.stack([_mean_probability(person, start, end) for person in people], axis=1)
    known = np.where(np.isnan(sure), np.inf, sure).min(axis=1, initial=np.inf)
    return Scenes(
        film=film,
        start_s=start - film * _FILM_S,
        end_s=end - film * _FILM_S,
        together_s=_covered(at_once, start, end),
        picture_s=_first_instant([at_once, *pictured], start, end) - film * _FILM_S,
        on_screen_s=on_screen,
        probability=np.where(np.isinf(known), np.nan, known),
    )


def _first_instant(lines: Sequence[_Line], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """An instant of each scene, a moment after a stretch begins in it: of the first line that has one there."""
    instant = (start + end) / 2
    for line_start, line_end in reversed(lines):
        if not len(line_start):
            continue
        next_one = np.minimum(np.searchsorted(line_end, start, side="right"), len(line_end) - 1)
        begin, finish = np.maximum(line_start[next_one], start), np.minimum(line_end[next_one], end)
        instant = np.where(begin < finish, begin + np.minimum(SETTLED_S, (finish - begin) / 2), instant)
    return instant


_Line = tuple[NDArray[np.float64], NDArray[np.float64]]


def _joined(start: NDArray[np.float64], end: NDArray[np.float64], pause_s: float) -> _Line:
    """Stretches, sorted by start, joined over pauses of at most `pause_s` seconds."""
    if not len(start):
        return start, end
    reached = np.maximum.accumulate(end)
    # On a line of some hundred films, times are exact to a tenth of a microsecond.
    first = np.concatenate([[True], start[1:] - reached[:-1] > pause_s + SHORTEST_S])
    firsts = np.flatnonzero(first)
    return start[firsts], np.maximum.reduceat(end, firsts)


def _intersection(lines: Sequence[_Line]) -> _Line:
    """Stretches that lie in all lines; each line's stretches are apart and sorted."""
    return _swept([(start, end, 1) for start, end in lines], len(lines))


def _difference(line: _Line, other: _Line) -> _Line:
    """Stretches of a line outside those of another one."""
    return _swept([(*line, 1), (*other, -1)], 1)


def _swept(lines: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], int]], wanted: int) -> _Line:
    """Stretches in which the weights of the lines that go on add up to `wanted`."""
    times = np.concatenate([side for start, end, _ in lines for side in (start, end)])
    steps = np.concatenate(
        [np.full(len(start), sign * weight) for start, _, weight in lines for sign in (1, -1)]
    ).astype(np.int64)
    if not len(times):
        return times, times
    order = np.argsort(times, kind="stable")
    times, level = times[order], np.cumsum(steps[order])
    holds = np.flatnonzero((level[:-1] == wanted) & (times[1:] > times[:-1]))
    return _joined(times[holds], times[holds + 1], 0.0)


def _covered(line: _Line, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of a line's stretches, float64 [n], that lie between each start and end."""
    return _integral(line, np.ones(len(line[0])), start, end)


def _mean_probability(person: Spans, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean probability of a person's appearances between each start and end, weighted by seconds; NaN for none."""
    known = ~np.isnan(person.probability)
    offset = person.film[known] * _FILM_S
    order = np.argsort(offset + person.start_s[known], kind="stable")
    line = (offset + person.start_s[known])[order], (offset + person.end_s[known])[order]
    seconds = _integral(line, np.ones(len(order)), start, end)
    weighted = _integral(line, person.probability[known][order], start, end)
    mean: NDArray[np.float64] = np.divide(
        weighted, seconds, out=np.full(len(start), np.nan), where=seconds > SHORTEST_S
    )
    return mean


def _integral(
    line: _Line, height: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integral between each start and end of a function with a height on each stretch of a line, 0 between these."""
    begins, ends = line
    if not len(begins):
        return np.zeros(len(start))
    knots = np.stack([begins, ends], axis=1).ravel()
    areas = np.cumsum(height * (ends - begins))
    values = np.stack([areas - height * (ends - begins), areas], axis=1).ravel()
    return np.asarray(np.interp(end, knots, values) - np.interp(start, knots, values))
