"""The fast engine against the reference: the same faces and the same numbers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from wios_assets.vision.alignment import model_path
from wios_assets.vision.dlib_engine import DlibEngine
from wios_assets.vision.engine import Image
from wios_assets.vision.engines import load_engine
from wios_assets.vision.face_aligner import dlib_chips
from wios_assets.vision.mmod_detector import DETECTOR_FILE, OVERLAP, ROUNDING, MmodDetector, Pyramid, Windows
from wios_assets.vision.onnx_engine import DlibEmbedder
from wios_assets.vision.options import EngineOptions
from wios_assets.vision.photos import read_photo
from wios_assets_tests.vision.faces import dlib_sheet, options, package_pictures

pytestmark = pytest.mark.slow

SURE = 0.5
Precision = Literal["int8", "float"]
PRECISIONS = [EngineOptions.detector_precision, "float"]
"""The one that users get, and the one of the reference."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


Boxes = NDArray[np.float32]


def detector(cache: Path, precision: Precision) -> MmodDetector:
    return MmodDetector(cache, 1, "cpu", precision, Pyramid(1 / 12, 1.0, 0.7), 0.0)


@lru_cache(maxsize=1)
def reference_detector() -> dlib.cnn_face_detection_model_v1:
    return dlib.cnn_face_detection_model_v1(str(model_path(DETECTOR_FILE)))


def by_dlib(pictures: dict[str, Image]) -> dict[str, tuple[Boxes, NDArray[np.float32]]]:
    """Boxes and scores of dlib's own detector for each picture."""
    results = {}
    for name, picture in pictures.items():
        faces = reference_detector()(picture, 0)
        corners = [(f.rect.left(), f.rect.top(), f.rect.right(), f.rect.bottom()) for f in faces]
        scores = np.array([f.confidence for f in faces], dtype=np.float32)
        results[name] = np.array(corners, dtype=np.float32).reshape(-1, 4), scores
    return results


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image]:
    """Pictures that packages bring, as they are, mirrored and darker."""
    plain = package_pictures()
    mirrored = {f"{name} mirrored": np.ascontiguousarray(picture[:, ::-1]) for name, picture in plain.items()}
    darker = {f"{name} darker": (picture // 2).astype(np.uint8) for name, picture in plain.items()}
    return plain | mirrored | darker


@pytest.fixture(scope="module")
def reference(pictures: dict[str, Image]) -> dict[str, tuple[Boxes, NDArray[np.float32]]]:
    return by_dlib(pictures)


@pytest.fixture(scope="module")
def photos(devset: Path) -> dict[str, Image]:
    """Stills of a series with several people, and portraits."""
    stills = sorted((devset / "groups").glob("*.jpg"))
    portraits = sorted((devset / "ident" / "gallery").glob("*/*_g0[0-3].*"))[:40]
    return {path.name: read_photo(path) for path in stills + portraits}


@pytest.fixture(scope="module")
def reference_photos(photos: dict[str, Image]) -> dict[str, tuple[Boxes, NDArray[np.float32]]]:
    return by_dlib(photos)


def on_dlibs_sheet(detector: MmodDetector, picture: Image) -> tuple[Boxes, NDArray[np.float32]]:
    """Boxes and scores of the graph run on the very sheet that dlib makes of the picture."""
    sheet, sizes, positions = dlib_sheet(picture)
    scores = detector.scores(sheet[None])[0]
    cells = np.argwhere(scores > -ROUNDING)
    boxes = []
    for row, column in cells:
        centre = np.array([8 * column + 14, 8 * row + 14])
        # A window belongs to the level whose middle is nearest, measured in that level's own size.
        distances = [
            max(abs(centre[0] - left - columns / 2) / columns, abs(centre[1] - top - rows / 2) / rows)
            for (rows, columns), (top, left) in zip(sizes, positions, strict=True)
        ]
        level = int(np.argmin(distances))
        scale = 1.2**level
        middle = (centre - positions[level][::-1]) * scale
        boxes.append(np.concatenate([middle - 39.5 * scale, middle + 39.5 * scale]))
    windows = Windows(
        np.array(boxes, np.float32).reshape(-1, 4), scores[tuple(cells.T)], np.insert(cells, 0, 0, axis=1)
    )
    return detector.best([sheet], windows)


def overlaps(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each pair of boxes, [n, m]."""
    sides = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    common = sides.clip(0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (one, other)]
    share: NDArray[np.float32] = common / (areas[0][:, None] + areas[1][None, :] - common)
    return share


def overlaps_of_shared_faces(
    reference: dict[str, tuple[Boxes, NDArray[np.float32]]], detector: MmodDetector, pictures: dict[str, Image]
) -> NDArray[np.float64]:
    """Intersection over union of the two boxes of each face that either scores 0.5 or more; both must detect it."""
    shared: list[float] = []
    for name, picture in pictures.items():
        boxes, scores = reference[name]
        now, now_scores = on_dlibs_sheet(detector, picture)
        for mine, sure, theirs in ((boxes, scores, now), (now, now_scores, boxes)):
            sure_boxes = mine[sure >= SURE]
            best = overlaps(sure_boxes, theirs).max(axis=1) if len(theirs) else np.zeros(len(sure_boxes))
            assert (best > OVERLAP).all(), f"{name}: {sure_boxes[best <= OVERLAP]} detected by one alone"
            shared += best.tolist()
    return np.array(shared)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_both_find_the_same_boxes_in_pictures_that_packages_bring(
    reference: dict[str, tuple[Boxes, NDArray[np.float32]]],
    pictures: dict[str, Image],
    cache: Path,
    precision: Precision,
) -> None:
    shared = overlaps_of_shared_faces(reference, detector(cache, precision), pictures)
    assert len(shared) >= 12
    assert np.mean(shared >= 0.9) >= 0.99


@pytest.mark.parametrize("precision", PRECISIONS)
def test_scores_are_dlibs_own_where_the_windows_fall_alike(
    reference: dict[str, tuple[Boxes, NDArray[np.float32]]],
    pictures: dict[str, Image],
    cache: Path,
    precision: Precision,
) -> None:
    exact = detector(cache, precision)
    for name, picture in pictures.items():
        scores = reference[name][1]
        now = on_dlibs_sheet(exact, picture)[1]
        assert len(now) == len(scores) > 0
        assert np.allclose(now, scores, atol=5e-3)


@pytest.mark.slow
@pytest.mark.devset
@pytest.mark.parametrize("precision", PRECISIONS)
def test_both_find_the_same_boxes_in_photos(
    reference_photos: dict[str, tuple[Boxes, NDArray[np.float32]]],
    photos: dict[str, Image],
    cache: Path,
    precision: Precision,
) -> None:
    shared = overlaps_of_shared_faces(reference_photos, detector(cache, precision), photos)
    assert len(shared) >= 150
    assert np.mean(shared >= 0.9) >= 0.99


def test_embeddings_of_a_chip_differ_by_less_than_a_hundred_thousandth(cache: Path) -> None:
    slow, fast = DlibEngine(), DlibEmbedder(cache, 1, "cpu")
    compared = 0
    for picture in package_pictures().values():
        chips = slow.chips(picture, slow.detect([picture])[0])
        noisy = np.random.default_rng(7).integers(0, 256, chips.shape, dtype=np.uint8)
        for some in (chips, chips[:, :, ::-1].copy(), noisy):
            assert np.abs(slow.embed(some) - fast.embed(some)).max() <= 1e-5
            compared += len(some)
    assert compared >= 6


@pytest.mark.devset
def test_embeddings_of_photos_differ_by_less_than_a_hundred_thousandth(cache: Path, devset: Path) -> None:
    slow, fast, engine = DlibEngine(), DlibEmbedder(cache, 1, "cpu"), load_engine(options(cache))
    chips = []
    for path in sorted((devset / "ident" / "gallery").glob("*/*_g00.*")):
        photo = read_photo(path)
        chips.append(dlib_chips(engine.chips(photo, engine.detect([photo])[0])))
    together = np.concatenate(chips)
    assert len(together) >= 20
    assert np.abs(slow.embed(together) - fast.embed(together)).max() <= 1e-5


def test_chips_do_not_depend_on_the_engine_that_cuts_them(cache: Path) -> None:
    slow, fast = (load_engine(options(cache, engine=name)) for name in ("dlib", "onnx"))
    picture = package_pictures()["astronaut"]
    faces = slow.detect([picture])[0]
    assert np.array_equal(slow.chips(picture, faces), fast.chips(picture, faces))


def test_embeddings_do_not_depend_on_the_size_of_a_batch(cache: Path) -> None:
    fast = load_engine(options(cache))
    picture = package_pictures()["astronaut"]
    chip = fast.chips(picture, fast.detect([picture])[0])[:1]
    many = np.repeat(chip, 37, axis=0)
    assert np.abs(fast.embed(many) - fast.embed(chip)).max() < 1e-5
    assert fast.embed(chip[:0]).shape == (0, 256)
