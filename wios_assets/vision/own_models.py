"""A user's own ONNX detector or embedder; SFace of OpenCV's model zoo by OpenCV's own class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import BadInput
from wios_assets.vision.alignment import FivePoints, arcface_chip, file_hash
from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.mmod_detector import distinct
from wios_assets.vision.model_description import (
    DetectorDescription,
    EmbedderDescription,
    ModelDescription,
    description_path,
)
from wios_assets.vision.onnx_session import Device, open_session
from wios_assets.vision.quiet_opencv import quiet_opencv

Distance = Literal["euclidean", "cosine"]

BOXES_OVERLAP = 0.5
"""Overlap at which two boxes of an own detector are one face."""
SFACE_SIZE, SFACE_LENGTH = 112, 128
UNIT_LIMIT, DLIB_LIMIT = 1.128, 0.6
"""Distance up to which two pictures are one person's: of SFace's unit vectors, as OpenCV states it, and of dlib's, in
which every limit is given."""


class BoxesDetector:
    """An own detector of one fixed input size that gives boxes and scores, as Ultra-Light-Fast and its kin do.

    The frame is stretched to the input. Of the two outputs, the one whose last axis is 4 holds left, top, right and
    bottom as shares of the input's width and height, [1, n, 4]; the other the scores, [1, n, 1] or [1, n, 2] with the
    face's last, or [1, n].
    """

    def __init__(
        self,
        path: Path,
        threads: int,
        device: Device,
        description: DetectorDescription,
        threshold: float,
    ) -> None:
        self._threshold = threshold
        self._points = FivePoints()
        self._input = _Input(path, threads, device, description.input, description)
        outputs = self._input.run(np.zeros((1, 8, 8, 3), dtype=np.uint8))
        shapes = [output.shape for output in outputs]
        if len(shapes) != 2 or sum(shape[-1] == 4 and len(shape) == 3 for shape in shapes) != 1:
            raise BadInput(
                f"{path}: a detector must be YuNet or have two outputs, boxes [1, n, 4] and scores [1, n, 2]; "
                f"this has {shapes}"
            )

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame; the input's size decides how small they may be, not `smallest_face`."""
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: Image) -> Faces:
        one, other = self._input.run(frame[None])
        shares, scores = (one, other) if one.shape[-1] == 4 and one.ndim == 3 else (other, one)
        likely = scores.reshape(len(shares[0]), -1)[:, -1].astype(np.float32)
        height, width = frame.shape[:2]
        boxes = shares[0].astype(np.float32) * np.array([width, height, width, height], dtype=np.float32)
        over = likely > self._threshold
        boxes, likely = distinct(boxes[over], likely[over], BOXES_OVERLAP)
        return Faces(boxes, likely, self._points.landmarks(frame, _squares(boxes)))


class SFace:
    """OpenCV's FaceRecognizerSF (Zhong et al., SFace: Sigmoid-constrained Hypersphere Loss, 2021)."""

    name = "sface"
    chip_size = SFACE_SIZE
    length = SFACE_LENGTH
    distance: Distance = "cosine"

    def __init__(self, path: Path) -> None:
        self.model_hash = f"{self.name} {file_hash(path)} {SFACE_SIZE}"
        try:
            with quiet_opencv():
                self._recogniser = cv2.FaceRecognizerSF.create(str(path), "")
            self.embed(np.zeros((1, SFACE_SIZE, SFACE_SIZE, 3), dtype=np.uint8))
        except (cv2.error, ValueError) as error:
            raise BadInput(
                f"{path}: OpenCV's FaceRecognizerSF cannot run it ({error}); if it is another "
                f"embedder than SFace, describe it in {description_path(path)}"
            ) from None

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Chips uint8 [n, 112, 112, 3], RGB, aligned as OpenCV does it."""
        chips = np.empty((len(faces), SFACE_SIZE, SFACE_SIZE, 3), dtype=np.uint8)
        for index in range(len(faces)):
            row = np.zeros((1, 15), dtype=np.float32)
            row[0, 4:14] = faces.landmarks[index].ravel()
            chips[index] = self._recogniser.alignCrop(frame, row)
        return chips

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128], of length 0.53, of chips uint8 [n, 112, 112, 3]."""
        vectors = np.empty((len(chips), SFACE_LENGTH), dtype=np.float32)
        for index, chip in enumerate(chips):
            vectors[index] = self._recogniser.feature(cv2.cvtColor(chip, cv2.COLOR_RGB2BGR))
        return _shortened(vectors)


class OwnEmbedder:
    """An own embedder: one picture input [n, 3, size, size] or [n, size, size, 3], one output [n, length]."""

    def __init__(self, path: Path, threads: int, device: Device, description: EmbedderDescription) -> None:
        side, length = description.input, description.length
        self.name = path.stem
        self.chip_size = side
        self.length = length
        self.distance = description.distance
        self._alignment = description.alignment
        self._points = FivePoints()
        self._input = _Input(path, threads, device, (side, side), description)
        self.model_hash = f"{file_hash(path)} {description!r}"
        shape = self._input.run(np.zeros((1, side, side, 3), dtype=np.uint8))[0].shape
        if shape != (1, length):
            raise BadInput(
                f"{description_path(path)}: length = {length}, but the model's output has shape {shape}; "
                "correct the length"
            )

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Chips uint8 [n, chip_size, chip_size, 3], RGB: cut as dlib or as ArcFace does, as the description says."""
        if self._alignment == "dlib":
            return self._points.chips(frame, faces.boxes, self.chip_size)
        chips = [arcface_chip(frame, landmarks, self.chip_size) for landmarks in faces.landmarks]
        return np.array(chips, dtype=np.uint8).reshape(-1, self.chip_size, self.chip_size, 3)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, length] of chips uint8 [n, chip_size, chip_size, 3]; of length 0.53 where cosine."""
        vectors = [self._input.run(chip[None])[0][0] for chip in chips]
        embeddings = np.array(vectors, dtype=np.float32).reshape(-1, self.length)
        return _shortened(embeddings) if self.distance == "cosine" else embeddings


class _Input:
    """A graph with one picture input, fed RGB pictures of any size."""

    def __init__(
        self, path: Path, threads: int, device: Device, size: tuple[int, int], description: ModelDescription
    ) -> None:
        self._session = open_session(path, threads, device)
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or 3 not in (shape[1], shape[3]):
            raise BadInput(
                f"{path}: one picture input [n, 3, height, width] or [n, height, width, 3] is needed, not "
                f"{[(each.name, each.shape) for each in inputs]}"
            )
        self._name = inputs[0].name
        self._channels_last = shape[1] != 3
        width, height = size
        fixed = (shape[1], shape[2]) if self._channels_last else (shape[2], shape[3])
        if any(
            isinstance(own, int) and own > 0 and own != given for own, given in zip(fixed, (height, width), strict=True)
        ):
            raise BadInput(
                f"{description_path(path)}: input = {width} × {height} pixels, but the model's input is "
                f"{fixed[1]} × {fixed[0]}; correct the input"
            )
        self._size = size
        self._mean = np.array(description.mean, dtype=np.float32)
        self._deviation = np.array(description.deviation, dtype=np.float32)
        self._reverse = description.channels == "bgr"

    def run(self, pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Outputs for one picture, uint8 [1, height, width, 3], RGB, stretched to the input's size."""
        picture = cv2.resize(pictures[0], self._size, interpolation=cv2.INTER_LINEAR)
        values = picture[:, :, ::-1] if self._reverse else picture
        values = (values.astype(np.float32) - self._mean) / self._deviation
        if not self._channels_last:
            values = values.transpose(2, 0, 1)
        outputs: list[np.ndarray] = self._session.run(None, {self._name: np.ascontiguousarray(values[None])})
        return outputs


def _squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares of the same centre and mean side."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _shortened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors, [n, length], turned to the length at which their Euclidean distances mean what dlib's do."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors / lengths * (DLIB_LIMIT / UNIT_LIMIT), dtype=np.float32)
