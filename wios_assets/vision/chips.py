"""How much a face chip can tell about whose face it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Image


@dataclass(frozen=True)
class ChipQuality:
    """What a chip is worth.

    Attributes:
        sharpness: variance of the chip's Laplacian.
        frontality: 1 for a face seen from the front, 0 for a profile.
        quality: 0 to 1; size, sharpness, frontality and detector score together.
    """

    sharpness: float
    frontality: float
    quality: float


def judge_chip(chip: Image, box: NDArray[np.float32], landmarks: NDArray[np.float32], score: float) -> ChipQuality:
    """What a chip is worth among its track's.

    Args:
        chip: uint8 [150, 150, 3], RGB.
        box: float32 [4], left, top, right, bottom in pixels.
        landmarks: float32 [5, 2], in the engine's order.
        score: the detector's score.
    """
    sharp = sharpness(chip)
    front = frontality(landmarks)
    height = float(box[3] - box[1])
    parts = (
        min(1.0, height / 100.0),
        sharp / (sharp + 60.0),
        0.2 + 0.8 * front,
        1.0 / (1.0 + np.exp(-2.0 * score)),
    )
    return ChipQuality(sharp, front, float(np.prod(parts)))


def sharpness(chip: Image) -> float:
    """Variance of the Laplacian of the chip's grey values (Pech-Pacheco et al., ICPR 2000); 0 for a flat chip."""
    return float(cv2.Laplacian(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def frontality(landmarks: NDArray[np.float32]) -> float:
    """1 where the nose stands midway between the eyes, 0 where it stands under one of them or beyond.

    Args:
        landmarks: float32 [5, 2], pixels, in the engine's order: two corners of each eye, base of the nose.
    """
    first, second, nose = landmarks[:2].mean(axis=0), landmarks[2:4].mean(axis=0), landmarks[4]
    axis = second - first
    length = float(axis @ axis)
    if length < 1e-6:
        return 0.0
    along = float((nose - first) @ axis) / length
    return max(0.0, 1.0 - 2.0 * abs(along - 0.5))
