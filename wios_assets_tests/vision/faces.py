"""Pictures with real faces that every installation has, and dlib's own way of looking at one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.cbook
import numpy as np
import skimage.data
from numpy.typing import NDArray

from wios_assets.vision.engine import Image
from wios_assets.vision.options import EngineOptions
from wios_assets.vision.photos import read_photo

PADDING, OUTER_PADDING = 10, 11
MEAN_COLOUR = (123, 117, 104)


def package_pictures() -> dict[str, Image]:
    """Astronaut Eileen Collins and Grace Hopper: they come with scikit-image and matplotlib."""
    hopper = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return {"astronaut": np.asarray(skimage.data.astronaut()), "hopper": read_photo(Path(hopper))}


def options(cache: Path, **changed: Any) -> EngineOptions:
    """Options of the fast engine, on one thread."""
    usual: dict[str, Any] = {
        "engine": "onnx",
        "cache": str(cache),
        "threads": 1,
        "device": "cpu",
        "detector_precision": "int8",
        "smallest_face": 1 / 12,
        "largest_face": 1.0,
        "pyramid_ratio": 0.7,
        "detector_threshold": None,
    }
    return EngineOptions(**{**usual, **changed})


def dlib_sheet(picture: Image) -> tuple[Image, list[tuple[int, int]], list[tuple[int, int]]]:
    """The one sheet that dlib lays a picture's pyramid out on before it runs its detector.

    Returns:
        The sheet, uint8 [height, width, 3], its width a multiple of 4; each level's height and width; each level's
        top and left on the sheet. Levels run down below the picture, then up again along the right side.
    """
    height, width = picture.shape[:2]
    sizes = [(height, width)]
    while True:
        rows, columns = (5 * side // 6 for side in sizes[-1])
        if rows < 5 or not columns:
            break
        sizes.append((rows, columns))
    total = sum(rows + PADDING for rows, _ in sizes) - 2 * PADDING
    down, before = 0, 0
    for rows, columns in sizes:
        if columns <= width - before - PADDING and 2 * (down - height) >= total - height:
            break
        down, before = down + rows + PADDING, columns
    down -= PADDING
    positions: list[tuple[int, int]] = []
    top = OUTER_PADDING
    while top < down and len(positions) < len(sizes):
        positions.append((top, OUTER_PADDING))
        top += sizes[len(positions) - 1][0] + PADDING
    bottom = top - PADDING
    for rows, columns in sizes[len(positions) :]:
        position = (bottom - rows, OUTER_PADDING + width - columns)
        if position[0] < OUTER_PADDING + height:
            break
        positions.append(position)
        bottom -= rows + PADDING
    sheet = np.empty((down + 2 * OUTER_PADDING, -(-(width + 2 * OUTER_PADDING) // 4) * 4, 3), dtype=np.uint8)
    sheet[:] = MEAN_COLOUR
    level: NDArray[np.uint8] = picture
    for (rows, columns), (top, left) in zip(sizes, positions, strict=False):
        level = _bilinear(level, rows, columns)
        sheet[top : top + rows, left : left + columns] = level
    return sheet, sizes[: len(positions)], positions


def _bilinear(picture: Image, rows: int, columns: int) -> Image:
    """As dlib resizes: first and last pixels keep their positions."""
    height, width = picture.shape[:2]
    if (height, width) == (rows, columns):
        return picture
    y = np.linspace(0, height - 1, rows)[:, None, None]
    x = np.linspace(0, width - 1, columns)[None, :, None]
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    rows_of = [
        (1 - (x - left)) * picture[at[:, 0, 0]][:, left[0, :, 0]] + (x - left) * picture[at[:, 0, 0]][:, right[0, :, 0]]
        for at in (top, bottom)
    ]
    turned: Image = np.rint((1 - (y - top)) * rows_of[0] + (y - top) * rows_of[1]).astype(np.uint8)
    return turned
