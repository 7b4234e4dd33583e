"""Face chips as dlib's and SFace's embedders take them, aligned by two landmark detectors together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import (
    CHIP_PADDING,
    FivePoints,
    arcface_points_of_chip,
    file_hash,
    mean_face_of_chip,
    similarity,
    square_around,
    warped,
)
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image
from wios_assets.vision.onnx_session import Device
from wios_assets.vision.yunet import YuNetNetwork
from wios_assets.vision.zoo import YUNET_FILE, zoo_file

PADDED_SIZE = 180
"""Height and width of a chip in pixels: dlib's 150 and what SFace sees beyond it, most of it above."""
_LEFT, _TOP = (PADDED_SIZE - CHIP_SIZE) // 2, PADDED_SIZE - CHIP_SIZE
CHIP_POINTS = arcface_points_of_chip(CHIP_SIZE, CHIP_PADDING) + np.array([_LEFT, _TOP], dtype=np.float32)
"""Where eyes, tip of the nose and corners of the mouth lie in a chip, float32 [5, 2], pixels."""

_MEAN_FACE = mean_face_of_chip(CHIP_SIZE, CHIP_PADDING) + np.array([_LEFT, _TOP])
_LEAST_SCORE = 0.3
"""YuNet's score from which on its points are used; lower than for finding faces: the chip is known to hold one."""
_FAR = 2.0
"""What is subtracted from a face's score for its distance from the chip's middle, in chip sizes."""
_YUNET_SHARE = 0.5
"""Weight of YuNet's points; the rest is dlib's. With 2/3 large faces gain, small ones lose."""


class FaceAligner:
    """Cuts chips out of frames.

    dlib's predictor places a first chip; YuNet looks at that chip, in which every face has one size; the final chip is
    cut from the frame by the mean of both. On 361 photos, the separation d' of distances within a person and between
    two is 5.41, and 4.00 for faces of 28 pixels; without the second look 5.30 and 3.97; within the 150 pixels that
    dlib cuts 4.88 and 3.83.
    """

    def __init__(self, cache: Path, threads: int, device: Device) -> None:
        yunet = zoo_file(YUNET_FILE)
        self._points = FivePoints()
        self._network = YuNetNetwork(yunet, cache, threads, device)
        self.facts = f"{file_hash(self._points.path)} {file_hash(yunet)} {PADDED_SIZE} {CHIP_PADDING} {_YUNET_SHARE}"
        """Everything that determines a chip, as text to be hashed."""

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Chips uint8 [n, 180, 180, 3], RGB, upright, of faces found in a frame uint8 [height, width, 3]."""
        chips = np.empty((len(faces), PADDED_SIZE, PADDED_SIZE, 3), dtype=np.uint8)
        for index, corners in enumerate(self._points.corners(frame, square_around(faces.landmarks))):
            by_dlib = similarity(corners, _MEAN_FACE)
            points = self._points_in(warped(frame, by_dlib, PADDED_SIZE))
            again = similarity(_YUNET_SHARE * points + (1 - _YUNET_SHARE) * CHIP_POINTS, CHIP_POINTS)
            chips[index] = warped(frame, again @ np.vstack([by_dlib, [0.0, 0.0, 1.0]]), PADDED_SIZE)
        return chips

    def _points_in(self, chip: Image) -> NDArray[np.float32]:
        """Eyes, tip of the nose and corners of the mouth by YuNet, float32 [5, 2], pixels of the chip; the usual
        positions where it finds no face."""
        boxes, scores, points = self._network.faces(chip, _LEAST_SCORE)
        if not len(scores):
            return CHIP_POINTS
        far = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - PADDED_SIZE / 2, axis=1) / PADDED_SIZE
        return np.asarray(points[int(np.argmax(scores - _FAR * far))], dtype=np.float32)


def dlib_chips(chips: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of padded chips that dlib's embedder takes, uint8 [n, 150, 150, 3]."""
    return np.ascontiguousarray(chips[:, _TOP:, _LEFT : _LEFT + CHIP_SIZE])
