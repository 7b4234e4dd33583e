"""Pictures that stand for people: cropped to the face, and neither dark nor flat."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps

from wios_assets.errors import WiosError
from wios_assets.lake.library import Library, Row

PORTRAIT_SIDE = 240
MARGIN = 0.35
"""Room around a face in a portrait, as a share of the face's height, on each side."""
CANDIDATES = 4
"""Chips of a person that are looked at, the best by quality."""
# Mean and spread of grey levels, 0 to 255, below which a face is hard to recognise.
_DARK, _FLAT = 60.0, 28.0
# Grey level up to which a pixel is black, as what lies outside of the frame is in a chip.
_BLACK = 6.0

Box = tuple[float, float, float, float]


def cropped_to_face(picture: Image.Image, box: Box, width: int, height: int) -> Image.Image:
    """The square around a face, at most `PORTRAIT_SIDE` pixels wide.

    Args:
        picture: the photo in any size.
        box: left, top, right and bottom of the face in a photo of `width` × `height` pixels.
    """
    left, top, right, bottom = box
    side = min(max(right - left, bottom - top) * (1 + 2 * MARGIN), width, height)
    across = min(max((left + right - side) / 2, 0), width - side)
    # A little more room above the face than below, for hair.
    down = min(max((top + bottom - side) / 2 - 0.08 * side, 0), height - side)
    scale = picture.width / width
    x, y, pixels = round(across * scale), round(down * scale), max(1, round(side * scale))
    square = picture.crop((x, y, x + pixels, y + pixels))
    square.thumbnail((PORTRAIT_SIDE, PORTRAIT_SIDE))
    return square


def visibility(jpeg: bytes) -> float:
    """How well a face can be seen in its chip, 0 to 1: less where it is dark, flat or cut off by the frame's edge.

    It is 0 where the picture cannot be read.
    """
    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            # A JPEG's decoder gives an eighth of the size at little cost.
            picture.draft("L", (20, 20))
            grey = np.asarray(ImageOps.grayscale(picture), dtype=np.float64)
    except (OSError, ValueError):
        return 0.0
    outside = float((grey <= _BLACK).mean())
    return min(1.0, float(grey.mean()) / _DARK) * min(1.0, float(grey.std()) / _FLAT) * (1.0 - outside) ** 2


def portrait_quality(library: Library, film: str, appearances: Sequence[Row]) -> dict[int, float]:
    """How well the faces of appearances stand for their people, 0 to 1, by face.

    It is the quality of the chip times its visibility for each person's best `CANDIDATES` faces; others have none.

    Args:
        appearances: rows of `tables.APPEARANCES`.

    Returns:
        Empty where the lake has no chips.
    """
    faces = [row["best_face"] for row in appearances if row["best_face"] is not None]
    if not faces:
        return {}
    quality: dict[int, float] = {}
    with suppress(WiosError):
        sql = "SELECT face, quality FROM face_embeddings WHERE film = $film AND face IN (SELECT unnest($f::BIGINT[]))"
        rows = library.film_rows("face_embeddings", film, sql, {"f": faces})
        quality = {row["face"]: row["quality"] or 0.0 for row in rows}
        best = _best_of_each(appearances, quality)
        sql = "SELECT face, chip FROM face_embeddings WHERE film = $film AND face IN (SELECT unnest($f::BIGINT[]))"
        chips = library.film_rows("face_embeddings", film, sql, {"f": best})
        if not any(row["chip"] for row in chips):
            return quality
        seen = {row["face"]: visibility(bytes(row["chip"])) for row in chips if row["chip"]}
        return {face: quality[face] * seen.get(face, 0.0) for face in best}
    return quality


def _best_of_each(appearances: Sequence[Row], quality: Mapping[int, float]) -> list[int]:
    own: dict[str, dict[int, float]] = defaultdict(dict)
    for row in appearances:
        if (face := row["best_face"]) in quality:
            own[row["actor"]][face] = quality[face] * (row["probability"] or 0.5)
    return [
        face for scores in own.values() for face in sorted(scores, key=lambda each: (-scores[each], each))[:CANDIDATES]
    ]
