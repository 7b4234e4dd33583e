"""The pyramid, the suppression of overlapping windows, and the detected faces."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wios_assets.vision.engine import Image
from wios_assets.vision.engines import load_engine
from wios_assets.vision.mmod_detector import OVERLAP, SEEN_FROM, SEEN_TO, MmodDetector, Pyramid, distinct
from wios_assets_tests.vision.faces import options, package_pictures

pytestmark = pytest.mark.slow

PRECISIONS: tuple[Literal["int8"], Literal["float"]] = ("int8", "float")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def resized(picture: Image, width: int, height: int) -> Image:
    smaller = np.empty((height, width, 3), dtype=np.uint8)
    cv2.resize(picture, (width, height), dst=smaller, interpolation=cv2.INTER_AREA)
    return smaller


@given(
    height=st.integers(160, 2160),
    smallest=st.floats(1 / 20, 1 / 2),
    largest=st.floats(0.5, 1.5),
    ratio=st.floats(0.5, 0.95),
)
def test_a_face_of_any_size_that_matters_is_seen_on_some_level(
    height: int, smallest: float, largest: float, ratio: float
) -> None:
    levels = Pyramid(smallest, largest, ratio).levels(height, height * 16 // 9)
    scales = [rows / height for rows, _ in levels]
    rounding = 1 / levels[-1][0]
    assert scales[0] * smallest * height == pytest.approx(SEEN_FROM, rel=rounding)
    assert scales[-1] * largest * height <= SEEN_TO * (1 + rounding)
    for above, below in pairwise(scales):
        assert below / above == pytest.approx(ratio, rel=2 * rounding)


def test_no_level_is_larger_than_the_smallest_face_needs() -> None:
    pyramid = Pyramid(1 / 12, 1.0, 0.7)
    assert pyramid.levels(360, 640, smallest_face=72)[0] == (360, 640)
    assert pyramid.levels(1080, 1920)[0] == (864, 1536)
    assert pyramid.levels(720, 1280, smallest_face=720) == [(72, 128)]


boxes = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(20, 60), st.integers(20, 60), st.integers(0, 1000)),
    max_size=25,
)


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    sides = (np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]) + 1).clip(0)
    areas = [float(np.prod(box[2:] - box[:2] + 1)) for box in (one, other)]
    common = float(np.prod(sides))
    return common / (sum(areas) - common)


@given(boxes)
def test_of_overlapping_boxes_the_best_stays(given_boxes: list[tuple[int, int, int, int, int]]) -> None:
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in given_boxes], dtype=np.float32).reshape(-1, 4)
    scores = np.array([score for *_, score in given_boxes], dtype=np.float32)
    kept, their = distinct(corners, scores, OVERLAP)
    assert (np.diff(their) <= 0).all()
    for i, one in enumerate(kept):
        assert all(overlap(one, other) <= OVERLAP for other in kept[:i])
    for box, score in zip(corners, scores, strict=True):
        assert any(overlap(box, other) > OVERLAP and best >= score for other, best in zip(kept, their, strict=True))


def test_a_face_is_found_at_every_size_between_the_ends(cache: Path) -> None:
    engine = load_engine(options(cache, detector="mmod"))
    picture = package_pictures()["astronaut"]
    sizes = []
    for height in (1300, 900, 600, 420, 330):
        seen = resized(picture, height, height)
        faces = engine.detect([seen], smallest_face=40)[0]
        assert len(faces) >= 1
        assert faces.scores[0] > 0.5
        sizes.append((faces.boxes[0, 3] - faces.boxes[0, 1]) / height)
    assert max(sizes) / min(sizes) < 1.5


def test_frames_of_several_sizes_give_what_each_gives_alone(cache: Path) -> None:
    engine = load_engine(options(cache, detector="mmod"))
    first, second = package_pictures().values()
    frames = [first, second, first[:, ::-1], np.zeros((90, 160, 3), dtype=np.uint8)]
    together = engine.detect(frames)
    assert [len(faces) for faces in together][2:] == [len(engine.detect([first[:, ::-1]])[0]), 0]
    for frame, faces in zip(frames, together, strict=True):
        alone = engine.detect([frame])[0]
        assert np.array_equal(faces.boxes, alone.boxes)
        assert np.array_equal(faces.scores, alone.scores)
        assert np.array_equal(faces.landmarks, alone.landmarks)
    assert engine.detect([]) == []


def test_frames_of_odd_sizes_are_looked_at(cache: Path) -> None:
    engine = load_engine(options(cache, detector="mmod"))
    for height, width in ((1, 1), (3, 200), (211, 7), (97, 131), (4, 4000)):
        assert engine.detect([np.full((height, width, 3), 90, dtype=np.uint8)])[0].boxes.shape == (0, 4)


def test_whole_numbers_give_the_boxes_and_scores_of_floating_point(cache: Path) -> None:
    rounded, exact = (
        MmodDetector(cache, 1, "cpu", precision, Pyramid(1 / 12, 1.0, 0.7), 0.0) for precision in PRECISIONS
    )
    picture = package_pictures()["astronaut"]
    # The face lies inside, at the left edge, at the top one, at the other two, and fills a frame smaller than a patch.
    cuts = [picture, picture[:, 180:], picture[40:, :], picture[:170, :265], picture[30:230, 130:331]]
    grid = np.concatenate([np.concatenate([picture, picture[:, ::-1]], axis=1)] * 2)
    sizes = []
    for cut in [*cuts, grid]:
        for height in (cut.shape[0], 211):
            frame = resized(cut, cut.shape[1] * height // cut.shape[0], height)
            detected, wanted = (detector.detect([frame], None)[0] for detector in (rounded, exact))
            assert np.array_equal(detected[0], wanted[0])
            assert np.allclose(detected[1], wanted[1], atol=1e-5)
            sizes.append(len(wanted[0]))
    assert min(sizes[:-2]) >= 1
    assert max(sizes) >= 4


@pytest.mark.slow
@pytest.mark.devset
def test_whole_numbers_lose_less_than_half_a_percent_of_the_faces(cache: Path, devset: Path) -> None:
    from wios_assets.vision.photos import read_photo

    boxes_by_precision = {}
    photos = [read_photo(path) for path in sorted((devset / "ident").glob("*/*/*.jpg"))]
    photos += [read_photo(path) for path in sorted((devset / "groups").glob("*.jpg"))]
    for precision in ("float", "int8"):
        engine = load_engine(options(cache, detector="mmod", detector_precision=precision, smallest_face=1 / 8))
        boxes_by_precision[precision] = [engine.detect([photo])[0].boxes for photo in photos]
    lost = total = 0
    for exact, rounded in zip(boxes_by_precision["float"], boxes_by_precision["int8"], strict=True):
        total += len(exact)
        lost += sum(not any(overlap(box, other) > OVERLAP for other in rounded) for box in exact)
    assert total > 250
    assert lost <= 0.005 * total
