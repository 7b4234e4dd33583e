"""Quality of faces: how well a face can be identified."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Image

BOX_IN_CHIP = 128
"""Side in pixels of a face's box in a chip of 150 pixels."""


@dataclass(frozen=True)
class ChipQuality:
    """Quality of a face.

    Attributes:
        sharpness: variance of the Laplacian of the face at the chip's scale.
        frontality: 1 for a face seen from the front, 0 for a profile.
        quality: 0 to 1; size, sharpness, frontality and detector score together.
    """

    sharpness: float
    frontality: float
    quality: float


def judge_chip(chip: Image, box: NDArray[np.float32], landmarks: NDArray[np.float32], score: float) -> ChipQuality:
    """Quality of a face by its chip.

    Args:
        chip: uint8 [150, 150, 3], RGB.
        box: float32 [4], left, top, right, bottom in pixels.
        landmarks: float32 [5, 2], in the order of `Faces.landmarks`.
        score: the detector's score; 1 and above is sure.
    """
    return _quality(sharpness(chip), box, landmarks, score)


def judge_face(image: Image, box: NDArray[np.float32], landmarks: NDArray[np.float32], score: float) -> ChipQuality:
    """Quality of a face in its picture, uint8 [height, width, 3], RGB, before its chip is cut; the rest as above."""
    limit = np.array(image.shape[1::-1] * 2)
    left, top, right, bottom = np.rint(box).clip(0, limit).astype(int).tolist()
    if right - left < 2 or bottom - top < 2:
        return _quality(0.0, box, landmarks, score)
    part = image[top:bottom, left:right]
    method = cv2.INTER_AREA if part.shape[0] > BOX_IN_CHIP else cv2.INTER_LINEAR
    face = np.asarray(cv2.resize(part, (BOX_IN_CHIP, BOX_IN_CHIP), interpolation=method), dtype=np.uint8)
    return _quality(sharpness(face), box, landmarks, score)


def _quality(sharp: float, box: NDArray[np.float32], landmarks: NDArray[np.float32], score: float) -> ChipQuality:
    front = frontality(landmarks)
    height = float(box[3] - box[1])
    parts = (
        min(1.0, height / 100.0),
        sharp / (sharp + 60.0),
        0.2 + 0.8 * front,
        min(max(score, 0.05), 1.0),
    )
    return ChipQuality(sharp, front, float(np.prod(parts)))


def sharpness(chip: Image) -> float:
    """Variance of the Laplacian of the chip's grey values (Pech-Pacheco et al., ICPR 2000); 0 for a flat chip."""
    return float(cv2.Laplacian(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def frontality(landmarks: NDArray[np.float32]) -> float:
    """1 where the nose lies midway between the eyes, 0 where it lies under one of them or beyond.

    Args:
        landmarks: float32 [5, 2], pixels, in the order of `Faces.landmarks`.
    """
    first, second, nose = landmarks[0], landmarks[1], landmarks[2]
    axis = second - first
    length = float(axis @ axis)
    if length < 1e-6:
        return 0.0
    along = float((nose - first) @ axis) / length
    return max(0.0, 1.0 - 2.0 * abs(along - 0.5))
