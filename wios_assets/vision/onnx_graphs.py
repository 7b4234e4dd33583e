"""dlib's two networks as ONNX graphs, written once into the cache folder from the installed files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from filelock import FileLock
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, file_error
from wios_assets.vision.alignment import file_hash
from wios_assets.vision.dlib_weights import INPUT_SCALE, Convolution, read_detector, read_embedder

GRAPH_VERSION = 2
"""Increase this when the graphs change: those in the cache are then written again."""

_OPSET = 17
_MICROSOFT = "com.microsoft"

_PEAKS = (5.0, 5.5, 4.0, 4.0, 5.0, 12.0)
"""Activations that 255 stands for after each of the detector's first six convolutions. Batch normalisation makes
them standard normal; the figures are near what films reach, and give the smallest error of the scores."""
_WEIGHT_STEPS = 64
"""Weights are whole numbers of up to ±64: processors without VNNI add two products of 8 × 8 bits in 16 bits, which
overflow above that."""
_LANES = 16
"""Channels that ONNX Runtime's kernels work on at once; narrower layers are filled up with zeros."""


def detector_graph(weights: Path, cache: Path, precision: Literal["int8", "float"]) -> Path:
    """ONNX file of dlib's CNN face detector.

    The graph takes `pictures`, uint8 [n, height, width, 3], RGB, and gives `scores`, float32 [n, rows, columns]:
    the score of an 80 × 80 window centred on pixel (8 · row + 14, 8 · column + 14).

    Args:
        weights: dlib's file.
        cache: folder for the graph.
        precision: `float`, or `int8`: all convolutions but the last with 8-bit integers, with a scale for each filter.
            An int8 graph is for the CPU, and its pictures' width must be a multiple of 4.

    Raises:
        WiosError: the file is not the network that face_recognition ships, or the cache cannot be written.
    """
    return cached(f"detector-{precision}", weights, cache, _int8_detector if precision == "int8" else _float_detector)


def embedder_graph(weights: Path, cache: Path) -> Path:
    """ONNX file of dlib's face embedder.

    The graph takes `chips`, uint8 [n, 150, 150, 3], RGB, and gives `embeddings`, float32 [n, 128].

    Raises:
        WiosError: the file is not the network that face_recognition ships, or the cache cannot be written.
    """
    return cached("embedder", weights, cache, _embedder)


def cached(kind: str, weights: Path, cache: Path, build: Callable[[Path], onnx.ModelProto]) -> Path:
    """Path of the graph for `weights`, built by one process at a time and put in place whole.

    A graph whose content has not the hash that was noted when it was built is built again.

    Raises:
        Unavailable: the cache cannot be written.
    """
    target = cache / f"{kind}-v{GRAPH_VERSION}-{file_hash(weights)[:16]}.onnx"
    if _is_whole(target):
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not _is_whole(target):
                content = build(weights).SerializeToString()
                write_atomic(target, content)
                write_atomic(_hash_file(target), hashlib.sha256(content).hexdigest())
    except OSError as error:
        raise file_error(cache, error, "written", "set `cache` to another folder") from None
    return target


def _is_whole(graph: Path) -> bool:
    try:
        return file_hash(graph) == _hash_file(graph).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _hash_file(graph: Path) -> Path:
    return graph.with_suffix(".sha256")


def read_model(path: Path, remedy: str) -> onnx.ModelProto:
    """An ONNX file, without data that lies in files beside it.

    Raises:
        FileNotFoundError: there is no such file.
        WiosError: it is no ONNX file; the message ends in `remedy`.
    """
    try:
        return onnx.load(str(path), load_external_data=False)
    except FileNotFoundError:
        raise
    except Exception as error:
        # onnx passes on whatever protobuf raises.
        raise BadInput(f"{path}: not an ONNX file ({error}); {remedy}") from None


class _Graph:
    """Nodes and initializers of a graph that grows from the input to the output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        name = f"c{len(self.values)}"
        self.values.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(self, before: str, layer: Convolution, relu: bool) -> str:
        """Convolution, float32 [n, channels, height, width] in and out, and relu where asked for."""
        name = self.add(
            "Conv",
            before,
            self.constant(layer.weights),
            self.constant(layer.bias),
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
            kernel_shape=list(layer.weights.shape[2:]),
        )
        return self.add("Relu", name) if relu else name

    def int8_convolution(
        self, before: str, layer: Convolution, strides: tuple[int, int], scale_before: float, scale: float
    ) -> str:
        """Convolution and relu, uint8 [n, height, width, channels] in and out; the scales are what 1 stands for."""
        peak = np.abs(layer.weights).max(axis=(1, 2, 3)).astype(np.float64)
        steps = np.where(peak > 0, peak, 1) / _WEIGHT_STEPS
        weights = np.rint(layer.weights / steps[:, None, None, None]).astype(np.int8)
        bias = np.rint(layer.bias / (steps * scale_before)).astype(np.int32)
        zero = self.constant(np.uint8(0))
        # Microsoft's operator is ONNX's QLinearConv with the channels last, as pictures come.
        return self.add(
            "QLinearConv",
            before,
            self.constant(np.float32(scale_before)),
            zero,
            self.constant(weights),
            self.constant(steps.astype(np.float32)),
            self.constant(np.zeros(len(weights), dtype=np.int8)),
            self.constant(np.float32(scale)),
            zero,
            self.constant(bias),
            domain=_MICROSOFT,
            channels_last=1,
            strides=list(strides),
            pads=[layer.padding] * 4,
            kernel_shape=list(weights.shape[2:]),
        )

    def picture(self, name: str) -> str:
        """Pixels uint8 [n, height, width, 3] as float32 [n, 3, height, width]."""
        return self.add("Transpose", self.add("Cast", name, to=TensorProto.FLOAT), perm=[0, 3, 1, 2])

    def model(self, takes: tuple[str, list[Any]], gives: tuple[str, list[Any]]) -> onnx.ModelProto:
        """The graph as a model with one uint8 input and one float32 output, each a name and a shape."""
        graph = helper.make_graph(
            self.nodes,
            "wios",
            [helper.make_tensor_value_info(takes[0], TensorProto.UINT8, takes[1])],
            [helper.make_tensor_value_info(gives[0], TensorProto.FLOAT, gives[1])],
            self.values,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        # Runtimes refuse a newer format version than they know; opset 17 came with format version 8.
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        return model


def on_pixels(layer: Convolution, mean: tuple[float, float, float]) -> Convolution:
    """A first convolution that takes pixels 0–255 where `layer` takes (pixels − mean) / 256; it must not pad."""
    weights = layer.weights.astype(np.float64) * INPUT_SCALE
    bias = layer.bias - np.einsum("fcyx,c->f", weights, np.asarray(mean))
    return Convolution(weights.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)


def _float_detector(path: Path) -> onnx.ModelProto:
    weights = read_detector(path)
    graph = _Graph()
    first, *between, last = weights.convolutions
    value = graph.convolution(graph.picture("pictures"), on_pixels(first, weights.mean), relu=True)
    for layer in between:
        value = graph.convolution(value, _filled(layer), relu=True)
    return _scored(graph, value, _filled(last, fill_filters=False))


def _int8_detector(path: Path) -> onnx.ModelProto:
    weights = read_detector(path)
    graph = _Graph()
    first, *between, last = weights.convolutions
    scales = [peak / 255 for peak in _PEAKS]
    value = graph.add("Reshape", "pictures", graph.constant(np.array([0, 0, -1, 12])))
    value = graph.int8_convolution(value, _by_four_pixels(on_pixels(first, weights.mean)), (2, 1), 1.0, scales[0])
    value = graph.add("Reshape", value, graph.constant(np.array([0, 0, -1, len(first.bias)])))
    for layer, before, after in zip(between, scales, scales[1:], strict=False):
        value = graph.int8_convolution(value, _filled(layer), (layer.stride, layer.stride), before, after)
    value = graph.add("DequantizeLinear", value, graph.constant(np.float32(scales[-1])), graph.constant(np.uint8(0)))
    return _scored(graph, graph.add("Transpose", value, perm=[0, 3, 1, 2]), _filled(last, fill_filters=False))


def _by_four_pixels(layer: Convolution) -> Convolution:
    """A convolution of stride 2 over RGB as one of stride (2, 1) over groups of four pixels, 12 channels.

    Its first half of filters belongs to the group's even output column, its second half to the odd one, so that a
    reshape gives the columns back; the runtime's kernels want channels in fours.
    """
    filters, channels, rows, columns = layer.weights.shape
    weights = np.zeros((2, filters, 4 * channels, rows, 2), dtype=np.float32)
    for half in range(2):
        for column in range(columns):
            group, pixel = divmod(2 * half + column, 4)
            weights[half, :, pixel * channels : (pixel + 1) * channels, :, group] = layer.weights[:, :, :, column]
    return Convolution(weights.reshape(2 * filters, 4 * channels, rows, 2), np.tile(layer.bias, 2), 0, 0)


def _filled(layer: Convolution, fill_filters: bool = True) -> Convolution:
    """The layer with channels and filters of zeros added, up to whole SIMD lanes."""
    filters, channels = layer.weights.shape[:2]
    more_filters = -filters % _LANES if fill_filters else 0
    weights = np.pad(layer.weights, ((0, more_filters), (0, -channels % _LANES), (0, 0), (0, 0)))
    return Convolution(weights, np.pad(layer.bias, (0, more_filters)), layer.stride, layer.padding)


def _scored(graph: _Graph, value: str, last: Convolution) -> onnx.ModelProto:
    """The detector's end: its last convolution, 9 × 9 with one filter, as sixteen filters of one row each, which fill
    the processor's SIMD lanes, and the sum of nine of them, each shifted to its row."""
    _, channels, size, _ = last.weights.shape
    rows = np.zeros((_LANES, channels, 1, size), dtype=np.float32)
    rows[:size, :, 0, :] = last.weights[0].transpose(1, 0, 2)
    moved = np.zeros((1, _LANES, size, 1), dtype=np.float32)
    moved[0, range(size), range(size), 0] = 1
    across, down = [0, last.padding, 0, last.padding], [last.padding, 0, last.padding, 0]
    value = graph.add("Conv", value, graph.constant(rows), kernel_shape=[1, size], pads=across)
    value = graph.add(
        "Conv", value, graph.constant(moved), graph.constant(last.bias), kernel_shape=[size, 1], pads=down
    )
    graph.add("Squeeze", value, graph.constant(np.array([1])), output="scores")
    return graph.model(("pictures", ["n", "height", "width", 3]), ("scores", ["n", "rows", "columns"]))


def _embedder(path: Path) -> onnx.ModelProto:
    weights = read_embedder(path)
    graph = _Graph()
    value = graph.convolution(graph.picture("chips"), on_pixels(weights.stem, weights.mean), relu=True)
    value = graph.add("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2])
    channels = len(weights.stem.bias)
    size = (weights.size[0] - 7) // 2 + 1
    size = (size - 3) // 2 + 1
    for block in weights.blocks:
        filters = len(block.second.bias)
        main = graph.convolution(value, block.first, relu=True)
        main = graph.convolution(main, block.second, relu=False)
        skip = value
        if block.down:
            skip = graph.add("AveragePool", value, kernel_shape=[2, 2], strides=[2, 2])
            main_size, skip_size = (size - 3) // 2 + 1, size // 2
            # dlib adds tensors of unlike shapes as if the smaller ended in zeros.
            size = max(main_size, skip_size)
            main = _grown(graph, main, 0, size - main_size)
            skip = _grown(graph, skip, filters - channels, size - skip_size)
        value = graph.add("Relu", graph.add("Add", main, skip))
        channels = filters
    value = graph.add("Flatten", graph.add("GlobalAveragePool", value))
    graph.add("MatMul", value, graph.constant(weights.projection), output="embeddings")
    height, width = weights.size
    return graph.model(("chips", ["n", height, width, 3]), ("embeddings", ["n", weights.projection.shape[1]]))


def _grown(graph: _Graph, value: str, channels: int, pixels: int) -> str:
    """`value` [n, c, h, w] with zeros added at the end of its channels and of both its sides."""
    if not channels and not pixels:
        return value
    pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype=np.int64)
    return graph.add("Pad", value, graph.constant(pads))
