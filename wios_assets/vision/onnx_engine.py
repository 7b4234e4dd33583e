"""The parts of the fast engine, dlib's CNN and ResNet-29 run by ONNX Runtime, and any two parts as one engine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import CHIP_PADDING, FivePoints, file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image
from wios_assets.vision.mmod_detector import MmodDetector
from wios_assets.vision.onnx_graphs import embedder_graph
from wios_assets.vision.onnx_session import Device, open_session

PREPROCESSING = 5
"""Increase this when boxes, landmarks or chips change: older embeddings are then not compared with new ones."""

EMBED_BATCH = 16
"""Most chips in one run of the embedder; larger batches are no faster and hold more memory."""


class Detector(Protocol):
    """The half of an engine that finds faces."""

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]: ...


class Embedder(Protocol):
    """The half of an engine that turns faces into embeddings; `model_hash` names all that decides their value."""

    name: str
    model_hash: str
    chip_size: int
    length: int
    distance: Literal["euclidean", "cosine"]

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]: ...

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class CnnDetector:
    """dlib's CNN face detector with its five-point landmarks."""

    def __init__(self, windows: MmodDetector) -> None:
        self._windows = windows
        self._points = FivePoints()

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame; scores are dlib's margin, above the threshold, wherever faces are expected."""
        detections = self._windows.detect(frames, smallest_face)
        return [
            Faces(boxes, scores, self._points.landmarks(frame, boxes))
            for frame, (boxes, scores) in zip(frames, detections, strict=True)
        ]


class DlibEmbedder:
    """dlib's ResNet-29 face embedder in ONNX Runtime: 128 numbers, compared by Euclidean distance."""

    name = "onnx"
    chip_size = CHIP_SIZE
    length = 128
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, cache: Path, threads: int, device: Device) -> None:
        weights = model_path(EMBEDDER_FILE)
        self._points = FivePoints()
        self._session = open_session(embedder_graph(weights, cache), threads, device)
        self.model_hash = f"{file_hash(self._points.path)} {file_hash(weights)} {CHIP_SIZE} {CHIP_PADDING}"

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 150, 150, 3], RGB, as dlib cuts them."""
        return self._points.chips(frame, faces.boxes)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128] of chips uint8 [n, 150, 150, 3]."""
        vectors = np.empty((len(chips), self.length), dtype=np.float32)
        for start in range(0, len(chips), EMBED_BATCH):
            batch = np.ascontiguousarray(chips[start : start + EMBED_BATCH])
            vectors[start : start + EMBED_BATCH] = self._session.run(None, {"chips": batch})[0]
        return vectors


class TwoPartEngine:
    """A detector and an embedder as one engine; `FaceEngine` says what each method does."""

    def __init__(self, detector: Detector, embedder: Embedder) -> None:
        self._detector = detector
        self._embedder = embedder
        self.name = embedder.name
        self.chip_size = embedder.chip_size
        self.embedding_length = embedder.length
        self.distance = embedder.distance
        # Detectors are left out: a face is the same face whichever found it.
        facts = f"{PREPROCESSING} {embedder.model_hash}"
        self.model_hash = f"{self.name}:{hashlib.sha256(facts.encode()).hexdigest()[:16]}"

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame, uint8 [height, width, 3], the smallest of `smallest_face` pixels; boxes may reach
        beyond the frame. Near the boxes `expected`, float32 [n, 4], a lower score may suffice."""
        return self._detector.detect(frames, smallest_face, expected)

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, chip_size, chip_size, 3], RGB."""
        return self._embedder.chips(frame, faces)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, embedding_length] of chips uint8 [n, chip_size, chip_size, 3]."""
        return self._embedder.embed(chips)
