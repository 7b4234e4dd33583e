"""dlib's two networks as ONNX graphs: written once into the cache folder, from the files that are installed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from filelock import FileLock
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from wios_assets.errors import WiosError
from wios_assets.vision.alignment import file_hash
from wios_assets.vision.dlib_weights import INPUT_SCALE, Convolution, read_detector, read_embedder

GRAPH_VERSION = 1
"""Raise this when the graphs are written differently; graphs of before are then written anew."""

_OPSET = 17


def detector_graph(weights: Path, cache: Path) -> Path:
    """ONNX file of dlib's CNN face detector.

    The graph takes `pictures`, uint8 [n, height, width, 3], RGB, and gives `scores`, float32 [n, rows, columns]:
    the score of an 80 × 80 window centred on pixel (8 · row + 14, 8 · column + 14).

    Raises:
        WiosError: the file is not the network that face_recognition ships, or the cache cannot be written.
    """
    return _cached("detector", weights, cache, _detector_model)


def embedder_graph(weights: Path, cache: Path) -> Path:
    """ONNX file of dlib's face embedder.

    The graph takes `chips`, uint8 [n, 150, 150, 3], RGB, and gives `embeddings`, float32 [n, 128].

    Raises:
        WiosError: the file is not the network that face_recognition ships, or the cache cannot be written.
    """
    return _cached("embedder", weights, cache, _embedder_model)


def _cached(kind: str, weights: Path, cache: Path, build: Callable[[Path], onnx.ModelProto]) -> Path:
    """Path of the graph for `weights`, built by one process at a time and put in place whole."""
    target = cache / f"{kind}-v{GRAPH_VERSION}-{file_hash(weights)[:16]}.onnx"
    if target.is_file():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.is_file():
                content = build(weights).SerializeToString()
                handle, name = tempfile.mkstemp(dir=cache, prefix=f".{target.name}.")
                try:
                    with os.fdopen(handle, "wb") as file:
                        file.write(content)
                    Path(name).replace(target)
                finally:
                    Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise WiosError(
            f"{cache}: cannot be written ({error.strerror or error}); set `cache` to another folder"
        ) from None
    return target


class _Graph:
    """Nodes and initializers of a graph that grows from the input to the output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.values)}"
        self.values.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(self, before: str, layer: Convolution, relu: bool) -> str:
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

    def picture(self, name: str) -> str:
        """Pixels uint8 [n, height, width, 3] as float32 [n, 3, height, width]."""
        return self.add("Transpose", self.add("Cast", name, to=TensorProto.FLOAT), perm=[0, 3, 1, 2])

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "wios", inputs, outputs, self.values)
        # Runtimes refuse a newer format version than they know; opset 17 came with format version 8.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def on_pixels(layer: Convolution, mean: tuple[float, float, float]) -> Convolution:
    """A first convolution that takes pixels 0–255 where `layer` takes (pixels − mean) / 256; it must not pad."""
    weights = layer.weights.astype(np.float64) * INPUT_SCALE
    bias = layer.bias - np.einsum("fcyx,c->f", weights, np.asarray(mean))
    return Convolution(weights.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)


def _detector_model(path: Path) -> onnx.ModelProto:
    weights = read_detector(path)
    graph = _Graph()
    first, *between, last = weights.convolutions
    value = graph.convolution(graph.picture("pictures"), on_pixels(first, weights.mean), relu=True)
    for layer in between:
        value = graph.convolution(value, layer, relu=True)
    value = graph.convolution(value, last, relu=False)
    graph.add("Squeeze", value, graph.constant(np.array([1], dtype=np.int64)), output="scores")
    return graph.model(
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", "height", "width", 3])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", "rows", "columns"])],
    )


def _embedder_model(path: Path) -> onnx.ModelProto:
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
    return graph.model(
        [helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", height, width, 3])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", weights.projection.shape[1]])],
    )


def _grown(graph: _Graph, value: str, channels: int, pixels: int) -> str:
    """`value` [n, c, h, w] with zeros added at the end of its channels and of both its sides."""
    if not channels and not pixels:
        return value
    pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype=np.int64)
    return graph.add("Pad", value, graph.constant(pads))
