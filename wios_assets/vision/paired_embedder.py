"""dlib's and SFace's embeddings of a chip as one: what one network mistakes, the other seldom does."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.sface import LENGTH as SFACE_LENGTH
from wios_assets.vision.sface import ChipSFace

DLIB_LENGTH = 128
DLIB_SHARE, SFACE_SHARE = 0.62, 0.44
"""What each network's numbers are multiplied by. Their ratio is where known people and strangers lay farthest apart;
their size leaves distances what dlib's are, about 0.2 to 0.6 within a person and 0.6 to 1.1 between two."""


class DlibNetwork(Protocol):
    """dlib's embedder, run by dlib or by ONNX Runtime."""

    name: str
    model_hash: str
    chip_size: int

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]: ...

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class PairedEmbedder:
    """dlib's 128 numbers, then SFace's 128, each by its share; compared by Euclidean distance.

    The square of such a distance is the weighted sum of both networks' squared distances: the evidence of two
    witnesses added up (fusion of scores; Ross and Jain, Information Fusion in Biometrics, 2003).
    """

    length = DLIB_LENGTH + SFACE_LENGTH
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, first: DlibNetwork, second: ChipSFace) -> None:
        self._first, self._second = first, second
        self.name, self.chip_size = first.name, first.chip_size
        self.model_hash = f"{first.model_hash} {second.facts} {DLIB_SHARE} {SFACE_SHARE}"

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 150, 150, 3], RGB, as dlib cuts them; SFace sees no more than these."""
        return self._first.chips(frame, faces)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 256] of chips uint8 [n, 150, 150, 3]."""
        parts = [DLIB_SHARE * self._first.embed(chips), SFACE_SHARE * self._second.embed(chips)]
        return np.concatenate(parts, axis=1)


def dlib_part(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """dlib's own embeddings, float32 [n, 128], of those of a `PairedEmbedder`, float32 [n, 256]."""
    return np.asarray(vectors[:, :DLIB_LENGTH] / DLIB_SHARE, dtype=np.float32)
