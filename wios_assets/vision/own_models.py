"""A user's own ONNX detector or embedder; YuNet and SFace of OpenCV's model zoo by OpenCV's own classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import BadInput
from wios_assets.vision.alignment import FivePoints, arcface_chip, arcface_chip_by_landmarks, file_hash
from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.following import follow_in_crops
from wios_assets.vision.mmod_detector import distinct
from wios_assets.vision.model_description import (
    DetectorDescription,
    EmbedderDescription,
    ModelDescription,
    description_path,
)
from wios_assets.vision.onnx_graphs import read_model
from wios_assets.vision.onnx_session import Device, open_session
from wios_assets.vision.quiet_opencv import quiet_opencv

Distance = Literal["euclidean", "cosine"]

YUNET_OUTPUTS = frozenset(f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32))
YUNET_SMALLEST = 20.0
"""Height in pixels that the smallest face is brought to: YuNet is trained for faces of 10 to 300 pixels."""
YUNET_OVERLAP, YUNET_MOST = 0.3, 5000
"""OpenCV's defaults: overlap at which two boxes are one face, most boxes before they are compared."""

BOXES_OVERLAP = 0.5
"""Overlap at which two boxes of an own detector are one face."""
SFACE_SIZE, SFACE_LENGTH = 112, 128
UNIT_LIMIT, DLIB_LIMIT = 1.128, 0.6
"""Distance up to which two pictures are one person's: of SFace's unit vectors, as OpenCV states it, and of dlib's, in
which every limit is given."""


class YuNet:
    """OpenCV's FaceDetectorYN (Wu et al., YuNet: A Tiny Millisecond-level Face Detector, 2023)."""

    def __init__(self, path: Path, threshold: float, smallest_face: float) -> None:
        self._smallest_face = smallest_face
        self._points = FivePoints()
        try:
            with quiet_opencv():
                self._detector = cv2.FaceDetectorYN.create(
                    str(path), "", (320, 320), threshold, YUNET_OVERLAP, YUNET_MOST
                )
            self._detector.detect(np.zeros((320, 320, 3), dtype=np.uint8))
        except cv2.error as error:
            raise BadInput(f"{path}: OpenCV's FaceDetectorYN cannot run it ({error}); fetch it again") from None

    def detect(self, frames: Sequence[Image], smallest_face: float | None = None) -> list[Faces]:
        """Faces of each frame; scores lie between the threshold and 1."""
        return [self._detect(frame, smallest_face or self._smallest_face * frame.shape[0]) for frame in frames]

    def _detect(self, frame: Image, smallest_face: float) -> Faces:
        scale = YUNET_SMALLEST / smallest_face
        rows, columns = (max(1, round(side * scale)) for side in frame.shape[:2])
        seen = cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        self._detector.setInputSize((columns, rows))
        _, found = self._detector.detect(cv2.cvtColor(seen, cv2.COLOR_RGB2BGR))
        rows_of = np.empty((0, 15), dtype=np.float32) if found is None else np.asarray(found, dtype=np.float32)
        stretch = np.array([frame.shape[1] / columns, frame.shape[0] / rows], dtype=np.float32)
        boxes = np.concatenate([rows_of[:, :2], rows_of[:, :2] + rows_of[:, 2:4] - 1], axis=1) * np.tile(stretch, 2)
        points = rows_of[:, 4:14].reshape(-1, 5, 2) * stretch
        order = np.argsort(-rows_of[:, 14], kind="stable")
        boxes, points = boxes[order], points[order]
        landmarks = self._points.landmarks(frame, _dlib_boxes(points))
        return Faces(boxes, rows_of[order, 14], landmarks, points)

    def follow(self, frame: Image, boxes: NDArray[np.float32]) -> tuple[Faces, NDArray[np.intp]]:
        """The faces of `boxes`, float32 [n, 4], that are found again near their place, and which boxes these are."""
        return follow_in_crops(self.detect, frame, boxes)


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

    def detect(self, frames: Sequence[Image], smallest_face: float | None = None) -> list[Faces]:
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

    def follow(self, frame: Image, boxes: NDArray[np.float32]) -> tuple[Faces, NDArray[np.intp]]:
        """The faces of `boxes`, float32 [n, 4], that are found again near their place, and which boxes these are."""
        return follow_in_crops(self.detect, frame, boxes)


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
        """Chips uint8 [n, 112, 112, 3], RGB, aligned as OpenCV does it where the detector found points of its own."""
        chips = np.empty((len(faces), SFACE_SIZE, SFACE_SIZE, 3), dtype=np.uint8)
        for index in range(len(faces)):
            if faces.own_points is None:
                chips[index] = arcface_chip_by_landmarks(frame, faces.landmarks[index], SFACE_SIZE)
                continue
            row = np.zeros((1, 15), dtype=np.float32)
            row[0, 4:14] = faces.own_points[index].ravel()
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
            return self._points.chips(frame, faces, self.chip_size)
        if faces.own_points is None:
            chips = [arcface_chip_by_landmarks(frame, landmarks, self.chip_size) for landmarks in faces.landmarks]
        else:
            chips = [arcface_chip(frame, points, self.chip_size) for points in faces.own_points]
        return np.array(chips, dtype=np.uint8).reshape(-1, self.chip_size, self.chip_size, 3)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, length] of chips uint8 [n, chip_size, chip_size, 3]; of length 0.53 where cosine."""
        vectors = [self._input.run(chip[None])[0][0] for chip in chips]
        found = np.array(vectors, dtype=np.float32).reshape(-1, self.length)
        return _shortened(found) if self.distance == "cosine" else found


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
        return self._session.run(None, {self._name: np.ascontiguousarray(values[None])})


def is_yunet(path: Path) -> bool:
    """Whether the ONNX file has YuNet's outputs, as of OpenCV 4.8 and later.

    Raises:
        BadInput: the file is absent or no ONNX file.
    """
    try:
        graph = read_model(path, "fetch it again").graph
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    return {output.name for output in graph.output} == YUNET_OUTPUTS


def _dlib_boxes(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares as dlib's detectors draw them, float32 [n, 4], from eyes, nose and corners of the mouth [n, 5, 2].

    Eyes are 0.41 of such a square apart and the mouth 0.47 below them, as measured on frontal faces; a turned head's
    eyes come closer, its mouth stays as far below them.
    """
    eyes, mouth = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1)
    apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    below = np.linalg.norm(mouth - eyes, axis=1)
    half = np.maximum(apart / 0.41, below / 0.47)[:, None] / 2
    centre = eyes + (mouth - eyes) * 0.26
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def _squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares of the same centre and mean side."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _shortened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors, [n, length], turned to the length at which their Euclidean distances mean what dlib's do."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors / lengths * (DLIB_LIMIT / UNIT_LIMIT), dtype=np.float32)
