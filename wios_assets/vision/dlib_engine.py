"""The reference engine: the HOG detector, landmarks and embedder that face_recognition runs, through dlib itself.

dlib is called directly with the files of face_recognition_models: importing face_recognition would also load its
68-point landmarks, which nothing here uses, and would make Pillow accept truncated pictures.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Literal

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import CHIP_PADDING, FivePoints, file_hash, model_path
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image

EMBEDDER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
WINDOW = 80
"""Height in pixels of the smallest face that dlib's detectors see."""

PREPROCESSING = 2
"""Increase this when boxes, landmarks or chips change: older embeddings are then not compared with new ones."""


class DlibEngine:
    """face_recognition's `hog` model, five-point landmarks and encodings, as `face_recognition` calls them."""

    name = "dlib"
    chip_size = CHIP_SIZE
    embedding_length = 128
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, threshold: float = 0.0) -> None:
        self._threshold = threshold
        self._detector = dlib.get_frontal_face_detector()
        self._points = FivePoints()
        embedder = model_path(EMBEDDER_FILE)
        self._embedder = dlib.face_recognition_model_v1(str(embedder))
        parts = (
            f"{PREPROCESSING}",
            "hog",
            file_hash(self._points.path),
            file_hash(embedder),
            f"{CHIP_SIZE} {CHIP_PADDING}",
        )
        self.model_hash = "dlib:" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        """Faces of each frame by dlib's HOG detector.

        Args:
            frames: RGB pictures, uint8 [height, width, 3]; sizes may differ.
            smallest_face: height in pixels of the smallest face that must be found; the frame is doubled until that
                reaches the detector's window of 80 px, or shrunk where it is above it. None for face_recognition's
                default: doubled once.
            expected: not used.

        Returns:
            One `Faces` a frame. Boxes are cut at the frame's edges, as face_recognition cuts them; scores are
            dlib's, above the threshold.
        """
        return [self._detect(frame, smallest_face) for frame in frames]

    def _detect(self, frame: Image, smallest_face: float | None) -> Faces:
        height, width = frame.shape[:2]
        frame = np.ascontiguousarray(frame)
        shrink, doublings = 1.0, 1
        if smallest_face is not None:
            doublings = max(0, math.ceil(math.log2(WINDOW / smallest_face)))
            shrink = min(1.0, WINDOW / smallest_face)
        seen = frame
        if shrink < 1:
            seen = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
        rectangles, scores, _ = self._detector.run(seen, doublings, self._threshold)
        corners = [(box.left(), box.top(), box.right(), box.bottom()) for box in rectangles]
        raw = np.asarray(corners, dtype=np.float64).reshape(-1, 4)
        boxes = np.rint(raw / shrink).clip(0, [width, height, width, height]).astype(np.float32)
        order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
        landmarks = self._points.landmarks(frame, boxes[order])
        return Faces(boxes[order], np.asarray(scores, dtype=np.float32)[order], landmarks)

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 150, 150, 3], RGB."""
        return self._points.chips(frame, faces.boxes)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128] of chips uint8 [n, 150, 150, 3]; compare by Euclidean distance."""
        if not len(chips):
            return np.empty((0, self.embedding_length), dtype=np.float32)
        vectors = self._embedder.compute_face_descriptor(list(chips))
        return np.asarray(vectors, dtype=np.float32)
