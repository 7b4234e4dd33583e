"""dlib's CNN face detector (King, Max-Margin Object Detection, 2015).

One window of 80 × 80 pixels is scored at every eighth pixel of several sizes of the picture. With 8-bit integers that
is fast, but neighbouring windows score alike and rounding decides between them; so the few windows that may be a face's
best are scored again in floating point, and boxes and scores are those of the network in floating point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.alignment import file_hash, model_path
from wios_assets.vision.boxes import iou
from wios_assets.vision.engine import Image
from wios_assets.vision.onnx_graphs import detector_graph
from wios_assets.vision.onnx_session import Device, open_session

DETECTOR_FILE = "mmod_human_face_detector.dat"
WINDOW = 80
CELL, FIRST_CELL = 8, 14
"""Score (row, column) belongs to the window centred on pixel 8 · (row, column) + 14."""
SEEN_FROM, SEEN_TO = 72, 92
"""Heights of a face on a level, in pixels, between which that level alone finds nineteen of twenty."""
LEAST_PIXELS = 8.0
"""Smallest face looked for, in pixels: a smaller one, enlarged, is only a blur."""
SEEN_CELLS, SEEN_PIXELS = 10, 29
"""A score depends on the cells up to so many away in each direction, and a cell on so many pixels from its first on."""
ROUNDING = 0.08
"""A window's score by 8-bit integers is at most this far below its score in floating point; 0.077 was measured."""
AROUND = 1
"""Cells around a window that are scored again with it; one patch then mostly settles a face on its level."""
LEAST_SIDE = 40
"""Smallest side in pixels of a picture that the network takes."""
OVERLAP = 0.3382761351109955
"""Two boxes with a larger intersection over union show the same face; the value is stored in the detector's file."""
BORDER = 11
"""Pixels around every level, so that windows may be centred near the frame's edge; as wide as dlib's."""
BORDER_COLOUR = (123, 117, 104)
"""Colour of the border, RGB: the network's mean colour, as in dlib, which is neutral."""

CUDA_BATCH = 16
"""Frames in one run on a GPU; on a CPU one frame fills the cores, and more only fill its caches."""

Found = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Boxes float32 [n, 4] and scores float32 [n]."""


@dataclass(frozen=True)
class Windows:
    """Windows that may be faces.

    Attributes:
        boxes: float32 [n, 4], left, top, right, bottom in pixels of the frame.
        scores: float32 [n].
        cells: int [n, 3], the level, row and column that each belongs to.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    cells: NDArray[np.intp]


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
        """Heights and widths of the levels for a frame of that size, largest first.

        Args:
            height: of the frame, pixels.
            width: of the frame, pixels.
            smallest_face: height in pixels of the smallest face; None for the pyramid's share.
        """
        scale = SEEN_FROM / max(smallest_face or self.smallest_face * height, LEAST_PIXELS)
        last = SEEN_TO / (self.largest_face * height)
        sizes = []
        while True:
            sizes.append((max(1, round(height * scale)), max(1, round(width * scale))))
            if scale <= last:
                return sizes
            scale *= self.ratio


class MmodDetector:
    """dlib's CNN face detector in ONNX Runtime."""

    def __init__(
        self,
        cache: Path,
        threads: int,
        device: Device,
        precision: Literal["int8", "float"],
        pyramid: Pyramid,
        threshold: float,
    ) -> None:
        weights = model_path(DETECTOR_FILE)
        self.model_hash = file_hash(weights)
        self._pyramid = pyramid
        self._threshold = threshold
        # 8-bit integers are for CPUs; a GPU has no kernel for them.
        rounded = precision == "int8" and device == "cpu"
        self._batch = CUDA_BATCH if device == "cuda" else 1
        self._exact = open_session(detector_graph(weights, cache, "float"), threads, device)
        self._session = (
            open_session(detector_graph(weights, cache, "int8"), threads, device) if rounded else self._exact
        )
        self._rounding = ROUNDING if rounded else 0.0

    def scores(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score of every window, float32 [n, rows, columns], of pictures uint8 [n, height, width, 3], at their size.

        The window of (row, column) is centred on pixel 8 · (row, column) + 14. Width must be a multiple of 4.
        """
        scores: NDArray[np.float32] = self._session.run(None, {"pictures": pictures})[0]
        return scores

    def detect(self, frames: Sequence[Image], smallest_face: float | None) -> list[Found]:
        """Boxes and scores of each frame's faces, best first; a GPU looks at frames of one size together.

        Args:
            frames: RGB, uint8 [height, width, 3].
            smallest_face: height in pixels; None for the pyramid's share of the frame height.
        """
        faces: dict[int, Found] = {}
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            by_size[frame.shape[:2]].append(index)
        batches = (
            (size, indices[start : start + self._batch])
            for size, indices in by_size.items()
            for start in range(0, len(indices), self._batch)
        )
        for (height, width), indices in batches:
            pictures = [np.ascontiguousarray(frames[index]) for index in indices]
            levels: list[NDArray[np.uint8]] = []
            windows: list[list[Windows]] = [[] for _ in indices]
            for rows, columns in self._pyramid.levels(height, width, smallest_face):
                level, pictures = _level(pictures, rows, columns)
                scale = np.array([width / columns, height / rows], dtype=np.float32)
                for some, scores in zip(windows, self.scores(level), strict=True):
                    some.append(_over(self._threshold - self._rounding, scores, scale, len(levels)))
                levels.append(level)
            for position, (index, some) in enumerate(zip(indices, windows, strict=True)):
                faces[index] = self.best([level[position] for level in levels], _joined(some))
        return [faces[index] for index in range(len(frames))]

    def best(self, levels: Sequence[NDArray[np.uint8]], windows: Windows) -> Found:
        """Non-maximum suppression by scores in floating point: boxes and scores of the faces, best first.

        A window scored with integers may score up to `ROUNDING` more; it is scored again when no other may score more.
        Most windows are suppressed by a better one before that.

        Args:
            levels: uint8 [height, width, 3], the pictures that the windows' scores were made from.
            windows: those whose scores are over the threshold less the rounding.
        """
        most = windows.scores + np.float32(self._rounding)
        exact = np.full(len(most), not self._rounding)
        left = most > self._threshold
        kept: list[int] = []
        while left.any():
            first = int(np.argmax(np.where(left, most, -np.inf)))
            if exact[first]:
                kept.append(first)
                left &= _overlaps(windows.boxes[first], windows.boxes) <= OVERLAP
                left[first] = False
            else:
                again, scores = self._scored_again(levels, windows.cells, first)
                most[again], exact[again] = scores, True
                left &= most > self._threshold
        return windows.boxes[kept], most[kept]

    def _scored_again(
        self, levels: Sequence[NDArray[np.uint8]], cells: NDArray[np.intp], chosen: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Windows whose scores a patch around the chosen one determines, and these scores in floating point.

        The patch holds everything that these scores depend on and ends at the level's edges where it reaches them, so
        that the scores equal those of the whole level.
        """
        number, *cell = cells[chosen]
        level = levels[number]
        ends = (np.array(level.shape[:2]) - SEEN_PIXELS) // CELL + 1
        start = (np.array(cell) - AROUND - SEEN_CELLS).clip(0)
        end = np.minimum(np.array(cell) + AROUND + SEEN_CELLS + 1, ends)
        (top, left), (bottom, right) = start * CELL, (end - 1) * CELL + SEEN_PIXELS
        patch = np.ascontiguousarray(level[top:bottom, left:right])[None]
        scores = self._exact.run(None, {"pictures": patch})[0][0]
        settled_from = np.where(start > 0, start + SEEN_CELLS, 0)
        settled_to = np.where(end < ends, end - SEEN_CELLS, ends)
        inside = (cells[:, 1:] >= settled_from) & (cells[:, 1:] < settled_to)
        again = np.flatnonzero((cells[:, 0] == number) & inside.all(axis=1))
        return again, scores[tuple((cells[again, 1:] - start).T)]


def _overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box [4] with others [n, 4], the last pixels included."""
    last_pixel = np.array([0, 0, 1, 1], dtype=np.float32)
    return iou(box + last_pixel, others + last_pixel)


def _resize(picture: Image, target: Image) -> None:
    # Bilinear resizing skips pixels when it more than halves a picture.
    method = cv2.INTER_AREA if 2 * target.shape[0] < picture.shape[0] else cv2.INTER_LINEAR
    cv2.resize(picture, target.shape[1::-1], dst=target, interpolation=method)


def _level(pictures: Sequence[Image], rows: int, columns: int) -> tuple[NDArray[np.uint8], list[Image]]:
    """Pictures of one size, resized and bordered: the whole, uint8 [n, height, width, 3], and its insides."""
    height, width = (max(side + 2 * BORDER, LEAST_SIDE) for side in (rows, columns))
    level = np.empty((len(pictures), height, -(-width // 4) * 4, 3), dtype=np.uint8)
    level[:, :BORDER] = level[:, BORDER + rows :] = BORDER_COLOUR
    level[:, :, :BORDER] = level[:, :, BORDER + columns :] = BORDER_COLOUR
    inside = [whole[BORDER : BORDER + rows, BORDER : BORDER + columns] for whole in level]
    for picture, target in zip(pictures, inside, strict=True):
        _resize(picture, target)
    return level, inside


def _over(threshold: float, scores: NDArray[np.float32], scale: NDArray[np.float32], level: int = 0) -> Windows:
    """Windows that score more than the threshold, in pixels of the frame that the level was resized from.

    Args:
        threshold: lowest score.
        scores: float32 [rows, columns] of a level with its border.
        scale: pixels of the frame for one of the level, x and y.
        level: number of the level.
    """
    cells = np.argwhere(scores > threshold)
    # Resizing keeps the corners of the picture, which lie half a pixel outside the centres of its first and last.
    centres = (CELL * cells[:, ::-1] + FIRST_CELL - BORDER + 0.5).astype(np.float32)
    half = np.float32((WINDOW - 1) / 2)
    boxes = np.concatenate([(centres - half) * scale, (centres + half) * scale], axis=1) - np.float32(0.5)
    return Windows(boxes, scores[tuple(cells.T)], np.insert(cells, 0, level, axis=1))


def _joined(windows: Sequence[Windows]) -> Windows:
    return Windows(
        *(np.concatenate([getattr(some, name) for some in windows]) for name in ("boxes", "scores", "cells"))
    )


def distinct(boxes: NDArray[np.float32], scores: NDArray[np.float32], overlap: float) -> Found:
    """Non-maximum suppression: the boxes that no better one overlaps by more than `overlap`, best first.

    Args:
        boxes: float32 [n, 4], left, top, right, bottom, the last pixels included.
        scores: float32 [n].
        overlap: largest intersection over union of two faces.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    kept: list[int] = []
    left = np.arange(len(boxes))
    while left.size:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[_overlaps(boxes[best], boxes[left]) <= overlap]
    return boxes[kept], scores[kept]
