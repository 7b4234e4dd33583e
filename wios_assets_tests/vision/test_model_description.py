"""The YAML file beside a user's own model."""

from pathlib import Path

import pytest
import yaml

from wios_assets.errors import BadInput
from wios_assets.vision.model_description import (
    DetectorDescription,
    EmbedderDescription,
    ModelDescription,
    read_description,
)

DETECTOR = {"input": [320, 240], "mean": [127, 127, 127], "deviation": [128, 128, 128], "channels": "rgb"}
EMBEDDER = {
    "input": 112,
    "mean": [127.5, 127.5, 127.5],
    "deviation": [128, 128, 128],
    "channels": "bgr",
    "alignment": "arcface",
    "length": 512,
    "distance": "cosine",
}


def test_a_description_is_read_from_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "detector.yaml").write_text(yaml.safe_dump(DETECTOR))
    (tmp_path / "embedder.yaml").write_text(yaml.safe_dump(EMBEDDER))
    detector = read_description(tmp_path / "detector.onnx", DetectorDescription, "YuNet")
    embedder = read_description(tmp_path / "embedder.onnx", EmbedderDescription, "SFace")
    assert (detector.input, detector.mean, detector.channels) == ((320, 240), (127.0, 127.0, 127.0), "rgb")
    assert (embedder.input, embedder.alignment, embedder.length, embedder.distance) == (112, "arcface", 512, "cosine")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (
            DetectorDescription,
            None,
            r"own\.onnx: is not YuNet.*write .*own\.yaml with channels, deviation, input",
        ),
        (DetectorDescription, "a: [", r"own\.yaml: cannot be read"),
        (DetectorDescription, "- a", r"own\.yaml: holds no `key: value` lines"),
        (
            DetectorDescription,
            {**DETECTOR, "mean": None},
            r"own\.yaml: mean = None is not allowed: three numbers",
        ),
        (DetectorDescription, {**DETECTOR, "input": 320}, r"own\.yaml: input = 320 is not allowed: \[width, height\]"),
        (DetectorDescription, {**DETECTOR, "deviation": [1, 0, 1]}, r"deviation = \[1, 0, 1\].*numbers above 0"),
        (DetectorDescription, {**DETECTOR, "colours": "rgb"}, r"there is no key 'colours'; the keys are channels, dev"),
        (DetectorDescription, {**DETECTOR, "channels": "rbg"}, r"channels = 'rbg' is not allowed: .*rgb or bgr"),
        (EmbedderDescription, DETECTOR | {"input": 64}, r"own\.yaml: alignment is missing: how chips are cut: arcface"),
        (EmbedderDescription, {**EMBEDDER, "distance": "manhattan"}, r"distance = 'manhattan'.*cosine or euclidean"),
        (EmbedderDescription, {**EMBEDDER, "length": -1}, r"length = -1 is not allowed: numbers in an embedding"),
    ],
)
def test_a_fault_in_a_description_names_file_key_and_what_is_allowed(
    tmp_path: Path, kind: type[ModelDescription], text: object, message: str
) -> None:
    if text is not None:
        (tmp_path / "own.yaml").write_text(text if isinstance(text, str) else yaml.safe_dump(text))
    with pytest.raises(BadInput, match=message) as refused:
        read_description(tmp_path / "own.onnx", kind, "YuNet")
    assert "\n" not in str(refused.value)
