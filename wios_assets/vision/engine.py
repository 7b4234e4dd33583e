"""The interface of face engines: frames in; boxes, scores, landmarks, chips and embeddings out."""

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
        boxes: float32 [n, 4], left, top, right, bottom in pixels of the picture given (may reach beyond it); squares
            from the eyebrows to the chin, as dlib's detectors draw them.
        scores: float32 [n], the detector's own scale; higher is surer.
        landmarks: float32 [n, 5, 2], x and y in pixels, in ArcFace's order: the eye on the picture's left, the eye on
            its right, tip of the nose, left and right corner of the mouth.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def select(self, index: NDArray[np.intp] | NDArray[np.bool_] | Sequence[int]) -> Faces:
        """The faces at `index`, in that order."""
        chosen = np.asarray(index)
        if not chosen.size:
            chosen = chosen.astype(np.intp)
        return Faces(self.boxes[chosen], self.scores[chosen], self.landmarks[chosen])


class FaceEngine(Protocol):
    """Finds faces and turns them into embeddings. One instance a process; not shared between threads."""

    name: str
    model_hash: str
    """Hash of everything that decides an embedding's value; embeddings of two hashes are never compared."""
    chip_size: int
    """Height and width of a chip in pixels."""
    embedding_length: int
    distance: Literal["euclidean", "cosine"]

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame.

        Args:
            frames: RGB pictures, uint8 [height, width, 3]; sizes may differ.
            smallest_face: height in pixels of the smallest face that must be found; None for the engine's default.
            expected: float32 [n, 4], boxes of faces seen a moment ago; there, a lower score may suffice.
        """
        ...

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, chip_size, chip_size, 3], RGB."""
        ...

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, embedding_length] of chips uint8 [n, chip_size, chip_size, 3]."""
        ...


@dataclass(frozen=True)
class EngineIdentity:
    """What is stored with embeddings of an engine: its name, its model hash, and the length of an embedding."""

    name: str
    model_hash: str
    embedding_length: int


def identity_of(engine: FaceEngine) -> EngineIdentity:
    return EngineIdentity(engine.name, engine.model_hash, engine.embedding_length)
