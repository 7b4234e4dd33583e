"""Chips cut by two landmark detectors."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from wios_assets.vision.engine import FaceEngine, Faces
from wios_assets.vision.engines import load_engine
from wios_assets.vision.face_aligner import CHIP_POINTS, PADDED_SIZE, FaceAligner, dlib_chips
from wios_assets.vision.photos import read_photo
from wios_assets.vision.yunet import YuNetNetwork
from wios_assets.vision.zoo import YUNET_FILE, zoo_file
from wios_assets_tests.vision.faces import options, package_pictures


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def engine(cache: Path) -> FaceEngine:
    return load_engine(options(cache))


@pytest.fixture(scope="module")
def aligner(cache: Path) -> FaceAligner:
    return FaceAligner(cache, 1, "cpu")


def test_eyes_nose_and_mouth_lie_on_their_places_however_the_head_is_turned(
    engine: FaceEngine, aligner: FaceAligner, cache: Path
) -> None:
    network = YuNetNetwork(zoo_file(YUNET_FILE), cache, 1, "cpu")
    for picture in package_pictures().values():
        for degrees in (-30, 0, 25):
            middle = (picture.shape[1] / 2, picture.shape[0] / 2)
            turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D(middle, degrees, 1.0), picture.shape[1::-1])
            face = engine.detect([np.asarray(turned, dtype=np.uint8)])[0].select([0])
            chip = aligner.chips(np.asarray(turned, dtype=np.uint8), face)[0]
            assert chip.shape == (PADDED_SIZE, PADDED_SIZE, 3)
            _, scores, points = network.faces(chip, 0.3)
            assert len(scores) >= 1
            assert np.abs(points[0] - CHIP_POINTS).max() < 8


def test_dlibs_part_is_the_chip_without_its_margin(aligner: FaceAligner, engine: FaceEngine) -> None:
    picture = package_pictures()["astronaut"]
    chips = aligner.chips(picture, engine.detect([picture])[0])
    part = dlib_chips(chips)
    assert part.shape == (len(chips), 150, 150, 3)
    assert np.array_equal(part, chips[:, 30:, 15:165])
    assert dlib_chips(chips[:0]).shape == (0, 150, 150, 3)


def test_a_face_that_neither_detector_confirms_still_has_a_chip(aligner: FaceAligner) -> None:
    flat = np.full((240, 320, 3), 90, dtype=np.uint8)
    landmarks = (CHIP_POINTS / 2 + (80, 60)).astype(np.float32)
    face = Faces(np.array([[90, 80, 150, 140]], np.float32), np.ones(1, np.float32), landmarks[None])
    chip = aligner.chips(flat, face)[0]
    assert np.median(chip) == 90


def test_a_large_face_is_averaged_not_skipped_over(engine: FaceEngine, aligner: FaceAligner) -> None:
    picture = package_pictures()["astronaut"]
    large = np.asarray(cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    chips = [aligner.chips(seen, engine.detect([seen])[0].select([0]))[0] for seen in (picture, large)]
    assert np.abs(chips[0].astype(int) - chips[1]).mean() < 8


@pytest.mark.slow
@pytest.mark.devset
def test_people_are_told_apart_better_than_by_dlibs_points_alone(
    engine: FaceEngine, devset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Separation (d') of the distances within a person and between two, over photos of 30 people."""
    paths = sorted((devset / "ident").glob("gallery/*/*")) + sorted((devset / "ident").glob("probes/*/*"))
    photos = [(path.parent.name, read_photo(path)) for path in paths]
    detected = [(person, photo, engine.detect([photo], photo.shape[0] / 8)[0]) for person, photo in photos]
    known = [(person, photo, faces.select([0])) for person, photo, faces in detected if len(faces)]
    owner = np.asarray([person for person, _, _ in known])
    assert len(owner) > 200
    pairs = np.triu_indices(len(owner), 1)
    same = (owner[:, None] == owner[None])[pairs]

    def separation() -> float:
        vectors = engine.embed(np.concatenate([engine.chips(photo, face) for _, photo, face in known]))
        distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)[pairs]
        spread = np.sqrt((distances[same].var() + distances[~same].var()) / 2)
        return float((distances[~same].mean() - distances[same].mean()) / spread)

    by_both = separation()
    monkeypatch.setattr(FaceAligner, "_points_in", lambda aligner, chip: CHIP_POINTS)
    assert by_both > separation()
