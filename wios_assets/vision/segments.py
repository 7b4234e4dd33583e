"""Divides a film into segments of whole samples, one for each worker's task."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wios_assets.vision.sampling import sample_count


@dataclass(frozen=True)
class Segment:
    """The samples `first_sample` up to, not including, `end_sample` of a film's sampling grid.

    Attributes:
        number: index in the film, from 0.
        first_sample: first sample of the segment.
        end_sample: first sample after the segment.
        is_last: whether the film ends with it.
    """

    number: int
    first_sample: int
    end_sample: int
    is_last: bool

    def __len__(self) -> int:
        return self.end_sample - self.first_sample


def plan_segments(duration_s: float, samples_per_second: float, segment_seconds: float, cores: int) -> list[Segment]:
    """Segments that hold every sample of the film once.

    There are as many segments as cores, or a multiple of them, so that no core waits; their lengths differ by one
    sample at most, and none is longer than `segment_seconds` (a segment of one sample may be). A film with fewer
    samples than cores gets one segment a sample.

    Args:
        duration_s: film's length in seconds.
        samples_per_second: samples taken for each second.
        segment_seconds: longest segment, in seconds.
        cores: workers at a time.
    """
    samples = sample_count(duration_s, samples_per_second)
    if samples == 0:
        return []
    most = max(1, math.floor(segment_seconds * samples_per_second))
    rounds = math.ceil(samples / (most * max(1, cores)))
    count = min(samples, rounds * max(1, cores))
    bounds = [samples * i // count for i in range(count + 1)]
    return [Segment(i, bounds[i], bounds[i + 1], i == count - 1) for i in range(count)]
