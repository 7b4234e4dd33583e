"""SFace's embeddings of aligned chips (Zhong et al., SFace: Sigmoid-constrained Hypersphere Loss, 2021)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import ARCFACE_POINTS, ARCFACE_SIZE, file_hash, similarity, warped
from wios_assets.vision.face_aligner import CHIP_POINTS
from wios_assets.vision.onnx_session import Device, open_session
from wios_assets.vision.zoo import SFACE_FILE, zoo_file
from wios_assets.vision.zoo_graphs import sface_graph

LENGTH = 128
_TO_ARCFACE = similarity(CHIP_POINTS, ARCFACE_POINTS)
"""Transform [2, 3] from pixels of a padded chip to those of a chip as SFace takes it."""
_BATCH = 2
"""Chips in one run of the network; larger batches are no faster and hold more memory."""


class ChipSFace:
    """SFace for aligned chips; its eyes, nose and mouth are laid on those of the chips."""

    def __init__(self, cache: Path, threads: int, device: Device) -> None:
        sface = zoo_file(SFACE_FILE)
        self._session = open_session(sface_graph(sface, cache), threads, device)
        self.facts = f"sface {file_hash(sface)}"
        """Everything that determines a chip's embedding, as text to be hashed."""

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128], of length one, of chips uint8 [n, 180, 180, 3], RGB."""
        vectors = np.empty((len(chips), LENGTH), dtype=np.float32)
        for start in range(0, len(chips), _BATCH):
            turned = np.stack([warped(chip, _TO_ARCFACE, ARCFACE_SIZE) for chip in chips[start : start + _BATCH]])
            pixels = np.ascontiguousarray(turned.transpose(0, 3, 1, 2), dtype=np.float32)
            vectors[start : start + _BATCH] = self._session.run(None, {"data": pixels})[0]
        unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit
