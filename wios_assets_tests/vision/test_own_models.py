"""A user's own models: by path alone for YuNet and SFace, by description for any other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from wios_assets.errors import BadInput, WiosError
from wios_assets.vision.alignment import ARCFACE_POINTS
from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.engines import load_engine
from wios_assets.vision.zoo import YUNET_FILE, zoo_file
from wios_assets_tests.vision import stand_ins
from wios_assets_tests.vision.faces import options, package_pictures

pytestmark = pytest.mark.slow

OWN_EMBEDDER: dict[str, object] = {
    "input": 64,
    "mean": [10, 20, 30],
    "deviation": [2, 4, 8],
    "channels": "rgb",
    "alignment": "arcface",
    "length": 3,
    "distance": "euclidean",
}
OWN_DETECTOR: dict[str, object] = {
    "input": [320, 240],
    "mean": [127, 127, 127],
    "deviation": [128, 128, 128],
    "channels": "rgb",
}


def described(model: Path, description: dict[str, object]) -> str:
    """The model's path, after its description was written beside it."""
    model.with_suffix(".yaml").write_text(yaml.safe_dump(description))
    return str(model)


SHORT = 0.6 / 1.128
"""Length of vectors compared by cosine: OpenCV's limit for SFace is 1.128 on unit vectors, dlib's 0.6."""


def squares(*centres: tuple[int, int], height: int = 240, width: int = 320, half: int = 4) -> Image:
    """White squares on dark grey, centred on x, y."""
    picture = np.full((height, width, 3), 40, dtype=np.uint8)
    for x, y in centres:
        picture[y - half : y + half, x - half : x + half] = 255
    return picture


def test_yunet_needs_its_path_alone(tmp_path: Path) -> None:
    model = shutil.copy(zoo_file(YUNET_FILE), tmp_path / "own.onnx")
    own, usual = load_engine(options(tmp_path, detector_model=str(model))), load_engine(options(tmp_path))
    picture = package_pictures()["astronaut"]
    mine, theirs = (engine.detect([picture])[0] for engine in (own, usual))
    assert len(mine) >= 1
    assert np.array_equal(mine.boxes, theirs.boxes)
    assert own.model_hash == usual.model_hash


def test_sface_needs_its_path_alone(tmp_path: Path) -> None:
    model = stand_ins.sface(tmp_path / "face_recognition_sface.onnx")
    engine = load_engine(options(tmp_path, embedder_model=str(model)))
    picture = package_pictures()["astronaut"]
    faces = engine.detect([picture])[0]
    chips = engine.chips(picture, faces)
    vectors = engine.embed(chips)
    assert chips.shape == (len(faces), 112, 112, 3)
    assert vectors.shape == (len(faces), 128)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(SHORT, abs=1e-5)
    assert engine.distance == "cosine"
    assert engine.chip_size == 112
    by_opencv = cv2.FaceRecognizerSF.create(str(model), "").feature(cv2.cvtColor(chips[0], cv2.COLOR_RGB2BGR))[0]
    assert vectors[0] == pytest.approx(SHORT * by_opencv / np.linalg.norm(by_opencv), abs=1e-5)


def test_sface_aligns_by_yunets_points_as_opencv_does(tmp_path: Path) -> None:
    engine = load_engine(options(tmp_path, embedder_model=str(stand_ins.sface(tmp_path / "sface.onnx"))))
    picture = package_pictures()["astronaut"]
    points = (ARCFACE_POINTS * 1.1 + (150, 60)).astype(np.float32)
    face = Faces(
        np.array([[150, 60, 273, 183]], dtype=np.float32),
        np.ones(1, dtype=np.float32),
        points[None],
    )
    chip = engine.chips(picture, face)[0]
    plain = cv2.resize(picture[60:183, 150:273], (112, 112), interpolation=cv2.INTER_LINEAR)
    assert np.abs(chip[4:-4, 4:-4].astype(int) - plain[4:-4, 4:-4]).mean() < 6


def test_chips_for_sface_are_nearly_the_same_whichever_detector_finds_the_face(tmp_path: Path) -> None:
    sface = str(stand_ins.sface(tmp_path / "sface.onnx"))
    for picture in package_pictures().values():
        chips = []
        for detector in ("yunet", "mmod"):
            engine = load_engine(options(tmp_path, detector=detector, embedder_model=sface))
            chips.append(engine.chips(picture, engine.detect([picture])[0].select([0]))[0].astype(np.float32))
        shift, _ = cv2.phaseCorrelate(*(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY) for chip in chips))
        assert max(np.abs(shift)) < 6


def test_an_own_detector_finds_faces_in_a_frame_of_any_size(tmp_path: Path) -> None:
    model = stand_ins.boxes_detector(tmp_path / "boxes.onnx")
    engine = load_engine(options(tmp_path, detector_model=described(model, OWN_DETECTOR)))
    frame = cv2.resize(squares((56, 56), (200, 120), half=12), (640, 480), interpolation=cv2.INTER_NEAREST)
    faces = engine.detect([frame.astype(np.uint8)])[0]
    middles = np.sort((faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2, axis=0)
    assert middles == pytest.approx(np.array([[112, 112], [400, 240]]), abs=16)
    assert faces.boxes[:, 2:] - faces.boxes[:, :2] == pytest.approx(np.full((2, 2), 96.0), abs=1)
    assert faces.landmarks.shape == (2, 5, 2)


def test_the_order_of_colours_is_the_one_that_was_set(tmp_path: Path) -> None:
    red = np.zeros((240, 320, 3), dtype=np.uint8)
    red[100:140, 100:140, 0] = 255
    counts = {}
    for channels in ("rgb", "bgr"):
        model = stand_ins.boxes_detector(tmp_path / f"{channels}.onnx")
        path = described(model, {**OWN_DETECTOR, "channels": channels})
        counts[channels] = len(load_engine(options(tmp_path, detector_model=path)).detect([red])[0])
    assert counts["rgb"] > 0
    assert counts["bgr"] == 0


@pytest.mark.parametrize("channels_last", [False, True])
def test_an_own_embedder_is_fed_what_its_normalisation_says(tmp_path: Path, channels_last: bool) -> None:
    model = stand_ins.mean_embedder(tmp_path / "own.onnx", channels_last=channels_last)
    engine = load_engine(options(tmp_path, embedder_model=described(model, OWN_EMBEDDER)))
    chips = np.full((2, 64, 64, 3), (110, 120, 130), dtype=np.uint8)
    assert engine.embed(chips) == pytest.approx(np.array([[50.0, 25.0, 12.5]] * 2), abs=1e-3)
    assert engine.chip_size == 64
    assert engine.embedding_length == 3
    assert engine.distance == "euclidean"
    assert engine.name == "own"


def test_an_own_embedder_that_compares_by_cosine_gives_vectors_on_the_scale_of_the_limits(tmp_path: Path) -> None:
    model = stand_ins.mean_embedder(tmp_path / "own.onnx")
    description = {**OWN_EMBEDDER, "distance": "cosine", "alignment": "dlib"}
    engine = load_engine(options(tmp_path, embedder_model=described(model, description)))
    picture = package_pictures()["astronaut"]
    chips = engine.chips(picture, engine.detect([picture])[0])
    assert chips.shape[1:] == (64, 64, 3)
    assert np.linalg.norm(engine.embed(chips), axis=1) == pytest.approx(SHORT, abs=1e-5)


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({}, False),
        ({"mean": [11, 20, 30]}, True),
        ({"deviation": [3, 4, 8]}, True),
        ({"channels": "bgr"}, True),
        ({"alignment": "dlib"}, True),
        ({"distance": "cosine"}, True),
    ],
)
def test_the_model_hash_changes_with_all_of_the_description(
    tmp_path: Path, changed: dict[str, object], differs: bool
) -> None:
    hashes = []
    for folder, description in (("before", OWN_EMBEDDER), ("after", {**OWN_EMBEDDER, **changed})):
        (tmp_path / folder).mkdir()
        path = described(stand_ins.mean_embedder(tmp_path / folder / "own.onnx"), description)
        hashes.append(load_engine(options(tmp_path, embedder_model=path)).model_hash)
    assert (hashes[0] != hashes[1]) == differs


@pytest.mark.parametrize("changed", [{"smallest_face": 0.2}, {"threads": 2}])
def test_the_model_hash_is_of_the_embedder_alone(tmp_path: Path, changed: dict[str, object]) -> None:
    path = described(stand_ins.mean_embedder(tmp_path / "own.onnx"), OWN_EMBEDDER)
    before = load_engine(options(tmp_path, embedder_model=path)).model_hash
    assert load_engine(options(tmp_path, embedder_model=path, **changed)).model_hash == before


def test_the_model_hash_changes_with_the_models_weights(tmp_path: Path) -> None:
    hashes = set()
    for seed in (1, 2):
        model = stand_ins.sface(tmp_path / f"{seed}.onnx", seed)
        hashes.add(load_engine(options(tmp_path, embedder_model=str(model))).model_hash)
    assert len(hashes | {load_engine(options(tmp_path)).model_hash}) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"embedder_model": "absent.onnx"}, r"embedder_model: .*absent\.onnx: there is no such file"),
        ({"detector_model": "absent.onnx"}, r"detector_model: .*absent\.onnx: there is no such file"),
        ({"detector_model": "text.onnx"}, r"text\.onnx: not an ONNX file"),
        ({"embedder_model": "text.onnx"}, r"text\.onnx: OpenCV's FaceRecognizerSF cannot run it"),
        (
            {"detector_model": "own.onnx"},
            r"own\.onnx: is not YuNet.*write .*own\.yaml with channels, deviation, input, mean",
        ),
        ({"embedder_model": "own.onnx"}, r"own\.onnx: OpenCV's FaceRecognizerSF cannot run it.*in .*own\.yaml"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    (tmp_path / "text.onnx").write_text("this is no model")
    stand_ins.mean_embedder(tmp_path / "own.onnx")
    with pytest.raises(WiosError, match=message) as refused:
        load_engine(options(tmp_path, **{key: str(tmp_path / value) for key, value in changed.items()}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": 96}, r"own\.yaml: input = 96 × 96 pixels, but the model's input is 64 × 64; correct the input"),
        ({"length": 4}, r"own\.yaml: length = 4, but the model's output has shape \(1, 3\); correct the length"),
    ],
)
def test_a_description_that_does_not_fit_the_embedder_is_refused(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    path = described(stand_ins.mean_embedder(tmp_path / "own.onnx"), {**OWN_EMBEDDER, **changed})
    with pytest.raises(BadInput, match=message):
        load_engine(options(tmp_path, embedder_model=path))


def test_a_described_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("this is no model")
    path = described(tmp_path / "text.onnx", OWN_EMBEDDER)
    with pytest.raises(WiosError, match=r"text\.onnx: ONNX Runtime cannot load this file"):
        load_engine(options(tmp_path, embedder_model=path))


def test_a_model_that_gives_no_boxes_is_no_detector(tmp_path: Path) -> None:
    path = described(stand_ins.mean_embedder(tmp_path / "own.onnx"), {**OWN_DETECTOR, "input": [64, 64]})
    with pytest.raises(BadInput, match=r"boxes \[1, n, 4\] and scores"):
        load_engine(options(tmp_path, detector_model=path))


@pytest.fixture(scope="module")
def zoo() -> Path:
    """Folder that holds YuNet's and SFace's own files."""
    folder = Path(os.environ.get("WIOS_OPENCV_ZOO", "-"))
    if not folder.is_dir():
        pytest.skip("WIOS_OPENCV_ZOO names no folder with face_detection_yunet*.onnx and face_recognition_sface*.onnx")
    return folder


def test_yunet_and_sface_themselves_distinguish_two_people(tmp_path: Path, zoo: Path) -> None:
    (detector,) = sorted(zoo.rglob("face_detection_yunet*[0-9a-z].onnx"))[:1]
    (embedder,) = sorted(zoo.rglob("face_recognition_sface*[0-9a-z].onnx"))[:1]
    engine = load_engine(options(tmp_path, detector_model=str(detector), embedder_model=str(embedder)))
    vectors = {}
    for name, picture in package_pictures().items():
        for kind, seen in (("plain", picture), ("small", cv2.resize(picture, None, fx=0.6, fy=0.6).astype(np.uint8))):
            faces = engine.detect([seen])[0]
            assert len(faces) >= 1
            vectors[name, kind] = engine.embed(engine.chips(seen, faces.select([0])))[0]
    same = vectors["astronaut", "plain"] @ vectors["astronaut", "small"]
    other = vectors["astronaut", "plain"] @ vectors["hopper", "plain"]
    assert same > 0.363 * SHORT**2 > other
