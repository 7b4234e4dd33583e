"""Where a face is in the samples between two searches of the whole picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.chips import judge_chip
from wios_assets.vision.clothing import clothing_patch
from wios_assets.vision.engine import FaceEngine, Faces, Image
from wios_assets.vision.tracklets import match_boxes, overlap

MOST_MISSES = 1
"""Samples in a row in which a pursued face may fail to show before it counts as gone."""

SAME_FACE_OVERLAP = 0.4
"""Two boxes of one sample with a larger intersection over union show the same face."""


@dataclass
class SeenFace:
    """A face of a sample.

    Attributes:
        box: float32 [4], left, top, right, bottom in pixels.
        score: detector's score; None where the face was followed and not detected.
        landmarks: float32 [5, 2] in pixels; None where it was followed.
        sharpness: variance of the chip's Laplacian; None where it was followed.
        frontality: 0 to 1; None where it was followed.
        quality: 0 to 1, what the chip is worth.
        chip: uint8 [n, n, 3], RGB, n being the engine's chip size; None where it was followed.
        clothing: the picture below the face, uint8 [32, 32, 3], RGB; None where it is out of the picture, or the face
            was followed.
    """

    box: NDArray[np.float32]
    score: float | None = None
    landmarks: NDArray[np.float32] | None = None
    sharpness: float | None = None
    frontality: float | None = None
    quality: float = 0.0
    chip: Image | None = None
    clothing: Image | None = None


@dataclass
class Look:
    """A sample whose faces are being settled.

    Attributes:
        number: the sample's number.
        time_s: the sample's time, seconds.
        frame_s: time of its picture, seconds.
        image: RGB picture in display coordinates; None for a near-duplicate, and once the faces are settled.
        same_as: for a near-duplicate, the look whose faces it inherits.
        faces: the faces settled so far.
    """

    number: int
    time_s: float
    frame_s: float
    image: Image | None = None
    same_as: Look | None = None
    faces: list[SeenFace] = field(default_factory=list)

    @property
    def boxes(self) -> NDArray[np.float32]:
        """float32 [n, 4], the faces' boxes."""
        return np.array([f.box for f in self.faces], dtype=np.float32).reshape(-1, 4)


def search(engine: FaceEngine, look: Look, smallest_face: float, most: int) -> None:
    """Settle the faces of a sample by searching the whole picture: best first, at most `most` of them.

    Args:
        engine: finds the faces.
        look: the sample; its `faces` are set.
        smallest_face: height in pixels of the smallest face that must be found.
        most: largest number of faces.
    """
    assert look.image is not None
    faces = engine.detect([look.image], smallest_face)[0]
    look.faces = _with_chips(engine, look.image, faces.select(np.arange(min(len(faces), most))))


def follow_between(
    engine: FaceEngine, before: Look, after: Look, between: Sequence[Look], largest_shift: float, largest_growth: float
) -> None:
    """Settle the faces of the samples between two that were searched.

    A face that both have at nearly the same place is taken to have moved evenly from one to the other. Any other is
    pursued from sample to sample around where it was last: onwards from `before` up to `after`, which thereby gets
    faces that its search just missed, and backwards from `after`.

    Args:
        engine: finds faces where they are expected.
        before: an earlier sample with its faces.
        after: a later sample with its faces; more may be added.
        between: the samples between them, in order of time; their `faces` are set.
        largest_shift: how far a face may move from one to the other for evenness to be assumed, in face sizes.
        largest_growth: how much it may grow, as a ratio.
    """
    pairs = match_boxes(before.boxes, after.boxes, largest_shift, largest_growth) if largest_shift > 0 else []
    for look in between:
        part = np.float32((look.time_s - before.time_s) / (after.time_s - before.time_s))
        look.faces = [
            SeenFace(before.faces[i].box + part * (after.faces[j].box - before.faces[i].box)) for i, j in pairs
        ]
    gone = [face.box for i, face in enumerate(before.faces) if i not in {i for i, _ in pairs}]
    come = [face.box for j, face in enumerate(after.faces) if j not in {j for _, j in pairs}]
    _pursue(engine, gone, [*between, after])
    _pursue(engine, come, between[::-1])


def follow_on(engine: FaceEngine, before: Look, later: Sequence[Look]) -> None:
    """Settle the faces of samples after the last one that was searched: those that it had, as long as they stay."""
    _pursue(engine, [face.box for face in before.faces], later)


def _pursue(engine: FaceEngine, boxes: list[NDArray[np.float32]], looks: Iterable[Look]) -> None:
    """Look for faces in one sample after the other until each is gone, or meets one that is known already."""
    chased = [(box, 0) for box in boxes]
    for look in looks:
        if not chased:
            return
        assert look.image is not None
        found, places = engine.follow(look.image, np.array([box for box, _ in chased], dtype=np.float32))
        taken = [face.box for face in look.faces]
        new = []
        for i, box in enumerate(found.boxes):
            if all(overlap(box, other) <= SAME_FACE_OVERLAP for other in taken):
                taken.append(box)
                new.append(i)
        seen = _with_chips(engine, look.image, found.select(new))
        look.faces.extend(seen)
        missed = [(box, misses + 1) for i, (box, misses) in enumerate(chased) if i not in set(places.tolist())]
        chased = [(face.box, 0) for face in seen] + [(box, misses) for box, misses in missed if misses <= MOST_MISSES]


def _with_chips(engine: FaceEngine, image: Image, faces: Faces) -> list[SeenFace]:
    seen = []
    for i, chip in enumerate(engine.chips(image, faces)):
        score = float(faces.scores[i])
        worth = judge_chip(chip, faces.boxes[i], faces.landmarks[i], score)
        seen.append(
            SeenFace(
                faces.boxes[i],
                score,
                faces.landmarks[i],
                worth.sharpness,
                worth.frontality,
                worth.quality,
                chip,
                clothing_patch(image, faces.boxes[i]),
            )
        )
    return seen
