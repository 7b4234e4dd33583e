"""Graphs of YuNet and SFace: the same numbers as the packed files; other files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.vision.zoo import SFACE_FILE, YUNET_FILE, zoo_file
from wios_assets.vision.zoo_graphs import is_yunet, sface_graph, yunet_graph
from wios_assets_tests.vision import stand_ins

MODEL, YUNET = zoo_file(SFACE_FILE), zoo_file(YUNET_FILE)


def session(model: str | bytes) -> onnxruntime.InferenceSession:
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    return onnxruntime.InferenceSession(model, quiet)


def by_the_runtime(chips: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the packed file gives when the runtime unpacks its weights itself, a chip at a time."""
    packed = onnx.load(str(MODEL))
    inputs = [value for value in packed.graph.input if value.name == "data"]
    del packed.graph.input[:]
    packed.graph.input.extend(inputs)
    run = session(packed.SerializeToString()).run
    return np.concatenate([run(None, {"data": chip[None]})[0] for chip in chips])


def test_the_unfolded_graph_gives_the_packed_files_numbers(tmp_path: Path) -> None:
    chips = np.random.default_rng(3).uniform(0, 255, (3, 3, 112, 112)).astype(np.float32)
    unfolded = session(str(sface_graph(MODEL, tmp_path))).run(None, {"data": chips})[0]
    assert unfolded.shape == (3, 128)
    assert np.abs(unfolded - by_the_runtime(chips)).max() < 1e-4


def test_the_graph_is_made_once(tmp_path: Path) -> None:
    first = sface_graph(MODEL, tmp_path)
    made = first.stat().st_mtime_ns
    assert sface_graph(MODEL, tmp_path) == first
    assert first.stat().st_mtime_ns == made


def test_another_network_is_refused(tmp_path: Path) -> None:
    other = stand_ins.mean_embedder(tmp_path / "other.onnx")
    with pytest.raises(WiosError, match=r"other\.onnx: .* install the package that ships it again") as refused:
        sface_graph(other, tmp_path / "cache")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    with pytest.raises(WiosError, match=r"text\.onnx: not an ONNX file .*install the package that ships it again"):
        sface_graph(text, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.onnx"))


def test_yunet_is_known_by_its_outputs() -> None:
    assert is_yunet(YUNET)
    assert not is_yunet(MODEL)


def test_a_network_with_yunets_outputs_and_other_insides_is_refused(tmp_path: Path) -> None:
    other = stand_ins.yunet(tmp_path / "other.onnx")
    with pytest.raises(WiosError, match=r"other\.onnx: is not YuNet .*made by two convolutions") as refused:
        yunet_graph(other, tmp_path / "cache")
    assert "\n" not in str(refused.value)
