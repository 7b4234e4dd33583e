"""Small ONNX graphs with the inputs and outputs of models that users bring: they find bright squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BRIGHT = 200.0


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    values: Mapping[str, np.ndarray],
    takes: Sequence[Any],
    gives: Mapping[str, Sequence[Any]],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "stand_in",
        [helper.make_tensor_value_info(takes[0], TensorProto.FLOAT, takes[1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in gives.items()],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def yunet(path: Path, size: int = 24) -> Path:
    """YuNet's twelve outputs; a cell brighter than 200 is a face of `size` pixels whose middle is the cell's.

    The five points lie in the box at the positions of ArcFace's template, eyes a third of the way down.
    """
    nodes: list[onnx.NodeProto] = []
    values: dict[str, np.ndarray] = {
        "third": np.full((1, 3, 1, 1), 1 / 3, dtype=np.float32),
        "limit": np.array(BRIGHT, dtype=np.float32),
        "flat": np.array([1, -1, 1], dtype=np.int64),
        "zeros4": np.zeros((1, 1, 4), dtype=np.float32),
        "zeros10": np.zeros((1, 1, 10), dtype=np.float32),
        "nought": np.zeros((1, 1, 1), dtype=np.float32),
        "one": np.ones((1, 1, 1), dtype=np.float32),
    }
    gives: dict[str, list[Any]] = {}
    nodes.append(helper.make_node("Conv", ["input", "third"], ["grey"], kernel_shape=[1, 1]))
    points = np.array([[-0.2, -0.15], [0.2, -0.15], [0.0, 0.05], [-0.15, 0.25], [0.15, 0.25]])
    for stride in (8, 16, 32):
        cells = [f"mean_{stride}", f"over_{stride}", f"sure_{stride}", f"cls_{stride}"]
        nodes += [
            helper.make_node("AveragePool", ["grey"], [cells[0]], kernel_shape=[stride] * 2, strides=[stride] * 2),
            helper.make_node("Greater", [cells[0], "limit"], [cells[1]]),
            helper.make_node("Cast", [cells[1]], [cells[2]], to=TensorProto.FLOAT),
            helper.make_node("Reshape", [cells[2], "flat"], [cells[3]]),
            helper.make_node("Mul", [cells[3], "nought"], [f"null_{stride}"]),
            helper.make_node("Add", [f"null_{stride}", "one"], [f"obj_{stride}"]),
            helper.make_node("Add", [f"null_{stride}", f"box_{stride}"], [f"bbox_{stride}"]),
            helper.make_node("Add", [f"null_{stride}", f"points_{stride}"], [f"kps_{stride}"]),
        ]
        side = np.log(size / stride)
        values[f"box_{stride}"] = np.array([[[0.5, 0.5, side, side]]], dtype=np.float32)
        values[f"points_{stride}"] = (points * size / stride + 0.5).astype(np.float32).reshape(1, 1, 10)
        gives |= {f"cls_{stride}": [1, "n", 1], f"obj_{stride}": [1, "n", 1]}
        gives |= {f"bbox_{stride}": [1, "n", 4], f"kps_{stride}": [1, "n", 10]}
    del values["zeros4"], values["zeros10"]
    return save(path, nodes, values, ["input", [1, 3, "height", "width"]], gives)


def sface(path: Path, seed: int = 1, length: int = 128, size: int = 112) -> Path:
    """An embedder with SFace's input and output: averages of fourteenths of the chip, times fixed numbers."""
    weights = np.random.default_rng(seed).normal(size=(3 * (size // 14) ** 2, length)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["data"], ["small"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["small"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["fc1"]),
    ]
    return save(path, nodes, {"weights": weights}, ["data", [1, 3, size, size]], {"fc1": [1, length]})


def boxes_detector(path: Path, width: int = 320, height: int = 240) -> Path:
    """Scores and boxes as Ultra-Light-Fast gives them, for pixels that come as (x - 127) / 128, RGB.

    A cell of 16 pixels whose red is brighter than 200 is a face of 48 pixels.
    """
    rows, columns = height // 16, width // 16
    middle = np.stack(np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows), axis=-1)
    half = np.array([24 / width, 24 / height])
    boxes = np.concatenate([middle - half, middle + half], axis=-1).reshape(1, -1, 4).astype(np.float32)
    values: dict[str, np.ndarray] = {
        "red": np.array([1, 0, 0], dtype=np.float32).reshape(1, 3, 1, 1),
        "limit": np.array((BRIGHT - 127) / 128, dtype=np.float32),
        "flat": np.array([1, -1, 1], dtype=np.int64),
        "one": np.array(1, dtype=np.float32),
        "nought": np.array(0, dtype=np.float32),
        "anchors": boxes,
    }
    nodes = [
        helper.make_node("Conv", ["input", "red"], ["reds"], kernel_shape=[1, 1]),
        helper.make_node("AveragePool", ["reds"], ["cells"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Greater", ["cells", "limit"], ["over"]),
        helper.make_node("Cast", ["over"], ["sure"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["sure", "flat"], ["face"]),
        helper.make_node("Sub", ["one", "face"], ["ground"]),
        helper.make_node("Concat", ["ground", "face"], ["scores"], axis=2),
        helper.make_node("Mul", ["face", "nought"], ["null"]),
        helper.make_node("Add", ["null", "anchors"], ["boxes"]),
    ]
    gives = {"scores": [1, rows * columns, 2], "boxes": [1, rows * columns, 4]}
    return save(path, nodes, values, ["input", [1, 3, height, width]], gives)


def mean_embedder(path: Path, size: int = 64, channels_last: bool = False) -> Path:
    """An embedder whose three numbers are the chip's mean of each channel, as they are fed to it."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["embedding"], axes=[1, 2] if channels_last else [2, 3], keepdims=0)
    ]
    shape = ["n", size, size, 3] if channels_last else ["n", 3, size, size]
    return save(path, nodes, {}, ["picture", shape], {"embedding": ["n", 3]})
