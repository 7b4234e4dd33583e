"""The fast engine: dlib's CNN face detector and embedder, run by ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.vision.alignment import CHIP_PADDING, FivePoints, file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image
from wios_assets.vision.onnx_graphs import detector_graph, embedder_graph

DETECTOR_FILE = "mmod_human_face_detector.dat"
WINDOW = 80
"""Height in pixels of the detection window, on the level that the detector runs on."""
CELL, FIRST_CELL = 8, 14
"""Score (row, column) belongs to the window centred on pixel 8 · (row, column) + 14."""
OVERLAP = 0.3382761351109955
"""Two boxes with a larger intersection over union show the same face; the figure stands in the detector's file."""
BORDER = 11
"""Black pixels around every level, so that windows may be centred on the frame's edge; as wide as dlib's."""

PREPROCESSING = 1
"""Raise this when boxes, landmarks or chips are made differently: embeddings of before are then not compared."""

EMBED_BATCH = 16
"""Most chips in one run of the embedder; larger batches are no faster and hold more memory."""


@dataclass(frozen=True)
class Pyramid:
    """Which sizes of a frame the detector looks at.

    Attributes:
        smallest_face: height of the smallest face that must be found, as a share of the frame height; it decides
            the largest level.
        largest_face: height of the largest face, as a share of the frame height; it decides the smallest level.
        ratio: size of a level as a share of the one above it; dlib's own is 5/6.
    """

    smallest_face: float
    largest_face: float
    ratio: float

    def levels(self, height: int, width: int, smallest_face: float | None = None) -> list[tuple[int, int]]:
        """Heights and widths of the levels for a frame of that size, largest first."""
        scale = WINDOW / (smallest_face or self.smallest_face * height)
        last = WINDOW / (self.largest_face * height)
        sizes = []
        while True:
            sizes.append((max(8, round(height * scale)), max(8, round(width * scale))))
            scale *= self.ratio
            if scale < last:
                return sizes


def session(path: Path, threads: int, device: Literal["cpu", "cuda"]) -> Any:
    """ONNX Runtime session of a graph.

    Raises:
        WiosError: the device is absent, or the file is no graph that the runtime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    if device == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise WiosError(
                "device `cuda`: this ONNX Runtime has no CUDA; install onnxruntime-gpu in place of onnxruntime, "
                "or set device to `cpu`"
            )
        providers.insert(0, "CUDAExecutionProvider")
    try:
        made = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise WiosError(
            f"{path}: ONNX Runtime cannot load it ({error}); remove the file to have it made anew"
        ) from None
    if device == "cuda" and "CUDAExecutionProvider" not in made.get_providers():
        raise WiosError(
            "device `cuda`: no CUDA device answers; check the driver with nvidia-smi, or set device to `cpu`"
        )
    return made


class MmodDetector:
    """dlib's CNN face detector (max-margin object detection, King 2015) over an image pyramid."""

    def __init__(
        self,
        cache: Path,
        threads: int,
        device: Literal["cpu", "cuda"],
        precision: Literal["int8", "float"],
        pyramid: Pyramid,
        threshold: float,
    ) -> None:
        weights = model_path(DETECTOR_FILE)
        self.pyramid = pyramid
        self.threshold = threshold
        # Whole numbers of 8 bits are for CPUs; a GPU has no kernel for them.
        self._session = session(
            detector_graph(weights, cache, "float" if device == "cuda" else precision), threads, device
        )

    def scores(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score of every window, float32 [n, rows, columns], of pictures uint8 [n, height, width, 3], at their size.

        The window of (row, column) is centred on pixel 8 · (row, column) + 14. Width must be a multiple of 4.
        """
        return self._session.run(None, {"pictures": pictures})[0]

    def detect(
        self, frames: Sequence[Image], smallest_face: float | None
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Boxes float32 [n, 4] and scores float32 [n] of each frame, best first; frames of one size are batched."""
        found: list[list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = [[] for _ in frames]
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            by_size[frame.shape[:2]].append(index)
        for (height, width), indices in by_size.items():
            pictures = [np.ascontiguousarray(frames[index]) for index in indices]
            for rows, columns in self.pyramid.levels(height, width, smallest_face):
                level, pictures = _level(pictures, rows, columns)
                maps = self.scores(level)
                scale = np.array([width / columns, height / rows] * 2, dtype=np.float32)
                for index, some in zip(indices, maps, strict=True):
                    cells = np.argwhere(some > self.threshold)
                    if len(cells):
                        found[index].append((_windows(cells) * scale - np.float32(0.5), some[tuple(cells.T)]))
        return [_distinct_of(levels) for levels in found]


NOTHING = (np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.float32))


def _level(pictures: Sequence[Image], rows: int, columns: int) -> tuple[NDArray[np.uint8], list[Image]]:
    """Pictures of one size, resized and set on black: the whole, uint8 [n, height, width, 3], and its insides."""
    level = np.zeros((len(pictures), rows + 2 * BORDER, -(-(columns + 2 * BORDER) // 4) * 4, 3), dtype=np.uint8)
    inside = [whole[BORDER : BORDER + rows, BORDER : BORDER + columns] for whole in level]
    for picture, place in zip(pictures, inside, strict=True):
        # Bilinear resizing skips pixels when it more than halves a picture.
        method = cv2.INTER_AREA if 2 * rows < picture.shape[0] else cv2.INTER_LINEAR
        cv2.resize(picture, (columns, rows), dst=place, interpolation=method)
    return level, inside


def _windows(cells: NDArray[np.intp]) -> NDArray[np.float32]:
    """Windows of cells [n, 2], row and column: float32 [n, 4] in the level's pixels, corners of pixels at whole
    numbers, as resizing counts them."""
    centres = (CELL * cells[:, ::-1] + FIRST_CELL - BORDER + 0.5).astype(np.float32)
    half = np.float32((WINDOW - 1) / 2)
    return np.concatenate([centres - half, centres + half], axis=1)


def _distinct_of(
    levels: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if not levels:
        return NOTHING
    boxes, scores = zip(*levels, strict=True)
    return distinct(np.concatenate(boxes), np.concatenate(scores), OVERLAP)


def distinct(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], overlap: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes [n, 4] that no better-scored box overlaps by more than `overlap` (intersection over union), best first."""
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1)
    kept = []
    left = np.arange(len(boxes))
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[left, 2:]) - np.maximum(boxes[best, :2], boxes[left, :2]) + 1
        common = sides.clip(0).prod(axis=1)
        left = left[common <= overlap * (areas[best] + areas[left] - common)]
    return boxes[kept], scores[kept]


class DlibEmbedder:
    """dlib's ResNet-29 face embedder: 128 numbers, compared by Euclidean distance."""

    length = 128
    distance: Literal["euclidean", "cosine"] = "euclidean"

    def __init__(self, cache: Path, threads: int, device: Literal["cpu", "cuda"]) -> None:
        weights = model_path(EMBEDDER_FILE)
        self.model_hash = file_hash(weights)
        self._session = session(embedder_graph(weights, cache), threads, device)

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

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Aligned face chips, uint8 [n, 150, 150, 3], RGB."""
        return self._points.chips(frame, faces)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, embedding_length] of chips uint8 [n, 150, 150, 3]."""
        return self._embedder.embed(chips)
