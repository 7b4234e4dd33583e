"""Tracklets: faces of successive samples linked by position and size, within one shot and one segment.

Links are conservative, as in the low level of hierarchical association (Huang, Wu and Nevatia, "Robust object tracking
by hierarchical association of detection responses", ECCV 2008): where faces pass so close that position does not tell
them apart, tracklets end, and `vision.tracks` joins them by their embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from wios_assets.vision.options import LinkOptions

UNLINKED = 1e6


@dataclass
class Tracklet:
    """The same face followed through part of a shot.

    Attributes:
        number: id of its first face.
        start_s: time of its first face.
        last_s: time of its latest face.
        box: latest box, float [4]: left, top, right, bottom in pixels.
        speed: pixels a second of the box's edges, float [4].
    """

    number: int
    start_s: float
    last_s: float
    box: NDArray[np.float32]
    speed: NDArray[np.float32] = field(default_factory=lambda: np.zeros(4, dtype=np.float32))


def match_boxes(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    largest_shift: float,
    largest_growth: float,
    margin: float = 0.0,
) -> list[tuple[int, int]]:
    """Pairs (i, j) of boxes that may be the same face, chosen together for the least sum of shift and growth.

    Args:
        before: float32 [n, 4], left, top, right, bottom.
        after: float32 [m, 4].
        largest_shift: shift of the centre that rules a pair out, as a multiple of the mean box size.
        largest_growth: ratio of sizes that rules a pair out.
        margin: a pair is left out where another one with either of its boxes costs less than this more.
    """
    if not len(before) or not len(after):
        return []
    shift, growth = _shift(before, after), _growth(before, after)
    cost = shift / largest_shift + np.log(growth) / np.log(largest_growth)
    cost[(shift > largest_shift) | (growth > largest_growth)] = UNLINKED
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    pairs = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if cost[i, j] < UNLINKED]
    return [(i, j) for i, j in pairs if margin <= 0.0 or _rival_cost(cost, i, j) >= cost[i, j] + margin]


def _rival_cost(cost: NDArray[np.float64], i: int, j: int) -> float:
    """Least cost of another pair with box i or box j."""
    others = np.concatenate([np.delete(cost[i], j), np.delete(cost[:, j], i)])
    return float(others.min(initial=UNLINKED))


class Tracker:
    """Links the faces of successive samples; its state is the open tracklets and nothing else."""

    def __init__(self, options: LinkOptions) -> None:
        self._options = options
        self._open: list[Tracklet] = []

    def add(self, time_s: float, numbers: Sequence[int], boxes: NDArray[np.float32]) -> tuple[list[int], list[int]]:
        """Link the faces of one sample.

        Args:
            time_s: the sample's time, later than the one before.
            numbers: ids of the faces.
            boxes: float32 [n, 4] in pixels.

        Returns:
            The tracklet of each face, and the tracklets that ended before this sample.
        """
        ended = [t.number for t in self._open if self._is_over(t, time_s)]
        self._open = [t for t in self._open if not self._is_over(t, time_s)]
        expected = np.array([_expected(t, time_s) for t in self._open], dtype=np.float32).reshape(-1, 4)
        options = self._options
        limits = options.largest_shift, options.largest_growth
        pairs = match_boxes(expected, boxes, *limits, options.margin)
        # An ambiguous tracklet is closed, or it would compete for later faces, too.
        contested = {i for i, _ in match_boxes(expected, boxes, *limits)} - {i for i, _ in pairs}
        belongs: dict[int, Tracklet] = {}
        for i, j in pairs:
            tracklet = self._open[i]
            elapsed = max(time_s - tracklet.last_s, 1e-6)
            tracklet.speed = (0.5 * tracklet.speed + 0.5 * (boxes[j] - tracklet.box) / elapsed).astype(np.float32)
            tracklet.box, tracklet.last_s = boxes[j], time_s
            belongs[j] = tracklet
        ended += [self._open[i].number for i in sorted(contested)]
        self._open = [t for i, t in enumerate(self._open) if i not in contested]
        for j, number in enumerate(numbers):
            if j not in belongs:
                belongs[j] = Tracklet(number, time_s, time_s, boxes[j])
                self._open.append(belongs[j])
        return [belongs[j].number for j in range(len(numbers))], ended

    def end_all(self) -> list[int]:
        """Close every tracklet, as at a cut, and return their numbers."""
        ended = [t.number for t in self._open]
        self._open = []
        return ended

    def _is_over(self, tracklet: Tracklet, time_s: float) -> bool:
        unseen_s = time_s - tracklet.last_s
        return unseen_s > self._options.longest_gap_s + 1e-6 or time_s - tracklet.start_s > self._options.longest_s


def _expected(tracklet: Tracklet, time_s: float) -> NDArray[np.float32]:
    """Predicted box, moved half as far as the speed says: heads turn back more often than they go on."""
    return tracklet.box + np.float32(0.5 * (time_s - tracklet.last_s)) * tracklet.speed


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes, float32 [4] each."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod((high - low).clip(0.0)))
    both = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / both if both > 0 else 0.0


def _shift(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    centres = [(b[:, :2] + b[:, 2:]) / 2.0 for b in (before, after)]
    sizes = [_size(b) for b in (before, after)]
    distance = np.linalg.norm(centres[0][:, None] - centres[1][None], axis=2)
    shift: NDArray[np.float64] = distance / ((sizes[0][:, None] + sizes[1][None]) / 2.0)
    return shift


def _growth(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    ratio = _size(before)[:, None] / _size(after)[None]
    return np.maximum(ratio, 1.0 / ratio)


def _size(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    extent = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).clip(1.0)
    area: NDArray[np.float64] = extent.prod(axis=1)
    return np.sqrt(area)
