from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wios_assets.vision.options import LinkOptions
from wios_assets.vision.tracklets import Tracker, match_boxes, overlap

OPTIONS = LinkOptions(largest_shift=0.7, largest_growth=1.6, longest_gap_s=0.6, longest_s=30.0)
STEP_S = 0.25


def face(x: float, y: float = 100.0, size: float = 50.0) -> list[float]:
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def boxes(*faces: list[float]) -> NDArray[np.float32]:
    return np.array(faces, dtype=np.float32).reshape(-1, 4)


def follow(tracker: Tracker, at: Callable[[int], NDArray[np.float32]], samples: int) -> list[list[int]]:
    tracklets = []
    for i in range(samples):
        here = at(i)
        tracklets.append(tracker.add(i * STEP_S, [i * 1000 + j for j in range(len(here))], here)[0])
    return tracklets


def test_a_face_that_moves_keeps_its_tracklet() -> None:
    tracklets = follow(Tracker(OPTIONS), lambda i: boxes(face(100 + 25 * i, size=50 + 2 * i)), 20)
    assert tracklets == [[0]] * 20


def test_a_tracklet_is_called_by_its_first_face() -> None:
    tracker = Tracker(OPTIONS)
    assert tracker.add(0.0, [7000, 7001], boxes(face(100), face(400)))[0] == [7000, 7001]
    assert tracker.add(STEP_S, [8000, 8001], boxes(face(405), face(98)))[0] == [7001, 7000]


def test_two_faces_that_pass_each_other_share_no_tracklet() -> None:
    tracklets = follow(Tracker(OPTIONS), lambda i: boxes(face(100 + 20 * i), face(500 - 20 * i, y=130)), 21)
    first, second = ({numbers[k] for numbers in tracklets} for k in (0, 1))
    assert not first & second
    assert tracklets[0] == tracklets[5] == [0, 1]


def test_a_face_that_two_may_continue_as_ends_and_both_begin_anew() -> None:
    tracker = Tracker(OPTIONS)
    tracker.add(0.0, [0, 1], boxes(face(100), face(400)))
    linked, ended = tracker.add(STEP_S, [1000, 1001, 1002], boxes(face(85), face(115), face(400)))
    assert (linked, ended) == ([1000, 1001, 1], [0])
    assert tracker.add(2 * STEP_S, [2000, 2001, 2002], boxes(face(85), face(115), face(400)))[0] == [1000, 1001, 1]


def test_a_face_elsewhere_or_of_another_size_is_another() -> None:
    tracker = Tracker(OPTIONS)
    tracker.add(0.0, [0], boxes(face(100)))
    assert tracker.add(STEP_S, [1000], boxes(face(160)))[0] == [1000]
    assert tracker.add(2 * STEP_S, [2000], boxes(face(160, size=120)))[0] == [2000]


def test_a_cut_ends_every_tracklet() -> None:
    tracker = Tracker(OPTIONS)
    tracker.add(0.0, [0, 1], boxes(face(100), face(300)))
    assert sorted(tracker.end_all()) == [0, 1]
    assert tracker.end_all() == []
    assert tracker.add(STEP_S, [1000], boxes(face(100)))[0] == [1000]


@pytest.mark.parametrize(("gap", "same"), [(0.5, True), (0.75, False)])
def test_a_face_may_go_unseen_for_a_moment(gap: float, same: bool) -> None:
    tracker = Tracker(OPTIONS)
    tracker.add(0.0, [0], boxes(face(100)))
    linked, ended = tracker.add(gap, [1000], boxes(face(100)))
    assert (linked == [0]) == same
    assert (ended == []) == same


def test_a_long_tracklet_is_closed_and_a_new_one_begun() -> None:
    tracklets = [numbers[0] for numbers in follow(Tracker(OPTIONS), lambda _: boxes(face(100)), 500)]
    lengths = np.unique(tracklets, return_counts=True)[1] * STEP_S
    assert lengths.max() <= OPTIONS.longest_s + STEP_S
    assert len(lengths) == 5


def test_no_tracklet_has_two_faces_of_one_sample() -> None:
    rng = np.random.default_rng(1)
    tracker = Tracker(OPTIONS)
    for i in range(200):
        count = int(rng.integers(0, 8))
        here = boxes(*(face(*rng.uniform(0, 300, 2)) for _ in range(count)))
        linked, _ = tracker.add(i * STEP_S, [i * 1000 + j for j in range(count)], here)
        assert len(set(linked)) == count


coordinate = st.floats(0, 500, width=32)
some_boxes = st.lists(st.tuples(coordinate, coordinate, st.floats(5, 100, width=32)), max_size=6)


@given(some_boxes, some_boxes)
def test_pairs_are_one_to_one_and_within_limits(
    one: list[tuple[float, float, float]], other: list[tuple[float, float, float]]
) -> None:
    before, after = boxes(*(face(*b) for b in one)), boxes(*(face(*b) for b in other))
    pairs = match_boxes(before, after, 0.7, 1.6)
    assert set(match_boxes(before, after, 0.7, 1.6, margin=0.2)) <= set(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    for i, j in pairs:
        (x, y, size), (u, v, other_size) = one[i], other[j]
        assert np.hypot(x - u, y - v) <= 0.7 * (size + other_size) / 2 + 1e-2
        assert max(size / other_size, other_size / size) <= 1.6 + 1e-3


def test_overlap_is_intersection_over_union() -> None:
    one = boxes([0, 0, 10, 10])[0]
    assert overlap(one, one) == 1.0
    assert overlap(one, boxes([5, 0, 15, 10])[0]) == pytest.approx(1 / 3)
    assert overlap(one, boxes([20, 20, 30, 30])[0]) == 0.0
