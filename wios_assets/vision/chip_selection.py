"""Selects the faces of a tracklet that become chips: the best of each stretch of time, so that they are spread over
it, and only two of them where these agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wios_assets.vision.engine import Faces, Image

_REACH = 1.1
"""How far a crop reaches from the face's centre to either side, in box sides: a turned chip's corners lie within."""
_LARGEST_BOX = 180.0
"""Side in pixels of the largest box in a crop; a chip shows it at 128."""

SETTLED = 0.35
"""Distance of two chips of a tracklet, the best one and the one farthest from it in time, up to which its other chips
are not embedded. On films with truth the names are the same from 0.3 to 0.4; where the two best are compared instead,
wherever they lie, some are lost at 0.35."""


@dataclass(frozen=True)
class Candidate:
    """A face that may become a chip.

    Attributes:
        face: id of the face.
        tracklet: the tracklet that it belongs to.
        quality: 0 to 1.
        crop: the picture around it, uint8 [height, width, 3], RGB.
        faces: the one face, in pixels of the crop.
    """

    face: int
    tracklet: int
    quality: float
    crop: Image
    faces: Faces


class ChipSelection:
    """The candidates of the open tracklets; memory is bounded by the chips that a tracklet may have."""

    def __init__(self, chips_per_tracklet: int, spacing_s: float) -> None:
        self._most = chips_per_tracklet
        self._spacing_s = spacing_s
        self._best: dict[int, dict[int, Candidate]] = defaultdict(dict)

    def wants(self, tracklet: int, quality: float, seconds: float) -> bool:
        """Whether a face would be kept, `seconds` after its tracklet began."""
        now = self._best[tracklet].get(int(seconds / self._spacing_s))
        return now is None or now.quality < quality

    def offer(self, candidate: Candidate, seconds: float) -> None:
        """Keep a face as the best of its stretch, and of all other stretches only the best ones."""
        best = self._best[candidate.tracklet]
        stretch = int(seconds / self._spacing_s)
        best[stretch] = candidate
        if len(best) > self._most + 1:
            del best[min((key for key in best if key != stretch), key=lambda key: best[key].quality)]

    def take(self, tracklet: int) -> list[Candidate]:
        """The chosen faces of a tracklet that has ended, best first."""
        best = sorted(self._best.pop(tracklet, {}).values(), key=lambda candidate: -candidate.quality)
        return best[: self._most]


def first_two(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """A tracklet's chips, best first, divided into those that are embedded first and the rest.

    The first are the best and the one farthest from it in time: two people in one tracklet lie at its two ends.
    """
    if len(candidates) <= 2:
        return list(candidates), []
    best = candidates[0]
    far = max(candidates[1:], key=lambda candidate: abs(candidate.face - best.face))
    return [best, far], [candidate for candidate in candidates[1:] if candidate is not far]


def crop_face(image: Image, faces: Faces) -> tuple[Image, Faces]:
    """The picture around one face, shrunk where the face is large, and the face in pixels of that.

    Args:
        image: RGB, uint8 [height, width, 3].
        faces: the one face, in pixels of the picture.
    """
    box = faces.boxes[0]
    side = float((box[2:] - box[:2]).mean())
    centre = (box[:2] + box[2:]) / 2
    limit = np.array(image.shape[1::-1])
    start = np.floor(centre - _REACH * side).clip(0, limit - 1).astype(int)
    end = np.ceil(centre + _REACH * side).clip(start + 1, limit).astype(int)
    part = image[start[1] : end[1], start[0] : end[0]]
    scale = min(1.0, _LARGEST_BOX / max(side, 1.0))
    if scale < 1:
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        crop = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    else:
        crop = part.copy()
    shrink = np.array([crop.shape[1] / part.shape[1], crop.shape[0] / part.shape[0]], dtype=np.float32)
    corner = start.astype(np.float32)
    boxes = (faces.boxes - np.tile(corner, 2)) * np.tile(shrink, 2)
    return crop, Faces(boxes, faces.scores, (faces.landmarks - corner) * shrink)
