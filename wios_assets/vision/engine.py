"""What a face engine is: frames in; boxes, scores, landmarks, chips and embeddings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

CHIP_SIZE = 150
"""Height and width in pixels of the chips that dlib's embedder takes."""

Image = NDArray[np.uint8]
"""RGB picture, uint8 [height, width, 3]."""


@dataclass(frozen=True)
class Faces:
    """Faces of one picture, best score first.

    Attributes:
        boxes: float32 [n, 4], left, top, right, bottom in pixels of the picture given (may reach beyond it).
        scores: float32 [n], the detector's own scale; higher is surer.
        landmarks: float32 [n, 5, 2], x and y in pixels, in dlib's order: outer and inner corner of the eye on the
            picture's right, outer and inner corner of the eye on the picture's left, base of the nose.
        own_points: float32 [n, 5, 2] where the detector finds points of its own that an embedder aligns by: the eye
            on the picture's left, the eye on its right, tip of the nose, left and right corner of the mouth.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    own_points: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def select(self, index: NDArray[np.intp] | NDArray[np.bool_] | Sequence[int]) -> Faces:
        """The faces at `index`, in that order."""
        chosen = np.asarray(index)
        if not chosen.size:
            chosen = chosen.astype(np.intp)
        own_points = None if self.own_points is None else self.own_points[chosen]
        return Faces(self.boxes[chosen], self.scores[chosen], self.landmarks[chosen], own_points)


class FaceEngine(Protocol):
    """Finds faces and turns them into embeddings. One instance a process; not shared between threads."""

    name: str
    model_hash: str
    """Hash of everything that decides an embedding's value; embeddings of two hashes are never compared."""
    chip_size: int
    """Height and width of a chip in pixels."""
    embedding_length: int
    distance: Literal["euclidean", "cosine"]

    def detect(self, frames: Sequence[Image], smallest_face: float | None = None) -> list[Faces]:
        """Faces of each frame.

        Args:
            frames: RGB pictures, uint8 [height, width, 3]; sizes may differ.
            smallest_face: height in pixels of the smallest face that must be found; None for the engine's default.
        """
        ...

    def follow(self, frame: Image, boxes: NDArray[np.float32]) -> tuple[Faces, NDArray[np.intp]]:
        """Faces seen a moment ago, looked for near their places and of nearly their size; far cheaper than `detect`.

        Args:
            frame: RGB picture, uint8 [height, width, 3].
            boxes: float32 [n, 4], where the faces are expected.

        Returns:
            The faces found again, in the order of `boxes`, and the places in `boxes` that they belong to.
        """
        ...

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, chip_size, chip_size, 3], RGB."""
        ...

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, embedding_length] of chips uint8 [n, chip_size, chip_size, 3]."""
        ...
