"""Which faces of a tracklet become chips, and the crops that they are kept in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.vision.chip_selection import Candidate, ChipSelection, crop_face, first_two
from wios_assets.vision.engine import Faces
from wios_assets_tests.vision.faces import package_pictures


def one_face(box: tuple[float, float, float, float]) -> Faces:
    left, top, right, bottom = box
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.55], [0.35, 0.8], [0.65, 0.8]], dtype=np.float32)
    landmarks = points * (right - left, bottom - top) + (left, top)
    return Faces(np.array([box], np.float32), np.ones(1, np.float32), landmarks[None].astype(np.float32))


def candidate(face: int, quality: float) -> Candidate:
    return Candidate(face, 7, quality, np.zeros((4, 4, 3), np.uint8), one_face((0, 0, 2, 2)))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60), st.integers(1, 6))
def test_the_best_faces_of_different_stretches_are_chosen(qualities: list[float], most: int) -> None:
    selection = ChipSelection(most, 0.5)
    for number, quality in enumerate(qualities):
        seconds = number / 4
        if selection.wants(7, quality, seconds):
            selection.offer(candidate(number, quality), seconds)
        assert len(selection._best[7]) <= most + 1
    chosen = selection.take(7)
    best = sorted((max(qualities[start : start + 2]) for start in range(0, len(qualities), 2)), reverse=True)
    assert [face.quality for face in chosen] == best[:most]
    assert len({face.face // 2 for face in chosen}) == len(chosen)
    assert selection.take(7) == []


def test_the_best_chip_and_the_one_farthest_from_it_in_time_come_first() -> None:
    chips = [candidate(face, quality) for face, quality in ((5000, 0.9), (6000, 0.8), (1000, 0.3), (8000, 0.2))]
    first, rest = first_two(chips)
    assert [chip.face for chip in first] == [5000, 1000]
    assert [chip.face for chip in rest] == [6000, 8000]


def test_of_one_or_two_chips_none_is_left_for_later() -> None:
    for number in range(3):
        chips = [candidate(face, 0.5) for face in range(number)]
        assert first_two(chips) == (chips, [])


def test_a_crop_holds_the_face_and_its_surroundings() -> None:
    picture = package_pictures()["astronaut"]
    crop, faces = crop_face(picture, one_face((180, 70, 270, 160)))
    assert crop.shape == (198, 198, 3)
    left, top, right, bottom = faces.boxes[0].astype(int)
    assert np.array_equal(crop[top:bottom, left:right], picture[70:160, 180:270])
    assert not np.shares_memory(crop, picture)


def test_a_large_face_is_kept_small_and_one_at_the_edge_where_it_is() -> None:
    picture = np.zeros((1080, 1920, 3), np.uint8)
    picture[:, 1500:] = 255
    crop, faces = crop_face(picture, one_face((1400, 300, 2000, 900)))
    assert max(crop.shape) <= 400
    assert np.allclose(faces.boxes[0, 2:] - faces.boxes[0, :2], 180, atol=2)
    edge = int(np.flatnonzero(crop[0, :, 0] > 127)[0])
    assert abs(edge - faces.boxes[0, 0] - 30) < 2
