"""Boxes of faces: left, top, right, bottom in pixels, as edges, so that right minus left is the width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def iou(boxes: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of boxes, broadcast over all axes but the last.

    Args:
        boxes, others: float [..., 4]; boxes whose last pixel is included have 1 added to right and bottom first.

    Returns:
        float [...], 0 to 1, in the precision of the boxes; 0 where neither box has an area.
    """
    shared = (np.minimum(boxes[..., 2:], others[..., 2:]) - np.maximum(boxes[..., :2], others[..., :2])).clip(0)
    intersection = shared.prod(axis=-1)
    areas = [(each[..., 2:] - each[..., :2]).prod(axis=-1) for each in (boxes, others)]
    union = areas[0] + areas[1] - intersection
    result: NDArray[Any] = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    return result
