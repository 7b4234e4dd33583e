"""OpenCV's SFace as a graph that runs fast: its weights in whole numbers unfolded once into the cache folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from wios_assets.errors import Unavailable
from wios_assets.vision.onnx_graphs import cached, read_model

_KEPT = frozenset({"Sub", "Mul", "Conv", "BatchNormalization", "Dropout", "Flatten", "Gemm", "Constant"})
"""Operations of SFace that stay as they are; weights are unpacked by DequantizeLinear and Reshape, which go."""
_INPUT = "data"
_REMEDY = "install the package that ships it again"


def sface_graph(model: Path, cache: Path) -> Path:
    """ONNX file of SFace in float32 for any number of chips.

    The graph takes `data`, float32 [n, 3, 112, 112], RGB from 0 to 255, and gives `fc1`, float32 [n, 128].

    Args:
        model: the block-quantised file of OpenCV's model zoo: weights as int8 in blocks of 64 with a scale each. The
            runtime would unpack them anew at every run.
        cache: folder for the graph.

    Raises:
        WiosError: the file is not that network, or the cache cannot be written.
    """
    return cached("sface", model, cache, _unfolded)


def _unfolded(path: Path) -> onnx.ModelProto:
    graph = read_model(path, _REMEDY).graph
    values = {value.name: numpy_helper.to_array(value) for value in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and all(name in values for name in node.input):
            values[node.output[0]] = _dequantised(node, values)
        elif node.op_type == "Reshape" and all(name in values for name in node.input):
            values[node.output[0]] = values[node.input[0]].reshape(values[node.input[1]])
        elif node.op_type == "PRelu":
            nodes += _split_prelu(node, values)
        elif node.op_type in _KEPT:
            nodes.append(node)
        else:
            raise Unavailable(f"{path}: holds {node.op_type} ({node.output[0]}), which SFace does not; {_REMEDY}")
    used = {name for node in nodes for name in node.input}
    unfolded = helper.make_graph(
        nodes,
        "sface",
        [helper.make_tensor_value_info(_INPUT, onnx.TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info(graph.output[0].name, onnx.TensorProto.FLOAT, ["n", 128])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in values.items() if name in used],
    )
    made = helper.make_model(unfolded, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Unavailable(f"{path}: is not SFace ({error}); {_REMEDY}") from None
    return made


def _dequantised(node: onnx.NodeProto, values: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Weights of which every `block_size` along an axis share a scale and a zero point."""
    whole, scales, zeros = (values[name] for name in node.input)
    sizes = {attribute.name: attribute.i for attribute in node.attribute}
    axis = sizes["axis"]
    block = np.arange(whole.shape[axis]) // sizes["block_size"]
    scale, zero = np.take(scales, block, axis), np.take(zeros, block, axis).astype(np.float32)
    return np.asarray((whole.astype(np.float32) - zero) * scale, dtype=np.float32)


def _split_prelu(node: onnx.NodeProto, values: dict[str, NDArray[Any]]) -> list[onnx.NodeProto]:
    """PRelu as (1 - slope) · relu(x) + slope · x, each factor a convolution of 1 × 1 over a channel of its own.

    ONNX Runtime has all of these in the layout of its convolutions, PRelu not: half of the time would go there.
    """
    value, slope, out = node.input[0], values[node.input[1]].reshape(-1, 1, 1, 1), node.output[0]
    bent, kept, bent_by, kept_by = (f"{out}_{part}" for part in ("bent", "kept", "bent_by", "kept_by"))
    values[bent_by], values[kept_by] = 1 - slope, slope
    return [
        helper.make_node("Relu", [value], [f"{out}_relu"]),
        helper.make_node("Conv", [f"{out}_relu", bent_by], [bent], group=len(slope), kernel_shape=[1, 1]),
        helper.make_node("Conv", [value, kept_by], [kept], group=len(slope), kernel_shape=[1, 1]),
        helper.make_node("Add", [bent, kept], [out]),
    ]
