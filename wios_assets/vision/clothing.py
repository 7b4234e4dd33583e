"""What somebody wears, as far as the picture below the face shows it: a histogram of its colours.

Two such histograms are compared by their Hellinger distance, 0 to 1 (from the Bhattacharyya coefficient, as in
Comaniciu, Ramesh and Meer, Kernel-based object tracking, PAMI 2003).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Image

BINS = (8, 17, 17)
"""Steps of lightness (L*), of green to red (a*) and of blue to yellow (b*)."""

CLOTHING_LENGTH = BINS[0] * BINS[1] * BINS[2]
PATCH = 32
"""Height and width in pixels of the patch that is counted."""

_HALF_WIDTH, _TOP, _BOTTOM = 0.8, 0.6, 2.0
"""The patch in face sizes: from the face's middle to either side, and from its lower edge down."""

_LEAST_SEEN = 0.5
"""Share of the patch's width and of its height that must lie in the picture."""

_FEWEST_PIXELS = 4
_COLOURFUL = 40.0
"""Colour (a*, b*) from which on all counts as one; clothes seldom reach it."""


def clothing_patch(image: Image, box: NDArray[np.float32]) -> Image | None:
    """The picture below a face, uint8 [32, 32, 3], RGB; None where too little of it is in the picture.

    Args:
        image: the whole picture, uint8 [height, width, 3], RGB.
        box: the face, float32 [4]: left, top, right, bottom in pixels.
    """
    left, top, right, bottom = (float(edge) for edge in box)
    size = float(np.sqrt(max(right - left, 0.0) * max(bottom - top, 0.0)))
    middle = (left + right) / 2
    x_from, x_to = middle - _HALF_WIDTH * size, middle + _HALF_WIDTH * size
    y_from, y_to = bottom + _TOP * size, bottom + _BOTTOM * size
    x_0, x_1 = max(0, int(x_from)), min(image.shape[1], int(x_to))
    y_0, y_1 = max(0, int(y_from)), min(image.shape[0], int(y_to))
    if x_1 - x_0 < max(_LEAST_SEEN * (x_to - x_from), _FEWEST_PIXELS):
        return None
    if y_1 - y_0 < max(_LEAST_SEEN * (y_to - y_from), _FEWEST_PIXELS):
        return None
    patch = cv2.resize(image[y_0:y_1, x_0:x_1], (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    return np.asarray(patch, dtype=np.uint8)


def clothing_colours(patch: Image) -> NDArray[np.uint8]:
    """The patch's colours, uint8 [CLOTHING_LENGTH]: the square root of each bin's share, 255 for the whole.

    Each pixel counts for the eight bins around its colour, for each the more the nearer.

    Args:
        patch: uint8 [n, m, 3], RGB.
    """
    lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    lab[:, 1:] = (np.clip(lab[:, 1:], -_COLOURFUL, _COLOURFUL) + _COLOURFUL) / (2 * _COLOURFUL)
    lab[:, 0] /= 100
    steps = np.asarray(BINS) - 1
    places = lab.clip(0.0, 1.0) * steps
    low = np.minimum(np.floor(places).astype(np.int64), steps - 1)
    part = places - low
    counts = np.zeros(CLOTHING_LENGTH)
    for corner in np.ndindex(2, 2, 2):
        weights = np.where(np.asarray(corner, dtype=bool), part, 1.0 - part).prod(axis=1)
        bins = np.ravel_multi_index(tuple((low + corner).T), BINS)
        counts += np.bincount(bins, weights, CLOTHING_LENGTH)
    roots: NDArray[np.uint8] = np.rint(255 * np.sqrt(counts / counts.sum())).astype(np.uint8)
    return roots
