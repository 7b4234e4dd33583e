"""The fast engine: dlib's CNN face detector and embedder, run by ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import CHIP_PADDING, FivePoints, file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image
from wios_assets.vision.mmod_detector import MmodDetector
from wios_assets.vision.onnx_graphs import embedder_graph
from wios_assets.vision.onnx_session import Device, open_session

PREPROCESSING = 1
"""Raise this when boxes, landmarks or chips are made differently: embeddings of before are then not compared."""

EMBED_BATCH = 16
"""Most chips in one run of the embedder; larger batches are no faster and hold more memory."""


class DlibEmbedder:
    """dlib's ResNet-29 face embedder in ONNX Runtime: 128 numbers, compared by Euclidean distance."""

    length = 128
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, cache: Path, threads: int, device: Device) -> None:
        weights = model_path(EMBEDDER_FILE)
        self.model_hash = file_hash(weights)
        self._session = open_session(embedder_graph(weights, cache), threads, device)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128] of chips uint8 [n, 150, 150, 3]."""
        vectors = np.empty((len(chips), self.length), dtype=np.float32)
        for start in range(0, len(chips), EMBED_BATCH):
            batch = np.ascontiguousarray(chips[start : start + EMBED_BATCH])
            vectors[start : start + EMBED_BATCH] = self._session.run(None, {"chips": batch})[0]
        return vectors


class OnnxEngine:
    """The CNN detector and the embedder in ONNX Runtime, with dlib's five-point landmarks and chips."""

    name = "onnx"

    def __init__(self, detector: MmodDetector, embedder: DlibEmbedder) -> None:
        self._detector = detector
        self._embedder = embedder
        self._points = FivePoints()
        self.embedding_length = embedder.length
        self.distance = embedder.distance
        parts = (
            f"{PREPROCESSING}",
            file_hash(self._points.path),
            embedder.model_hash,
            f"{CHIP_SIZE} {CHIP_PADDING}",
        )
        self.model_hash = "onnx:" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]

    def detect(self, frames: Sequence[Image], smallest_face: float | None = None) -> list[Faces]:
        """Faces of each frame.

        Args:
            frames: RGB pictures, uint8 [height, width, 3]; sizes may differ, those of one size are batched.
            smallest_face: height in pixels of the smallest face that must be found; None for the pyramid's share
                of the frame height.

        Returns:
            One `Faces` a frame; boxes may reach beyond it. Scores are dlib's margin, above the threshold.
        """
        found = self._detector.detect(frames, smallest_face)
        return [
            Faces(boxes, scores, self._points.landmarks(frame, boxes))
            for frame, (boxes, scores) in zip(frames, found, strict=True)
        ]

    def follow(self, frame: Image, boxes: NDArray[np.float32]) -> tuple[Faces, NDArray[np.intp]]:
        """The faces of `boxes`, float32 [n, 4], that are found again near their place, and which boxes these are."""
        now, scores = self._detector.follow(frame, boxes)
        again = np.flatnonzero(np.isfinite(scores))
        return Faces(now[again], scores[again], self._points.landmarks(frame, now[again])), again

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 150, 150, 3], RGB."""
        return self._points.chips(frame, faces)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, embedding_length] of chips uint8 [n, 150, 150, 3]."""
        return self._embedder.embed(chips)
