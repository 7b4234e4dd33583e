"""YuNet, the default face detector, in ONNX Runtime (Wu et al., YuNet: A Tiny Millisecond-level Face Detector, 2023).

The decoding of its maps follows OpenCV's FaceDetectorYN (modules/objdetect/src/face_detect.cpp): the score is the
geometric mean of class and objectness. ONNX Runtime takes 0.3 of the time that FaceDetectorYN takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.onnx_session import Device, open_session
from wios_assets.vision.zoo_graphs import YUNET_STRIDES, yunet_graph

SMALLEST = 30.0
"""Height in pixels that the smallest face is brought to. YuNet is trained for faces of 10 to 300 pixels: at 20 it
misses one in twelve more faces of dark or unsharp films, at 40 it finds hardly any more."""

THRESHOLD = 0.6
"""Score from which on a face counts by itself. On films with truth none of the pictures without a visible person has a
face above it; at 0.5 the first patterns do, at 0.7 one face in twenty is lost in dark films."""

EXPECTED_EASE = 0.2
"""By how much the score may lie under the threshold where a face was seen a moment ago."""
EXPECTED_OVERLAP = 0.3
"""Least intersection over union of a face and one seen a moment ago."""

CLOSE_UP_SIDE = 96
"""Pixels that a picture's shorter side is scaled to where close-ups are looked for."""
CLOSE_UP_BORDER = 0.25
"""Black border put around it, as a share of its longer side."""
CLOSE_UP_HEIGHT = 0.6
"""Least height of a face in a close-up, as a share of the picture's shorter side."""

BOX_SHARE = 0.935
"""Side of the square that dlib's detectors draw, as a share of the mean side (geometric) of YuNet's box: median of
1,562 faces of films that both find. Every distance in face sizes refers to dlib's squares."""

_MULTIPLE = 32
_OVERLAP = 0.3
"""Intersection over union from which on two boxes show the same face; FaceDetectorYN's default."""


class YuNetNetwork:
    """The network alone, run on a picture at its own size."""

    def __init__(self, path: Path, cache: Path, threads: int, device: Device) -> None:
        self._session = open_session(yunet_graph(path, cache), threads, device)

    def faces(
        self, picture: Image, threshold: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Faces of a picture, best score first.

        Args:
            picture: RGB, uint8 [height, width, 3].
            threshold: least score, 0 to 1.

        Returns:
            Boxes float32 [n, 4] (left, top, right, bottom), scores float32 [n] and five points float32 [n, 5, 2] in
            the order of `Faces.landmarks`, all in pixels.
        """
        height, width = picture.shape[:2]
        padded = np.zeros((1, -(-height // _MULTIPLE) * _MULTIPLE, -(-width // _MULTIPLE) * _MULTIPLE, 3), np.uint8)
        padded[0, :height, :width] = picture
        maps = self._session.run(None, {"pictures": padded})
        parts = [_decoded(values[0], stride, threshold) for values, stride in zip(maps, YUNET_STRIDES, strict=True)]
        boxes, scores, points = (np.concatenate(some) for some in zip(*parts, strict=True))
        if not len(scores):
            return boxes, scores, points
        corner_and_size = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        kept = np.asarray(cv2.dnn.NMSBoxes(corner_and_size.tolist(), scores.tolist(), threshold, _OVERLAP)).ravel()
        return boxes[kept], scores[kept], points[kept]


class YuNet:
    """Detects faces with YuNet, at the scale at which the smallest face that matters is still found."""

    def __init__(
        self, path: Path, cache: Path, threads: int, device: Device, threshold: float, smallest_face: float
    ) -> None:
        self._network = YuNetNetwork(path, cache, threads, device)
        self._threshold = threshold
        self._smallest_face = smallest_face

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame, as `FaceEngine.detect` says; scores lie between the threshold and 1."""
        return [
            self._detect(frame, smallest_face or self._smallest_face * frame.shape[0], expected) for frame in frames
        ]

    def _detect(self, frame: Image, smallest_face: float, expected: NDArray[np.float32] | None) -> Faces:
        scale = SMALLEST / smallest_face
        rows, columns = (max(1, round(side * scale)) for side in frame.shape[:2])
        seen = _scaled(frame, rows, columns)
        is_expected = expected is not None and len(expected) > 0
        least = max(0.0, self._threshold - (EXPECTED_EASE if is_expected else 0.0))
        boxes, scores, points = self._network.faces(seen, least)
        stretch = np.array([frame.shape[1] / columns, frame.shape[0] / rows], dtype=np.float32)
        squares = _squares(boxes * np.tile(stretch, 2))
        faces = Faces(squares, scores, points * stretch)
        if not len(faces):
            return self._close_ups(frame)
        if not is_expected or expected is None:
            return faces
        return faces.select((scores >= self._threshold) | (_overlaps(squares, expected) >= EXPECTED_OVERLAP))

    def _close_ups(self, frame: Image) -> Faces:
        """Faces that the picture cuts off, which YuNet finds only with room around them.

        A small copy of the picture is enough; it takes a fifth of the time of a usual search.
        """
        height, width = frame.shape[:2]
        scale = min(CLOSE_UP_SIDE / min(height, width), 4 * CLOSE_UP_SIDE / max(height, width))
        rows, columns = (max(1, round(side * scale)) for side in (height, width))
        border = round(CLOSE_UP_BORDER * max(rows, columns))
        seen = np.pad(_scaled(frame, rows, columns), ((border, border), (border, border), (0, 0)))
        boxes, scores, points = self._network.faces(seen, self._threshold)
        stretch = np.array([width / columns, height / rows], dtype=np.float32)
        squares = _squares((boxes - border) * np.tile(stretch, 2))
        cut_off = (squares[:, :2] < 0).any(axis=1) | (squares[:, 2:] > np.array([width, height])).any(axis=1)
        tall = squares[:, 3] - squares[:, 1] >= CLOSE_UP_HEIGHT * min(height, width)
        return Faces(squares, scores, (points - border) * stretch).select(cut_off & tall)


def _scaled(picture: Image, rows: int, columns: int) -> Image:
    """A picture at another size, averaged where it becomes smaller.

    OpenCV halves quickly and averages slowly by any other factor: from 1080 to 360 lines, half and then two thirds,
    interpolated, take 0.9 ms, one step 2.0 ms.
    """
    method = cv2.INTER_AREA if rows < picture.shape[0] else cv2.INTER_LINEAR
    while min(picture.shape[0] / rows, picture.shape[1] / columns) >= 2 and not any(s % 2 for s in picture.shape[:2]):
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        method = cv2.INTER_LINEAR
    if (rows, columns) == picture.shape[:2]:
        return picture
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=method), dtype=np.uint8)


def _decoded(
    maps: NDArray[np.float32], stride: int, threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Boxes [n, 4], scores [n] and points [n, 5, 2] of a stride's maps [16, rows, columns]."""
    # Neither of the two probabilities may be less than their product.
    least = np.log(max(threshold, 1e-3) ** 2 / max(1.0 - threshold**2, 1e-6))
    y, x = np.nonzero((maps[0] >= least) & (maps[1] >= least))
    values = maps[:, y, x]
    scores = np.sqrt(1.0 / ((1.0 + np.exp(-values[0])) * (1.0 + np.exp(-values[1]))))
    sure = scores >= threshold
    y, x, values, scores = y[sure], x[sure], values[:, sure], scores[sure]
    centre = np.stack([x + values[2], y + values[3]], axis=1) * stride
    half = np.exp(values[4:6].T) * (stride / 2)
    cell = np.stack([x, y], axis=1)[:, None]
    points = (values[6:].T.reshape(-1, 5, 2) + cell) * stride
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    return boxes.astype(np.float32), scores.astype(np.float32), points.astype(np.float32)


def _squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares of the size that dlib's detectors draw, around the centres of YuNet's boxes, float32 [n, 4]."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = BOX_SHARE / 2 * np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1, keepdims=True))
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each box's largest intersection over union with any of the others, float32 [n]."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (high - low).clip(0.0).prod(axis=2)
    areas = [(some[:, 2:] - some[:, :2]).prod(axis=1) for some in (boxes, others)]
    return np.asarray((common / (areas[0][:, None] + areas[1][None] - common)).max(axis=1), dtype=np.float32)
