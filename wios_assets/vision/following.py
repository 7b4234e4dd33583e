"""Faces found again near their places, by any detector, in crops around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Faces, Image

REACH = 0.5
"""How far the centre of a followed face may have moved, in face sizes."""
SHRINK = 0.8
"""Size of the smallest face looked for, as a share of the face's size a moment ago."""


def follow_in_crops(
    detect: Callable[[Sequence[Image], float | None], list[Faces]], frame: Image, boxes: NDArray[np.float32]
) -> tuple[Faces, NDArray[np.intp]]:
    """Each box's face found again by running `detect` on a crop around it.

    Args:
        detect: an engine's `detect`, called with the crop and the height of the smallest face.
        frame: RGB, uint8 [height, width, 3].
        boxes: float32 [n, 4], where the faces are expected.

    Returns:
        The faces found again, in the order of `boxes`, and the places in `boxes` that they belong to.
    """
    limit = np.array(frame.shape[1::-1])
    again: dict[int, Faces] = {}
    for place, box in enumerate(boxes):
        size = float((box[2:] - box[:2] + 1).mean())
        centre = (box[:2] + box[2:]) / 2
        around = size * (0.5 + REACH)
        start = np.floor(centre - around).clip(0, limit - 1).astype(int)
        end = np.ceil(centre + around).clip(start + 1, limit).astype(int)
        crop = np.ascontiguousarray(frame[start[1] : end[1], start[0] : end[0]])
        faces = detect([crop], SHRINK * size)[0]
        if len(faces):
            shifts = np.linalg.norm((faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2 + start - centre, axis=1)
            again[place] = _moved(faces.select([int(np.argmin(shifts))]), start.astype(np.float32))
    return _joined(list(again.values())), np.array(list(again), dtype=np.intp)


def _moved(faces: Faces, corner: NDArray[np.float32]) -> Faces:
    own_points = None if faces.own_points is None else faces.own_points + corner
    return Faces(faces.boxes + np.tile(corner, 2), faces.scores, faces.landmarks + corner, own_points)


def _joined(some: Sequence[Faces]) -> Faces:
    if not some:
        return Faces(*(np.empty(shape, dtype=np.float32) for shape in ((0, 4), (0,), (0, 5, 2))))
    points = [faces.own_points for faces in some if faces.own_points is not None]
    return Faces(
        np.concatenate([faces.boxes for faces in some]),
        np.concatenate([faces.scores for faces in some]),
        np.concatenate([faces.landmarks for faces in some]),
        np.concatenate(points) if len(points) == len(some) else None,
    )
