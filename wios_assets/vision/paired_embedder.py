"""dlib's and SFace's embeddings of a chip side by side: two networks make fewer mistakes than one."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.face_aligner import PADDED_SIZE, FaceAligner, dlib_chips
from wios_assets.vision.sface import LENGTH as SFACE_LENGTH
from wios_assets.vision.sface import ChipSFace

DLIB_LENGTH = 128
DLIB_SHARE, SFACE_SHARE = 0.4, 0.515
"""Factors of the two networks' numbers. This ratio separates known people and strangers best; their size keeps
distances on dlib's scale, about 0.2 to 0.6 within a person and 0.6 to 1.1 between two."""


class DlibNetwork(Protocol):
    """dlib's embedder, run by dlib or by ONNX Runtime."""

    name: str
    model_hash: str

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class PairedEmbedder:
    """dlib's 128 numbers, then SFace's 128, each by its share; compared by Euclidean distance.

    The square of such a distance is the weighted sum of both networks' squared distances (fusion of scores; Ross and
    Jain, Information Fusion in Biometrics, 2003).
    """

    chip_size = PADDED_SIZE
    length = DLIB_LENGTH + SFACE_LENGTH
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, first: DlibNetwork, second: ChipSFace, aligner: FaceAligner) -> None:
        self._first, self._second, self._aligner = first, second, aligner
        self.name = first.name
        self.model_hash = f"{first.model_hash} {second.facts} {aligner.facts} {DLIB_SHARE} {SFACE_SHARE}"

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 180, 180, 3], RGB, of faces found in a frame uint8 [height, width, 3]."""
        return self._aligner.chips(frame, faces)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 256] of chips uint8 [n, 180, 180, 3]."""
        parts = [DLIB_SHARE * self._first.embed(dlib_chips(chips)), SFACE_SHARE * self._second.embed(chips)]
        return np.concatenate(parts, axis=1)


def dlib_part(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """dlib's embeddings, float32 [n, 128], taken from those of a `PairedEmbedder`, float32 [n, 256]."""
    return np.asarray(vectors[:, :DLIB_LENGTH] / DLIB_SHARE, dtype=np.float32)
