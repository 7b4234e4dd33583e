"""Where one shot ends and the next begins."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np
import pandas as pd
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector

from wios_assets.vision.options import ShotOptions
from wios_assets.vision.sampling import MarkedPicture, Picture

CLOCK_HZ = 1_000_000

WEIGHTS = AdaptiveDetector.Components(delta_hue=0.5, delta_sat=0.0, delta_lum=1.0, delta_edges=0.0)
"""Hue and saturation leap at keyframes of compressed film where colours are pale; brightness does not."""

FLASH_SHARE = 0.5
"""Share of a change to which the pictures on either side of it must come together to make it a flash, not a cut."""


def mark_cuts(pictures: Iterable[Picture], options: ShotOptions) -> Iterator[MarkedPicture]:
    """Each picture with whether a shot starts with it; runs `options.window` pictures behind its input.

    PySceneDetect's AdaptiveDetector, which compares each change with those around it, is fed small pictures. Its
    shortest scene is set to nothing: then a cut depends on `window` + 1 pictures before and `window` after it and on
    nothing else, so that workers that start at different places find the same cuts. Where a picture after the change
    is like one before it, it was a flash, not a cut. The first picture given starts no shot. Broken stretches are
    passed over: the pictures on either side are compared.

    Args:
        pictures: in order of time.
        options: what counts as a cut.
    """
    detector = AdaptiveDetector(
        adaptive_threshold=options.ratio,
        min_scene_len=0,
        window_width=options.window,
        min_content_val=options.smallest_change,
        weights=WEIGHTS,
    )
    waiting: deque[tuple[Picture, NDArray[np.uint8] | None]] = deque()
    passed: deque[NDArray[np.uint8]] = deque(maxlen=options.window)
    undecided = 0
    for picture in pictures:
        if picture.frame is None:
            waiting.append((picture, None))
            continue
        small = small_picture(picture.frame, options.picture_width)
        waiting.append((picture, small))
        found = detector.process_frame(_timecode(picture.time_s), small)
        undecided += 1
        if undecided <= options.window:
            continue
        # The detector has now judged the oldest sound picture that is waiting.
        while waiting[0][1] is None:
            yield MarkedPicture(waiting.popleft()[0], False, None)
        following = [small for _, small in waiting if small is not None]
        judged, _ = waiting.popleft()
        is_cut = bool(found) and not _is_flash(passed, following[: options.window])
        yield MarkedPicture(judged, is_cut, following[0])
        passed.append(following[0])
        undecided -= 1
    for picture, its_small in waiting:
        yield MarkedPicture(picture, False, its_small)


def change(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference of two small pictures (BGR uint8 [height, width, 3]) as the cut detector weighs it, 0 to 255."""
    hue, _, value = cv2.mean(cv2.absdiff(cv2.cvtColor(one, cv2.COLOR_BGR2HSV), cv2.cvtColor(other, cv2.COLOR_BGR2HSV)))[
        :3
    ]
    return (WEIGHTS.delta_hue * hue + WEIGHTS.delta_lum * value) / (WEIGHTS.delta_hue + WEIGHTS.delta_lum)


def _is_flash(before: Iterable[NDArray[np.uint8]], after: Sequence[NDArray[np.uint8]]) -> bool:
    """Whether a picture after the change is much more like one before it than the two at the change are."""
    earlier = list(before)
    if not earlier:
        return False
    nearest = min(change(one, other) for one, other in itertools.product(earlier, after))
    return nearest < FLASH_SHARE * change(earlier[-1], after[0])


def small_picture(frame: VideoFrame, width: int) -> NDArray[np.uint8]:
    """The frame shrunk to `width` pixels, BGR uint8 [height, width, 3]; picked pixels, cheap rather than smooth."""
    height = max(2, round(width * frame.height / frame.width))
    small = frame.reformat(width=width, height=height, format="bgr24", interpolation="FAST_BILINEAR", threads=1)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def shots_table(cuts_s: Iterable[float], duration_s: float, sample_times_s: Sequence[float]) -> pd.DataFrame:
    """The shots of a film: columns shot (int32), start_s, end_s (seconds) and samples (int32).

    Args:
        cuts_s: all cuts of the film, seconds, in any order; doubles and those outside the film are dropped.
        duration_s: the film's length.
        sample_times_s: times of all samples.
    """
    inside = sorted({cut for cut in cuts_s if 0.0 < cut < duration_s})
    starts = np.array([0.0, *inside])
    counts = np.bincount(shot_of(np.asarray(sample_times_s, dtype=float), inside), minlength=len(starts))
    return pd.DataFrame(
        {
            "shot": np.arange(len(starts), dtype=np.int32),
            "start_s": starts,
            "end_s": np.array([*inside, duration_s]),
            "samples": counts.astype(np.int32),
        }
    )


def shot_of(times_s: NDArray[np.float64], cuts_s: Sequence[float]) -> NDArray[np.int64]:
    """Number of the shot that each time lies in; a cut's own instant belongs to the shot that it starts."""
    return np.searchsorted(np.asarray(cuts_s, dtype=float), times_s + 2e-6, side="right")


def _timecode(seconds: float) -> FrameTimecode:
    return FrameTimecode(Timecode(round(seconds * CLOCK_HZ), Fraction(1, CLOCK_HZ)), fps=float(CLOCK_HZ))
