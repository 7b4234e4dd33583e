from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wios_assets.vision.sampling import sample_count
from wios_assets.vision.segments import plan_segments

durations = st.floats(0.0, 4 * 3600.0)
rates = st.sampled_from([0.5, 1.0, 3.0, 4.0, 23.976, 25.0])
lengths = st.floats(0.5, 1200.0)
cores = st.integers(1, 16)


@given(durations, rates, lengths, cores)
def test_every_sample_is_in_exactly_one_segment(duration: float, rate: float, length: float, workers: int) -> None:
    segments = plan_segments(duration, rate, length, workers)
    bounds = [s.first_sample for s in segments] + ([segments[-1].end_sample] if segments else [0])
    assert bounds[0] == 0
    assert bounds[-1] == sample_count(duration, rate)
    assert all(before.end_sample == after.first_sample for before, after in pairwise(segments))
    assert all(len(s) > 0 for s in segments)
    assert [s.number for s in segments] == list(range(len(segments)))
    assert [s.is_last for s in segments] == [False] * (len(segments) - 1) + [True] * bool(segments)


@given(durations, rates, lengths, cores)
def test_segments_are_balanced_bounded_and_keep_all_cores_busy(
    duration: float, rate: float, length: float, workers: int
) -> None:
    segments = plan_segments(duration, rate, length, workers)
    if not segments:
        return
    sizes = [len(s) for s in segments]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= max(1, int(length * rate))
    assert len(segments) % workers == 0 or max(sizes) == 1


def test_a_film_without_length_has_no_segments() -> None:
    assert plan_segments(0.0, 4.0, 300.0, 2) == []
