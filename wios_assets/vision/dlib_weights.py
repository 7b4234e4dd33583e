"""Reads serialised dlib networks: dlib's packed integers, tensors and layers.

A network is stored from the outside in: one version number a layer, the input layer, then the layers' details from
the input to the output. Only the two networks that face_recognition ships are understood; every byte is accounted
for, and a file that differs is refused with its name and the offset where it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import Unavailable

Floats = NDArray[np.float32]

INPUT_SCALE = 1 / 256
"""Factor that dlib's input layers apply after subtracting the mean colour."""


@dataclass(frozen=True)
class Convolution:
    """A convolution with the normalisation that follows it folded in.

    Attributes:
        weights: float32 [filters, input channels, rows, columns].
        bias: float32 [filters].
        stride: the same for both axes.
        padding: zeros on each side, the same for both axes.
    """

    weights: Floats
    bias: Floats
    stride: int
    padding: int


@dataclass(frozen=True)
class DetectorWeights:
    """dlib's `mmod_human_face_detector`.

    Attributes:
        mean: mean colour, red, green, blue.
        window: width and height of the detection window in pixels.
        overlap: two boxes show the same face when their intersection over union is larger.
        covered: or when the intersection is a larger share of either box.
        convolutions: in order; a relu follows each but the last, which has one filter: the score.
    """

    mean: tuple[float, float, float]
    window: tuple[int, int]
    overlap: float
    covered: float
    convolutions: tuple[Convolution, ...]


@dataclass(frozen=True)
class ResidualBlock:
    """Convolution, relu, convolution, plus the input (average-pooled 2 × 2 where `down`), relu."""

    first: Convolution
    second: Convolution
    down: bool


@dataclass(frozen=True)
class EmbedderWeights:
    """dlib's `dlib_face_recognition_resnet_model_v1`.

    Attributes:
        mean: mean colour, red, green, blue.
        size: height and width of the chip in pixels.
        stem: first convolution; relu and a 3 × 3 max pool of stride 2 follow.
        blocks: residual blocks, in order; a global average follows.
        projection: float32 [last block's filters, embedding length].
    """

    mean: tuple[float, float, float]
    size: tuple[int, int]
    stem: Convolution
    blocks: tuple[ResidualBlock, ...]
    projection: Floats


# Filters, kernel, stride and padding of the detector's convolutions, in order.
_DETECTOR = ((16, 5, 2, 0), (32, 5, 2, 0), (32, 5, 2, 0), (45, 5, 1, 2), (45, 5, 1, 2), (45, 5, 1, 2), (1, 9, 1, 4))
# Filters of the embedder's residual blocks, and whether the block halves the picture.
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), *((64, False),) * 3),
    *((128, True), *((128, False),) * 2),
    *((256, True), *((256, False),) * 2),
    (256, True),
)
_STEM = (32, 7, 2, 0)
_EMBEDDING_LENGTH = 128

# No trained network holds values as large; sums of larger ones could overflow.
_LARGEST = 1e6

# Versions that dlib wrote for each kind of layer.
_LAYER, _INNERMOST, _TAG, _SKIP = 2, 3, 1, 1


def read_detector(path: Path) -> DetectorWeights:
    """The CNN face detector of a file.

    Raises:
        WiosError: the file is absent or is not that network; the message has the byte offset.
    """
    file = _File(path)
    file.expect("version of the loss", 1, file.integer())
    file.expect("loss", "loss_mmod_", file.text())
    file.expect("version of the loss's options", 1, file.integer())
    window = (file.size("window width"), file.size("window height"))
    for _ in range(3):
        file.real()
    overlap, covered = file.real(), file.real()
    for _ in range(2):
        file.real()
    plain = [_LAYER] * (3 * len(_DETECTOR) - 3)
    file.versions([*plain, _INNERMOST])
    file.expect("input layer", "input_rgb_image_pyramid", file.text())
    mean = (file.real(), file.real(), file.real())
    convolutions: list[Convolution] = []
    channels = 3
    for index, shape in enumerate(_DETECTOR):
        convolution = file.convolution(shape, channels, innermost=index == 0)
        if index < len(_DETECTOR) - 1:
            convolution = file.batch_norm(convolution)
            file.relu()
        convolutions.append(convolution)
        channels = shape[0]
    file.end()
    return DetectorWeights(mean, window, overlap, covered, tuple(convolutions))


def read_embedder(path: Path) -> EmbedderWeights:
    """The ResNet-29 face embedder of a file.

    Raises:
        WiosError: the file is absent or is not that network; the message has the byte offset.
    """
    file = _File(path)
    file.expect("version of the loss", 1, file.integer())
    file.expect("loss", "loss_metric_2", file.text())
    for _ in range(2):
        file.real()
    inside_out = [_INNERMOST, *[_LAYER] * 3]
    for _, down in _BLOCKS:
        skip = [_TAG, _SKIP, _LAYER] if down else []
        inside_out += [_TAG, *[_LAYER] * 5, *skip, _LAYER, _LAYER]
    inside_out += [_LAYER, _LAYER]
    file.versions(inside_out[::-1])
    file.expect("input layer", "input_rgb_image_sized", file.text())
    mean = (file.real(), file.real(), file.real())
    size = (file.size("chip height"), file.size("chip width"))
    stem = file.affine(file.convolution(_STEM, 3, innermost=True))
    file.relu()
    file.pool("max_pool_2", 3, 2)
    blocks: list[ResidualBlock] = []
    channels = _STEM[0]
    for filters, down in _BLOCKS:
        first = file.affine(file.convolution((filters, 3, 2, 0) if down else (filters, 3, 1, 1), channels))
        file.relu()
        second = file.affine(file.convolution((filters, 3, 1, 1), filters))
        if down:
            file.pool("avg_pool_2", 2, 2)
        file.tag("add_prev_")
        file.layer_end()
        file.relu()
        blocks.append(ResidualBlock(first, second, down))
        channels = filters
    file.pool("avg_pool_2", 0, 1)
    projection = file.projection(channels, _EMBEDDING_LENGTH)
    file.end()
    return EmbedderWeights(mean, size, stem, tuple(blocks), projection)


class _File:
    """A dlib file, read sequentially; each read advances `offset`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.bytes = path.read_bytes()
        except OSError as error:
            raise Unavailable(
                f"{path}: cannot be read ({error.strerror}); install face_recognition_models again"
            ) from None
        self.offset = 0
        self.start = 0

    def refuse(self, what: str) -> NoReturn:
        raise Unavailable(
            f"{self.path}: byte {self.start}: {what}; this is not the network that face_recognition ships: "
            "install face_recognition_models again"
        )

    def expect(self, what: str, wanted: object, actual: object) -> None:
        if wanted != actual:
            self.refuse(f"{what} is {actual!r} where {wanted!r} was expected")

    def take(self, count: int, what: str) -> bytes:
        if count > len(self.bytes) - self.offset:
            self.start = self.offset
            self.refuse(f"the file ends after {len(self.bytes)} bytes, inside {what}")
        piece = self.bytes[self.offset : self.offset + count]
        self.offset += count
        return piece

    def integer(self) -> int:
        self.start = self.offset
        control = self.take(1, "a number")[0]
        count = control & 0x0F
        if control & 0x70 or not 1 <= count <= 8:
            self.refuse(f"0x{control:02x} begins no packed integer")
        value = int.from_bytes(self.take(count, "a number"), "little")
        return -value if control & 0x80 else value

    def size(self, what: str) -> int:
        value = self.integer()
        if not 1 <= value <= 4096:
            self.refuse(f"{what} is {value}")
        return value

    def real(self) -> float:
        start = self.offset
        mantissa, exponent = self.integer(), self.integer()
        self.start = start
        if abs(exponent) > 1024:
            self.refuse(f"{mantissa} × 2^{exponent} is no number")
        return float(mantissa) * 2.0**exponent if mantissa else 0.0

    def text(self) -> str:
        start = self.offset
        length = self.integer()
        self.start = start
        if not 0 <= length <= 64:
            self.refuse(f"{length} is no length of a name")
        return self.take(length, "a name").decode("latin-1")

    def versions(self, wanted: list[int]) -> None:
        for version in wanted:
            self.expect("version of a layer", version, self.integer())

    def tag(self, wanted: str) -> None:
        self.expect("layer", wanted, self.text())

    def dimensions(self, wanted: tuple[int, ...], version: int, what: str) -> None:
        self.expect(f"version of {what}", version, self.integer())
        actual = tuple(self.integer() for _ in range(4))
        self.expect(f"shape of {what}", wanted, actual)

    def tensor(self, *wanted: int, what: str) -> Floats:
        shape = (*wanted, *(1,) * (4 - len(wanted)))
        self.dimensions(shape, 2, what)
        start = self.offset
        values = np.frombuffer(self.take(4 * int(np.prod(shape)), what), dtype="<f4").astype(np.float32)
        wrong = np.flatnonzero(~(np.abs(values) < _LARGEST))
        if wrong.size:
            self.start = start + 4 * int(wrong[0])
            self.refuse(f"{what} holds {values[wrong[0]]}")
        return values

    def integers(self, what: str, *wanted: int) -> None:
        for value in wanted:
            self.expect(what, value, self.integer())

    def layer_end(self, innermost: bool = False) -> None:
        """Three flags and three empty tensors of training state close every layer."""
        for _ in range(3):
            self.start = self.offset
            flag = self.take(1, "a flag")
            if flag not in (b"0", b"1"):
                self.refuse(f"flag is {flag!r}")
        for _ in range(3):
            self.dimensions((0, 0, 0, 0), 2, "training state")
        if innermost:
            self.expect("sample expansion", 1, self.integer())

    def convolution(self, shape: tuple[int, int, int, int], channels: int, innermost: bool = False) -> Convolution:
        filters, kernel, stride, padding = shape
        self.tag("con_4")
        count = filters * channels * kernel * kernel
        values = self.tensor(count + filters, what="filters")
        self.integers("convolution's shape", filters, kernel, kernel, stride, stride, padding, padding)
        self.dimensions((filters, channels, kernel, kernel), 1, "filters")
        self.dimensions((1, filters, 1, 1), 1, "biases")
        for _ in range(4):
            self.real()
        self.layer_end(innermost)
        weights = values[:count].reshape(filters, channels, kernel, kernel)
        return Convolution(weights, values[count:], stride, padding)

    def batch_norm(self, before: Convolution) -> Convolution:
        filters = len(before.bias)
        self.tag("bn_con2")
        values = self.tensor(2 * filters, what="gamma and beta").astype(np.float64)
        for what in ("gamma", "beta"):
            self.dimensions((1, filters, 1, 1), 1, what)
        for what in ("means", "inverse deviations"):
            self.tensor(1, filters, what=what)
        mean = self.tensor(1, filters, what="running means").astype(np.float64)
        start = self.offset
        variance = self.tensor(1, filters, what="running variances").astype(np.float64)
        if (variance < 0).any():
            self.start = start
            self.refuse("a running variance is negative")
        self.integer()
        self.integer()
        for _ in range(4):
            self.real()
        epsilon = self.real()
        if not 0 < epsilon < 1:
            self.refuse(f"epsilon is {epsilon}")
        self.layer_end()
        gain = values[:filters] / np.sqrt(variance + epsilon)
        return _folded(before, gain, values[filters:] - gain * mean)

    def affine(self, before: Convolution) -> Convolution:
        filters = len(before.bias)
        self.tag("affine_")
        values = self.tensor(2 * filters, what="gamma and beta").astype(np.float64)
        for what in ("gamma", "beta"):
            self.dimensions((1, filters, 1, 1), 1, what)
        self.integers("affine layer's mode", 0)
        self.layer_end()
        return _folded(before, values[:filters], values[filters:])

    def relu(self) -> None:
        self.tag("relu_")
        self.layer_end()

    def pool(self, tag: str, window: int, stride: int) -> None:
        self.tag(tag)
        self.integers("pool's shape", window, window, stride, stride, 0, 0)
        self.layer_end()

    def projection(self, inputs: int, outputs: int) -> Floats:
        self.tag("fc_2")
        self.integers("fully connected layer's shape", outputs, inputs)
        values = self.tensor(inputs, outputs, what="weights")
        self.dimensions((inputs, outputs, 1, 1), 1, "weights")
        self.dimensions((0, 0, 0, 0), 1, "biases")
        self.integers("fully connected layer's bias mode", 1)
        for _ in range(4):
            self.real()
        self.layer_end()
        return values.reshape(inputs, outputs)

    def end(self) -> None:
        self.start = self.offset
        if self.offset != len(self.bytes):
            self.refuse(f"{len(self.bytes) - self.offset} bytes stand after the network")


def _folded(before: Convolution, gain: NDArray[np.float64], shift: NDArray[np.float64]) -> Convolution:
    weights = before.weights * gain[:, None, None, None]
    bias = before.bias * gain + shift
    return Convolution(weights.astype(np.float32), bias.astype(np.float32), before.stride, before.padding)
