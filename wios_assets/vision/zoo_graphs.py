"""YuNet and SFace of OpenCV's model zoo as float32 graphs for ONNX Runtime, written once into the cache folder.

The zoo's `int8bq` files hold weights as int8 in blocks that share a scale (github.com/opencv/opencv_zoo, "block
quantization"). The runtime would unpack them again at every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from wios_assets.errors import Unavailable
from wios_assets.vision.onnx_graphs import cached, read_model

YUNET_STRIDES = (8, 16, 32)
YUNET_HEADS = ("cls", "obj", "bbox", "kps")
YUNET_OUTPUTS = frozenset(f"{head}_{stride}" for head in YUNET_HEADS for stride in YUNET_STRIDES)

_SFACE_KEPT = frozenset({"Sub", "Mul", "Conv", "BatchNormalization", "Dropout", "Flatten", "Gemm", "Constant"})
_YUNET_KEPT = frozenset({"Conv", "Relu", "MaxPool", "Resize", "Add"})
_REMEDY = "install the package that ships it again"

Values = dict[str, NDArray[Any]]


def sface_graph(model: Path, cache: Path) -> Path:
    """ONNX file of SFace in float32 for any number of chips.

    The graph takes `data`, float32 [n, 3, 112, 112], RGB from 0 to 255, and gives `fc1`, float32 [n, 128].

    Args:
        model: the zoo's file.
        cache: folder for the graph.

    Raises:
        Unavailable: the file is not that network, or the cache cannot be written.
    """
    return cached("sface", model, cache, _sface)


def yunet_graph(model: Path, cache: Path) -> Path:
    """ONNX file of YuNet in float32 for pictures of any size.

    The graph takes `pictures`, uint8 [n, height, width, 3], RGB, height and width multiples of 32. For each stride
    (8, 16, 32) it gives `maps_<stride>`, float32 [n, 16, height / stride, width / stride]: logits of the class and of
    the objectness, the box (centre's x and y, log of width and height) and x and y of five points, all in strides and
    relative to the cell.

    The four heads of a stride become one convolution of 16 channels, which fills the processor's SIMD lanes.

    Args:
        model: the zoo's file, with weights in float or in blocks of int8.
        cache: folder for the graph.

    Raises:
        Unavailable: the file is not that network, or the cache cannot be written.
    """
    return cached("yunet", model, cache, _yunet)


def is_yunet(path: Path) -> bool:
    """Whether the ONNX file has YuNet's outputs, as of OpenCV 4.8 and later.

    Raises:
        Unavailable: the file is absent or no ONNX file.
    """
    try:
        graph = read_model(path, "fetch it again").graph
    except FileNotFoundError:
        raise Unavailable(f"{path}: there is no such file") from None
    return {output.name for output in graph.output} == YUNET_OUTPUTS


def _sface(path: Path) -> onnx.ModelProto:
    graph = read_model(path, _REMEDY).graph
    computed, values = _unpacked(graph)
    nodes: list[onnx.NodeProto] = []
    for node in computed:
        if node.op_type == "PRelu":
            nodes += _split_prelu(node, values)
        elif node.op_type in _SFACE_KEPT:
            nodes.append(node)
        else:
            raise Unavailable(f"{path}: holds {node.op_type} ({node.output[0]}), which SFace does not; {_REMEDY}")
    takes = helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, 112, 112])
    gives = helper.make_tensor_value_info(graph.output[0].name, TensorProto.FLOAT, ["n", 128])
    return _model(path, "SFace", nodes, values, takes, [gives])


def _yunet(path: Path) -> onnx.ModelProto:
    computed, values = _unpacked(read_model(path, _REMEDY).graph)
    made_by = {node.output[0]: node for node in computed}
    heads: list[onnx.NodeProto] = []
    head_outputs: set[str] = set()
    for stride in YUNET_STRIDES:
        chains = [_head(made_by, f"{head}_{stride}", path) for head in YUNET_HEADS]
        features = {pointwise.input[0] for pointwise, _ in chains}
        if len(features) != 1:
            raise Unavailable(f"{path}: is not YuNet (heads of stride {stride} share no input); {_REMEDY}")
        head_outputs |= {node.output[0] for chain in chains for node in chain}
        names = []
        for layer, nodes in zip(("mixed", "maps"), zip(*chains, strict=True), strict=True):
            for kind, position in (("weights", 1), ("bias", 2)):
                joined = np.concatenate([values[node.input[position]] for node in nodes])
                values[f"{layer}_{stride}_{kind}"] = joined
            names.append([f"{layer}_{stride}_weights", f"{layer}_{stride}_bias"])
        channels = len(values[names[0][1]])
        heads += [
            helper.make_node("Conv", [*features, *names[0]], [f"mixed_{stride}"], kernel_shape=[1, 1]),
            helper.make_node(
                "Conv",
                [f"mixed_{stride}", *names[1]],
                [f"maps_{stride}"],
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                group=channels,
            ),
        ]
    body = [node for node in computed if node.op_type in _YUNET_KEPT and node.output[0] not in head_outputs]
    first = body[0]
    # The network takes BGR; with its first filters turned round it takes RGB.
    values[first.input[1]] = values[first.input[1]][:, ::-1]
    pixels = [
        helper.make_node("Cast", ["pictures"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], [first.input[0]], perm=[0, 3, 1, 2]),
    ]
    takes = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", "height", "width", 3])
    gives = [
        helper.make_tensor_value_info(f"maps_{s}", TensorProto.FLOAT, ["n", 16, f"rows_{s}", f"columns_{s}"])
        for s in YUNET_STRIDES
    ]
    return _model(path, "YuNet", [*pixels, *body, *heads], values, takes, gives)


def _head(made_by: Mapping[str, onnx.NodeProto], output: str, path: Path) -> tuple[onnx.NodeProto, onnx.NodeProto]:
    """The pointwise and the depthwise convolution that end in one of YuNet's outputs."""
    node = made_by.get(output)
    while node is not None and node.op_type in ("Sigmoid", "Reshape", "Transpose"):
        node = made_by.get(node.input[0])
    before = made_by.get(node.input[0]) if node is not None else None
    if node is None or before is None or {node.op_type, before.op_type} != {"Conv"}:
        raise Unavailable(f"{path}: is not YuNet ({output} is not made by two convolutions); {_REMEDY}")
    return before, node


def _unpacked(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], Values]:
    """Nodes that depend on the input, and all constants with block-quantised weights in float32."""
    values: Values = {value.name: numpy_helper.to_array(value) for value in graph.initializer}
    nodes = []
    for node in graph.node:
        is_constant = all(name in values for name in node.input)
        if node.op_type == "DequantizeLinear" and is_constant:
            values[node.output[0]] = _dequantised(node, values)
        elif node.op_type == "Reshape" and is_constant:
            values[node.output[0]] = values[node.input[0]].reshape(values[node.input[1]])
        else:
            nodes.append(node)
    return nodes, values


def _dequantised(node: onnx.NodeProto, values: Values) -> NDArray[np.float32]:
    """Weights of which every `block_size` along an axis share a scale and a zero point."""
    whole, scales, zeros = (values[name] for name in node.input)
    sizes = {attribute.name: attribute.i for attribute in node.attribute}
    axis = sizes["axis"]
    block = np.arange(whole.shape[axis]) // sizes["block_size"]
    scale, zero = np.take(scales, block, axis), np.take(zeros, block, axis).astype(np.float32)
    return np.asarray((whole.astype(np.float32) - zero) * scale, dtype=np.float32)


def _split_prelu(node: onnx.NodeProto, values: Values) -> list[onnx.NodeProto]:
    """PRelu as (1 - slope) · relu(x) + slope · x, each factor a convolution of 1 × 1 over a channel of its own.

    ONNX Runtime has all of these in the blocked layout of its convolutions, PRelu not: as a PRelu node the network
    takes 2.7 times as long.
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


def _model(
    path: Path,
    name: str,
    nodes: Sequence[onnx.NodeProto],
    values: Values,
    takes: onnx.ValueInfoProto,
    gives: Iterable[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in values.items() if key in used
    ]
    graph = helper.make_graph(nodes, name.lower(), [takes], list(gives), constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Unavailable(f"{path}: is not {name} ({error}); {_REMEDY}") from None
    return model
