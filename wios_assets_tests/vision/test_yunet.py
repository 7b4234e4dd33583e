"""YuNet in ONNX Runtime: OpenCV's own results, at every size, with a lower threshold where faces are expected."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wios_assets.vision.engine import Image
from wios_assets.vision.mmod_detector import MmodDetector, Pyramid
from wios_assets.vision.photos import read_photo
from wios_assets.vision.yunet import EXPECTED_EASE, THRESHOLD, YuNet, YuNetNetwork
from wios_assets.vision.zoo import YUNET_FILE, zoo_file
from wios_assets_tests.vision.faces import package_pictures

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def yunet(cache: Path) -> YuNet:
    return YuNet(zoo_file(YUNET_FILE), cache, 1, "cpu", THRESHOLD, 1 / 12)


def by_opencv(picture: Image, threshold: float) -> NDArray[np.float32]:
    """Rows of FaceDetectorYN, float32 [n, 15], best first: box, five points, score."""
    height, width = picture.shape[:2]
    detector = cv2.FaceDetectorYN.create(str(zoo_file(YUNET_FILE)), "", (width, height), threshold, 0.3, 5000)
    _, rows = detector.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    faces = np.empty((0, 15), dtype=np.float32) if rows is None else np.asarray(rows, dtype=np.float32)
    return faces[np.argsort(-faces[:, 14], kind="stable")]


def agree_with_opencv(network: YuNetNetwork, picture: Image) -> int:
    boxes, scores, points = network.faces(picture, 0.5)
    rows = by_opencv(picture, 0.5)
    assert len(scores) == len(rows)
    assert scores == pytest.approx(rows[:, 14], abs=1e-3)
    corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
    assert np.abs(boxes - corners).max(initial=0.0) < 0.05
    assert np.abs(points - rows[:, 4:14].reshape(-1, 5, 2)).max(initial=0.0) < 0.05
    return len(rows)


def test_faces_are_opencvs_own(cache: Path) -> None:
    network = YuNetNetwork(zoo_file(YUNET_FILE), cache, 1, "cpu")
    small = [cv2.resize(picture, (241, 187)).astype(np.uint8) for picture in package_pictures().values()]
    assert sum(agree_with_opencv(network, picture) for picture in [*package_pictures().values(), *small]) >= 4


@pytest.mark.devset
def test_faces_of_stills_are_opencvs_own(cache: Path, devset: Path) -> None:
    network = YuNetNetwork(zoo_file(YUNET_FILE), cache, 1, "cpu")
    stills = [read_photo(path) for path in sorted((devset / "groups").glob("*.jpg"))]
    assert sum(agree_with_opencv(network, picture) for picture in stills) >= 50


def test_landmarks_lie_on_eyes_nose_and_mouth(yunet: YuNet) -> None:
    for picture in package_pictures().values():
        face = yunet.detect([picture])[0].select([0])
        (left_eye, right_eye, nose, left_mouth, right_mouth), (left, top, right, bottom) = (
            face.landmarks[0],
            face.boxes[0],
        )
        assert left < left_eye[0] < nose[0] < right_eye[0] < right
        assert left_mouth[0] < right_mouth[0]
        assert top < max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1]) < bottom


def test_a_face_is_found_at_every_size_from_the_smallest_on(yunet: YuNet) -> None:
    picture = package_pictures()["astronaut"]
    shares = []
    for side in (1300, 900, 600, 420, 330, 140):
        seen = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        face = yunet.detect([seen], smallest_face=side / 12)[0].select([0])
        shares.append(float(face.boxes[0, 3] - face.boxes[0, 1]) / side)
    assert max(shares) / min(shares) < 1.25


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_face_that_the_picture_cuts_off_is_found(name: str, yunet: YuNet, cache: Path) -> None:
    """A close-up from the brows to the upper lip, as wide as a film."""
    picture = package_pictures()[name]
    left, top, right, bottom = yunet.detect([picture])[0].boxes[0].tolist()
    height = 0.6 * (bottom - top)
    y, x = round((top + bottom - height) / 2), round((left + right) / 2 - height * 8 / 9)
    part = picture[y : round(y + height), max(x, 0) : round(x + height * 16 / 9)]
    close_up = np.asarray(cv2.resize(part, (round(360 * part.shape[1] / part.shape[0]), 360)), dtype=np.uint8)

    assert not len(YuNetNetwork(zoo_file(YUNET_FILE), cache, 1, "cpu").faces(close_up, THRESHOLD)[1])
    (box,) = yunet.detect([close_up])[0].boxes
    expected = np.array([left - max(x, 0), top - y, right - max(x, 0), bottom - y]) * 360 / part.shape[0]
    assert box == pytest.approx(expected, abs=0.2 * (expected[3] - expected[1]))


def test_a_picture_of_nobody_shows_no_close_up(yunet: YuNet) -> None:
    random = np.random.default_rng(0)
    noise = cv2.GaussianBlur(random.integers(0, 256, (360, 640, 3)).astype(np.uint8), (0, 0), 20)
    assert not len(yunet.detect([noise.astype(np.uint8)])[0])


def test_boxes_have_the_size_of_dlibs(yunet: YuNet, cache: Path) -> None:
    mmod = MmodDetector(cache, 1, "cpu", "float", Pyramid(1 / 12, 1.0, 0.7), 0.0)
    for picture in package_pictures().values():
        (box,) = yunet.detect([picture])[0].boxes[:1]
        other = mmod.detect([picture], None)[0][0][0]
        assert (box[2:] - box[:2]).mean() == pytest.approx((other[2:] - other[:2]).mean(), rel=0.25)
        assert box[2] - box[0] == pytest.approx(box[3] - box[1], rel=1e-3)


def test_pictures_of_any_size_are_looked_at(yunet: YuNet) -> None:
    for height, width in ((1, 1), (3, 200), (211, 7), (97, 131)):
        faces = yunet.detect([np.full((height, width, 3), 90, dtype=np.uint8)])[0]
        assert faces.boxes.shape == (0, 4)
        assert faces.landmarks.shape == (0, 5, 2)
    assert yunet.detect([]) == []


def test_a_tall_picture_shows_the_same_faces_as_a_low_one(yunet: YuNet) -> None:
    astronaut = package_pictures()["astronaut"][:288]
    low_picture = cv2.resize(astronaut, (640, 360)).astype(np.uint8)
    tall_picture = cv2.resize(astronaut, (1920, 1080), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    low, tall = yunet.detect([low_picture], 60)[0], yunet.detect([tall_picture], 180)[0]
    assert len(low) == len(tall) == 1
    assert tall.boxes / 3 == pytest.approx(low.boxes, abs=2)
    assert tall.landmarks / 3 == pytest.approx(low.landmarks, abs=2)


def test_a_doubtful_face_counts_where_one_is_expected(yunet: YuNet, cache: Path) -> None:
    """The picture is blurred until the face's score lies between the two thresholds."""
    picture = package_pictures()["astronaut"]
    sure = yunet.detect([picture])[0].select([0])
    patient = YuNet(zoo_file(YUNET_FILE), cache, 1, "cpu", THRESHOLD - EXPECTED_EASE, 1 / 12)
    blurred = picture
    for sigma in range(2, 60):
        blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)
        scores = patient.detect([blurred])[0].scores
        if len(scores) and scores[0] < THRESHOLD - 0.02:
            break
    assert len(yunet.detect([blurred])[0]) == 0
    assert len(yunet.detect([blurred], expected=sure.boxes)[0]) == 1
    assert len(yunet.detect([blurred], expected=sure.boxes + 250)[0]) == 0
    assert len(yunet.detect([picture], expected=sure.boxes + 250)[0]) >= 1
