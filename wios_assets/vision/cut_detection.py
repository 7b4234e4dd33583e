"""Finds where shots begin: hard cuts, dissolves and fades in a stream of pictures; a flash starts no shot.

A hard cut is found in two ways. A change that is large in itself, to a picture that does not correlate with the one
before, is a cut whatever surrounds it (PySceneDetect's ContentDetector, with correlation as the guard against motion).
A smaller change is a cut where it exceeds the mean change around it several times (PySceneDetect's AdaptiveDetector);
cuts of the first kind are left out of that mean, so that they hide no others.

A dissolve follows the edit model of Hampapur, Jain and Weymouth ("Production model based digital video segmentation",
Multimedia Tools and Applications 1995): each picture between its ends is a weighted sum of the two. Ends are
compared over several lengths as in twin comparison (Zhang, Kankanhalli and Smoliar, "Automatic partitioning of
full-motion video", Multimedia Systems 1993). A fade turns a picture into a flat one (PySceneDetect's
ThresholdDetector). A flash is a short stretch, much brighter or darker, with like pictures on either side.

Every rule looks at pictures within a bounded time before and after, and at no earlier decision, so workers that start
at different places of a film find the same cuts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from wios_assets.vision.options import ShotOptions
from wios_assets.vision.sampling import CLOCK_TOLERANCE_S, MarkedPicture, Picture

HUE_WEIGHT = 0.5
"""Weight of hue beside brightness. Saturation is left out: it changes abruptly at keyframes of compressed film."""

THUMBNAIL = (32, 18)
"""Columns and rows of the averaged pictures that are correlated."""

BLACK = 8
"""Largest colour value, 0 to 255, up to which a part of a picture counts as black, such as bars around a photo."""

SMALLEST_ACTIVE_SHARE = 0.25
"""Least share of the picture that a change is related to, however much of both pictures is black."""

DISSOLVE_LENGTHS = np.array([0.15, 0.225, 0.3, 0.4, 0.5, 0.7, 1.0])
"""Lengths over which the ends of a dissolve are sought, as shares of the longest."""

BEYOND = 0.25
"""How far beyond its ends a dissolve must not go on, as a share of its length."""

LEAST_WEIGHT = 0.1
"""Weight of the fainter end from which on a picture is a mixture."""

HALF = 0.45
"""Weight from which on the later end of a dissolve outweighs the earlier; below one half, so that a picture in the
exact middle is not missed."""


def mark_cuts(
    pictures: Iterable[Picture], options: ShotOptions, samples_per_second: float | None = None
) -> Iterator[MarkedPicture]:
    """Each picture with whether a shot starts with it; runs `options.horizon_s` seconds behind its input.

    The first picture given starts no shot. Broken stretches are passed over: the pictures on either side are compared.

    Args:
        pictures: in order of time.
        options: what counts as a cut.
        samples_per_second: where given, only pictures that are on screen at a sample keep their frame, so that no
            more than `options.horizon_s` × this full frames are held at once.
    """
    detector, scaler = _Detector(options), VideoReformatter()
    waiting: deque[MarkedPicture] = deque()
    for number, picture in enumerate(pictures):
        # The first picture may stand in for samples before it.
        if number > 1 and waiting and samples_per_second is not None:
            waiting[-1] = _released(waiting[-1], picture.time_s, samples_per_second)
        small = None if picture.frame is None else small_picture(picture.frame, options.picture_width, scaler)
        waiting.append(MarkedPicture(picture, False, small))
        if small is not None:
            detector.add(picture.time_s, small)
        while waiting and waiting[0].picture.time_s + options.horizon_s < picture.time_s:
            yield _decided(waiting.popleft(), detector)
    for marked in waiting:
        yield _decided(marked, detector)


def _decided(marked: MarkedPicture, detector: _Detector) -> MarkedPicture:
    time_s = marked.picture.time_s
    is_cut = marked.small is not None and detector.starts_shot(time_s)
    return MarkedPicture(marked.picture, is_cut, marked.small, time_s < detector.mixed_until_s)


def _released(marked: MarkedPicture, until_s: float, samples_per_second: float) -> MarkedPicture:
    """The picture without its frame where no sample falls into the time for which it is on screen."""
    first = math.ceil((marked.picture.time_s - CLOCK_TOLERANCE_S) * samples_per_second - 1e-9)
    if marked.picture.frame is None or first / samples_per_second <= until_s + CLOCK_TOLERANCE_S:
        return marked
    return MarkedPicture(Picture(marked.picture.time_s, None), marked.starts_shot, marked.small)


class _Detector:
    """The recent pictures' signatures and the rules on them.

    Pictures are numbered by their position in the arrays. `_products` holds the scalar products of all pairs of
    thumbnails, from which distances, spreads and the weights of a dissolve follow without touching pixels again.
    """

    def __init__(self, options: ShotOptions) -> None:
        self._options = options
        self._count = 0
        self._times, self._changes, self._brightness = np.zeros(64), np.zeros(64), np.zeros(64)
        cells = THUMBNAIL[0] * THUMBNAIL[1]
        self._active = np.zeros((64, cells), dtype=bool)
        self._thumbnails = np.zeros((64, 3 * cells), dtype=np.float32)
        self._products = np.zeros((64, 64))
        self._hsv: NDArray[np.uint8] | None = None
        self.mixed_until_s = -math.inf
        """When the last dissolve found is over, seconds."""

    def add(self, time_s: float, small: NDArray[np.uint8]) -> None:
        """Take in the next picture: BGR uint8 [height, width, 3]."""
        if self._count == len(self._times):
            self._make_room(time_s)
        n = self._count
        hsv = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), dtype=np.uint8)
        thumbnail = cv2.resize(small, THUMBNAIL, interpolation=cv2.INTER_AREA)
        vector = thumbnail.astype(np.float32).ravel()
        self._times[n], self._brightness[n], self._thumbnails[n] = time_s, vector.mean(), vector
        self._active[n] = (cv2.max(cv2.max(*cv2.split(thumbnail)[:2]), thumbnail[:, :, 2]) > BLACK).ravel()
        products = self._thumbnails[: n + 1] @ vector
        self._products[n, : n + 1] = self._products[: n + 1, n] = products
        if n and self._hsv is not None:
            share = np.count_nonzero(self._active[n - 1] | self._active[n]) / self._active.shape[1]
            is_comparable = self._hsv.shape == hsv.shape
            change = _difference(self._hsv, hsv) if is_comparable else 255.0
            self._changes[n] = change / max(share, SMALLEST_ACTIVE_SHARE)
        self._hsv = hsv
        self._count = n + 1

    def starts_shot(self, time_s: float) -> bool:
        """Whether a shot starts with the picture of this time, which was added before."""
        options = self._options
        i = int(np.searchsorted(self._times[: self._count], time_s))
        if i == 0:
            return False
        if (over_s := self._dissolve_over_s(i)) is not None:
            self.mixed_until_s = over_s
            earlier = range(max(1, self._within(i, 2 * options.window_s).start), i)
            return all(self._dissolve_over_s(j) is None for j in earlier)
        if not (self._is_hard_cut(i) or self._is_end_of_fade(i)) or self._is_flash(i) or self._is_briefly_flat(i):
            return False
        around = self._within(i, options.horizon_s)
        return all(self._dissolve_over_s(j, i) is None for j in range(max(around.start, 1), around.stop))

    def _is_hard_cut(self, i: int) -> bool:
        options = self._options
        change = self._changes[i]
        if change < options.smallest_change or self._distance(i - 1, i) < options.smallest_distance:
            return False
        if self._likeness(i - 1, i) > options.alike:
            return False
        if self._is_textured(i) and self._likeness(i - 1, i) <= options.unrelated:
            return True
        near = self._within(i, options.window_s)
        around = [j for j in range(max(near.start, 1), near.stop) if j != i]
        others = [j for j in around if not self._is_large(j)]
        if not others or (self._is_large(i) and 2 * len(others) < len(around)):
            return bool(change >= options.large_change)
        ratio = options.large_ratio if self._is_large(i) else options.ratio
        return bool(change >= ratio * self._changes[others].mean())

    def _is_large(self, i: int) -> bool:
        options = self._options
        if self._changes[i] < options.large_change or not self._is_textured(i):
            return False
        is_extreme = self._changes[i] >= 2 * options.large_change
        return self._likeness(i - 1, i) <= (options.hardly_alike if is_extreme else options.unlike)

    def _is_textured(self, i: int) -> bool:
        """Whether picture i and the one before have enough contrast for their correlation to be meaningful."""
        return min(self._spread(i - 1), self._spread(i)) >= self._options.textured

    def _is_flash(self, i: int) -> bool:
        """Whether the change at picture i is one end of a flash: two pictures around it, not far apart, are alike, and
        those between them differ in brightness but show the same thing or nothing."""
        options = self._options
        before, after = self._within(i, options.flash_s + 1e-6).start, self._within(i, options.flash_s + 1e-6).stop
        limit = 0.5 * self._distance(i - 1, i)
        for first in range(max(0, before - 1), i):
            for last in range(i, min(after + 1, self._count)):
                if last - first < 2 or self._times[last] - self._times[first + 1] > options.flash_s + 1e-6:
                    continue
                if self._distance(first, last) < limit and all(
                    self._is_lit(middle, first) for middle in range(first + 1, last)
                ):
                    return True
        return False

    def _is_lit(self, i: int, base: int) -> bool:
        """Whether picture i is `base` in much more or much less light, or nothing but light or dark."""
        options = self._options
        if abs(self._brightness[i] - self._brightness[base]) < options.flash_brightness:
            return False
        return self._spread(i) <= 2 * options.textured or self._likeness(i, base) >= options.unlike

    def _is_end_of_fade(self, i: int) -> bool:
        """Whether picture i is the first after a flat stretch, such as the black between a fade-out and a fade-in, or
        the first flat one of a fade-out that no picture follows soon."""
        options = self._options
        was_flat, is_flat = self._spread(i - 1) <= options.flat, self._spread(i) <= options.flat
        if was_flat == is_flat:
            return False
        near = self._within(i, options.horizon_s)
        if was_flat:
            return self._meets_texture(range(i, near.stop))
        is_long = self._times[near.stop - 1] - self._times[i] > options.horizon_s / 2
        is_last = all(self._spread(j) < options.textured for j in range(i, near.stop))
        return is_long and is_last and self._meets_texture(range(i - 1, near.start - 1, -1))

    def _meets_texture(self, order: range) -> bool:
        """Whether, of these pictures in this order, a textured one comes before any flat one."""
        for i in order:
            if self._spread(i) >= self._options.textured:
                return True
            if self._spread(i) <= self._options.flat:
                return False
        return False

    def _is_briefly_flat(self, i: int) -> bool:
        """Whether picture i is flat, and a picture that is not follows too soon for a shot between."""
        options = self._options
        later = range(i, self._within(i, options.flash_s).stop)
        return self._spread(i) <= options.flat and any(self._spread(j) >= options.textured / 2 for j in later)

    def _dissolve_over_s(self, i: int, inside: int | None = None) -> float | None:
        """End in seconds of the dissolve whose first picture beyond its middle is i; None where there is none, or none
        that picture `inside` is part of."""
        options, products = self._options, self._products
        times, count = self._times, self._count
        halves = DISSOLVE_LENGTHS * options.horizon_s
        starts = np.searchsorted(times[:count], times[i] - halves + 1e-6) - 1
        ends = np.searchsorted(times[:count], times[i] + halves - 1e-6)
        possible = (starts >= 0) & (ends < count) & (ends - starts >= 2)
        starts, ends = starts[possible], ends[possible]
        squared = products[starts, starts] + products[ends, ends] - 2 * products[starts, ends]
        possible = squared >= options.dissolve_change**2 * self._thumbnails.shape[1]
        if not possible.any():
            return None
        starts, ends, squared = starts[possible], ends[possible], squared[possible]
        rest = products[starts, starts] - products[starts, ends]
        weight, weight_before = ((products[j, ends] - products[j, starts] + rest) / squared for j in (i, i - 1))
        is_middle = (weight >= HALF) & (weight_before < HALF)
        # At low frame rates several lengths have the same ends.
        for start, end in dict.fromkeys(zip(starts[is_middle].tolist(), ends[is_middle].tolist(), strict=True)):
            weights = self._blend(start, end)
            if weights is None:
                continue
            if inside is None or (start < inside <= end and weights[inside - start] > LEAST_WEIGHT / 2):
                clear = np.flatnonzero(weights[i - start :] >= 1.0 - LEAST_WEIGHT / 2)
                return float(times[i + int(clear[0])])
        return None

    def _blend(self, start: int, end: int) -> NDArray[np.float64] | None:
        """Weight of picture `end` in each picture from `start` to `end`; None where these are no whole dissolve."""
        options, products = self._options, self._products
        squared = products[start, start] + products[end, end] - 2 * products[start, end]
        beyond_s = BEYOND * (self._times[end] - self._times[start])
        times = self._times[: self._count]
        first = max(0, min(start - 1, int(np.searchsorted(times, times[start] - beyond_s))))
        last = min(self._count - 1, max(end + 1, int(np.searchsorted(times, times[end] + beyond_s))))
        along = products[first : last + 1, end] - products[first : last + 1, start]
        along = along - products[start, end] + products[start, start]
        weights = along / squared
        own = products.diagonal()[first : last + 1] - 2 * products[first : last + 1, start] + products[start, start]
        residual = np.sqrt(np.maximum(own - weights * along, 0.0) / squared)
        # A dissolve that goes on beyond these ends has its middle elsewhere.
        if first < start and weights[0] < -LEAST_WEIGHT and residual[0] < -weights[0]:
            return None
        if last > end and weights[-1] > 1.0 + LEAST_WEIGHT and residual[-1] < weights[-1] - 1.0:
            return None
        inner = slice(start - first, end - first + 1)
        weights, residual = weights[inner], residual[inner]
        steps = np.diff(weights)
        if residual.max() > options.dissolve_residual or steps.min() < -0.1 or steps.max() > 0.7:
            return None
        if not ((weights > LEAST_WEIGHT) & (weights < 1.0 - LEAST_WEIGHT)).any():
            return None
        ends = sorted((self._spread(start), self._spread(end)))
        if ends[0] < options.textured / 2:
            return None
        # Two pictures that blend keep some contrast; a fade through black or white has none in between.
        if min(self._spread(i) for i in range(start + 1, end)) < ends[0] / 2:
            return None
        # A zoom or a turning head may look like a dissolve, but never fits as well and leaves much as it was.
        likeness = self._likeness(start, end)
        fits_well = residual.max() <= options.blend_residual
        return weights if likeness <= (options.dissolve_likeness if fits_well else options.unlike) else None

    def _within(self, i: int, seconds: float) -> slice:
        times = self._times[: self._count]
        return slice(
            int(np.searchsorted(times, times[i] - seconds - 1e-6)),
            int(np.searchsorted(times, times[i] + seconds + 1e-6)),
        )

    def _distance(self, i: int, j: int) -> float:
        """Root mean square difference of two thumbnails, 0 to 255."""
        products, cells = self._products, self._thumbnails.shape[1]
        return math.sqrt(max(0.0, products[i, i] + products[j, j] - 2 * products[i, j]) / cells)

    def _spread(self, i: int) -> float:
        """Standard deviation of a thumbnail's values."""
        return math.sqrt(max(0.0, self._products[i, i] / self._thumbnails.shape[1] - self._brightness[i] ** 2))

    def _likeness(self, i: int, j: int) -> float:
        """Correlation of two thumbnails where they are not both black; 0 where either is flat there."""
        cells = self._active[i] | self._active[j]
        if not cells.any():
            return 1.0
        one, other = (self._thumbnails[k].reshape(-1, 3)[cells].ravel() for k in (i, j))
        one, other = one - one.mean(), other - other.mean()
        size = math.sqrt(float(one @ one) * float(other @ other))
        return float(one @ other) / size if size > 1e-3 else 0.0

    def _make_room(self, time_s: float) -> None:
        """Drop the pictures that no later decision needs, and grow where that frees less than half."""
        keep_s = time_s - self._options.horizon_s - self._options.lead_s - 0.5
        # The last picture before that time stays: it may have been on screen for long.
        first = max(0, int(np.searchsorted(self._times[: self._count], keep_s)) - 2)
        n = self._count - first
        size = len(self._times) if 2 * n <= len(self._times) else 2 * len(self._times)
        for name in ("_times", "_changes", "_brightness", "_active", "_thumbnails"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), dtype=old.dtype)
            new[:n] = old[first : self._count]
            setattr(self, name, new)
        products = np.zeros((size, size))
        products[:n, :n] = self._products[first : self._count, first : self._count]
        self._products, self._count = products, n


def small_picture(frame: VideoFrame, width: int, scaler: VideoReformatter) -> NDArray[np.uint8]:
    """The frame shrunk to `width` pixels, BGR uint8 [height, width, 3]; picked pixels, cheap rather than smooth.

    `scaler` keeps its tables between frames of one size.
    """
    height = max(2, round(width * frame.height / frame.width))
    small = scaler.reformat(frame, width, height, "bgr24", interpolation="FAST_BILINEAR", threads=1)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference of two pictures in HSV, uint8 [height, width, 3], weighted, 0 to 255."""
    hue, _, value = cv2.mean(cv2.absdiff(one, other))[:3]
    return (HUE_WEIGHT * hue + value) / (1.0 + HUE_WEIGHT)
