"""Films composed of stills, with exact truth: slide shows, dissolves, fades, flashes, any frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.vision.engine import Image
from wios_assets_tests.video_files import Picture, write_film

Join = Literal["cut", "dissolve", "fade"]


@dataclass(frozen=True)
class Still:
    """A photo shown for a while.

    Attributes:
        picture: RGB uint8 [height, width, 3], of any size.
        people: who is in it.
        seconds: from the middle of the transition before to the middle of the one after.
        join: how it follows the still before.
        join_s: length of that transition, seconds; 0 for a cut.
        flashes_s: when flashes go off, seconds from the still's start; each lasts one picture.
    """

    picture: Image
    people: tuple[str, ...]
    seconds: float
    join: Join = "cut"
    join_s: float = 0.0
    flashes_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class ComposedFilm:
    """A film and its truth: `cuts_s` are the middles of transitions, `truth` has the columns of a truth table."""

    path: Path
    cuts_s: tuple[float, ...]
    truth: pd.DataFrame


def compose(
    path: Path,
    stills: Sequence[Still],
    *,
    rate: float,
    size: tuple[int, int] = (640, 360),
    fill: Literal["bars", "crop"] = "bars",
    one_picture_each: bool = False,
) -> ComposedFilm:
    """Write a film of stills.

    Args:
        path: file to write; its ending chooses the container.
        stills: in order; the first one's transition is left out.
        rate: pictures per second.
        size: width and height in pixels.
        fill: whether a photo is shown whole between black bars, or fills the picture and is cropped.
        one_picture_each: whether a still is one picture that stays (variable frame rate) instead of one repeated.
    """
    pictures = [_fitted(still.picture, size, fill) for still in stills]
    starts = np.concatenate([[0.0], np.cumsum([still.seconds for still in stills])])
    if one_picture_each:
        times = starts[:-1]
        shown: list[Picture] = pictures
    else:
        times = np.arange(round(starts[-1] * rate)) / rate
        shown = [_shown(stills, pictures, starts, float(time_s), 1.0 / rate) for time_s in times]
    write_film(path, shown, times.tolist(), rate=rate, keyframe_every=250, end_s=float(starts[-1]))
    rows = [
        {"person": person, "start_s": start, "end_s": end, "visible": "frontal", "optional": False}
        for still, start, end in zip(stills, starts[:-1], starts[1:], strict=True)
        for person in still.people
    ]
    return ComposedFilm(path, tuple(float(cut) for cut in starts[1:-1]), pd.DataFrame(rows))


def _shown(
    stills: Sequence[Still], pictures: Sequence[Picture], starts: NDArray[np.float64], time_s: float, step_s: float
) -> Picture:
    """The picture on screen at an instant."""
    index = min(int(np.searchsorted(starts, time_s + 1e-6, side="right")) - 1, len(stills) - 1)
    for into in (index, index + 1):
        if not 0 < into < len(stills) or stills[into].join == "cut":
            continue
        share = (time_s - starts[into]) / stills[into].join_s + 0.5
        if not 0.0 < share < 1.0:
            continue
        before, after = (pictures[i].astype(np.float32) for i in (into - 1, into))
        if stills[into].join == "dissolve":
            return np.asarray(np.rint(before + np.float32(share) * (after - before)), dtype=np.uint8)
        light = abs(2.0 * share - 1.0)
        return np.asarray(np.float32(light) * (before if share < 0.5 else after), dtype=np.uint8)
    since = time_s - float(starts[index])
    if any(0.0 <= since - flash + 1e-6 < step_s for flash in stills[index].flashes_s):
        lit = 0.35 * pictures[index].astype(np.float32) + 165.0
        return np.asarray(lit.clip(0, 255), dtype=np.uint8)
    return pictures[index]


def _fitted(picture: Image, size: tuple[int, int], fill: str) -> Picture:
    width, height = size
    scales = width / picture.shape[1], height / picture.shape[0]
    scale = min(scales) if fill == "bars" else max(scales)
    columns, rows = (max(1, round(side * scale)) for side in picture.shape[1::-1])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (columns, rows), interpolation=method)
    left, top = (columns - width) // 2, (rows - height) // 4
    if fill == "crop":
        return np.ascontiguousarray(scaled[max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width])
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    canvas[(height - rows) // 2 :, (width - columns) // 2 :][:rows, :columns] = scaled
    return canvas
