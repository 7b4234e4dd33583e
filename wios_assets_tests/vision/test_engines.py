"""The engine that options describe, one a process, and the version of its results."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from wios_assets.errors import WiosError
from wios_assets.vision import alignment
from wios_assets.vision.engines import load_engine, results_version
from wios_assets.vision.options import EngineOptions
from wios_assets_tests.vision import stand_ins
from wios_assets_tests.vision.faces import options, package_pictures


@pytest.mark.slow
def test_an_engine_is_made_once_a_process(tmp_path: Path) -> None:
    chosen = options(tmp_path)
    assert load_engine(chosen) is load_engine(options(tmp_path))
    assert load_engine(replace(chosen, threads=2)) is not load_engine(chosen)


def test_options_travel_as_plain_data(tmp_path: Path) -> None:
    chosen = options(tmp_path, detector_threshold=0.5, detector_model="own.onnx")
    assert pickle.loads(pickle.dumps(chosen)) == chosen  # noqa: S301
    assert hash(pickle.loads(pickle.dumps(chosen))) == hash(chosen)  # noqa: S301


def test_every_option_is_described() -> None:
    described = EngineOptions.__doc__ or ""
    assert [field.name for field in fields(EngineOptions) if f"{field.name}:" not in described] == []


@pytest.mark.slow
def test_the_engines_keep_their_embeddings_separate(tmp_path: Path) -> None:
    fast, slow = load_engine(options(tmp_path)), load_engine(options(tmp_path, engine="dlib"))
    assert fast.model_hash.startswith("onnx:")
    assert slow.model_hash.startswith("dlib:")
    assert (fast.name, slow.name) == ("onnx", "dlib")
    assert fast.chip_size == slow.chip_size == 180


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [{}, {"detector": "mmod"}, {"engine": "dlib"}])
def test_an_engine_finds_cuts_and_embeds_faces(tmp_path: Path, chosen: dict[str, str]) -> None:
    engine = load_engine(options(tmp_path, **chosen))
    picture = package_pictures()["astronaut"]
    faces = engine.detect([picture])[0]
    height, width = picture.shape[:2]
    assert faces.boxes.dtype == faces.scores.dtype == faces.landmarks.dtype == np.float32
    assert faces.boxes.shape == (len(faces), 4)
    assert faces.landmarks.shape == (len(faces), 5, 2)
    left, top, right, bottom = faces.boxes[0]
    assert 0 < left < right < width
    assert 0 < top < bottom < height
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    chips = engine.chips(picture, faces)
    assert chips.shape == (len(faces), engine.chip_size, engine.chip_size, 3)
    assert chips.dtype == np.uint8
    vectors = engine.embed(chips)
    assert vectors.shape == (len(faces), engine.embedding_length)
    assert vectors.dtype == np.float32
    assert engine.embed(chips[:0]).shape == (0, engine.embedding_length)
    assert np.isfinite(vectors).all()


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is installed")
def test_cuda_that_is_asked_for_and_absent_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match=r"device `cuda`: .*install.*onnxruntime-gpu.*set device to `cpu`") as refused:
        load_engine(options(tmp_path, device="cuda"))
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.skipif("CUDAExecutionProvider" not in onnxruntime.get_available_providers(), reason="CUDA is absent")
def test_cuda_gives_the_same_faces_and_embeddings(tmp_path: Path) -> None:
    here = load_engine(options(tmp_path, detector_precision="float"))
    there = load_engine(options(tmp_path, device="cuda"))
    picture = package_pictures()["astronaut"]
    faces, others = (engine.detect([picture] * 3) for engine in (here, there))
    assert [len(f) for f in faces] == [len(f) for f in others]
    assert np.allclose(faces[0].boxes, others[0].boxes, atol=0.5)
    chips = here.chips(picture, faces[0])
    assert np.abs(here.embed(chips) - there.embed(chips)).max() < 1e-2


def test_the_dlib_engine_takes_no_cuda_and_no_own_models(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match="engine `dlib` runs on the CPU"):
        load_engine(options(tmp_path, engine="dlib", device="cuda"))
    with pytest.raises(WiosError, match="embedder_model: engine `dlib` takes no own models"):
        load_engine(options(tmp_path, engine="dlib", embedder_model="x.onnx"))


@pytest.mark.slow
def test_a_higher_threshold_leaves_fewer_faces(tmp_path: Path) -> None:
    picture = package_pictures()["astronaut"]
    for chosen in ({"detector": "yunet"}, {"detector": "mmod"}, {"engine": "dlib"}):
        usual = load_engine(options(tmp_path, **chosen)).detect([picture])[0]
        strict = load_engine(options(tmp_path, **chosen, detector_threshold=0.8)).detect([picture])[0]
        assert 1 <= len(strict) <= len(usual)
        assert strict.scores.min() > 0.8


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"threads": 8}, False),
        ({"cache": "/elsewhere"}, False),
        ({"engine": "dlib"}, True),
        ({"detector": "mmod"}, True),
        ({"smallest_face": 0.2}, True),
        ({"largest_face": 0.8}, True),
        ({"pyramid_ratio": 0.8}, True),
        ({"detector_threshold": 0.1}, True),
        ({"detector_precision": "float"}, True),
    ],
)
def test_the_version_of_results_changes_with_all_that_decides_them(
    tmp_path: Path, changed: dict[str, Any], differs: bool
) -> None:
    usual = options(tmp_path)
    assert (results_version(usual) != results_version(replace(usual, **changed))) == differs


def test_the_version_of_results_follows_a_models_content_not_its_place(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    paths = {
        "first": stand_ins.sface(tmp_path / "first.onnx", seed=1),
        "copy": stand_ins.sface(tmp_path / "other" / "copy.onnx", seed=1),
        "second": stand_ins.sface(tmp_path / "second.onnx", seed=2),
    }
    versions = {name: results_version(options(tmp_path, embedder_model=str(path))) for name, path in paths.items()}
    assert versions["first"] == versions["copy"] != versions["second"]


def test_the_version_of_results_follows_the_description_of_a_model(tmp_path: Path) -> None:
    model = stand_ins.mean_embedder(tmp_path / "own.onnx")
    versions = []
    for text in (None, "length: 3\n", "length: 4\n"):
        if text:
            model.with_suffix(".yaml").write_text(text)
        versions.append(results_version(options(tmp_path, embedder_model=str(model))))
    assert len(set(versions)) == 3


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "find_spec", lambda name: None)
    with pytest.raises(WiosError, match=r"face_recognition_models \(no such package\): .*missing; install"):
        alignment.model_path("any.dat")
