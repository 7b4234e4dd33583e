"""Portraits from installed packages, from which the demo's film and gallery are made.

Two portraits come with installed packages, both public domain: matplotlib's of Grace Hopper (US Navy) and
scikit-image's of Eileen Collins (NASA). No package has a third, so the third cast member is no
real person: Averil Mean is the mean of the hundred tiny faces (25 × 25 pixels) of scikit-image's `lfw_subset`,
enlarged. That average is detected as a face and has a distance of 0.65 or more from both women, above the usual limit
of 0.6, so it serves as the one who never appears.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from PIL import Image as Pillow
from skimage import data as bundled

from wios_assets.errors import Unavailable

Image = NDArray[np.uint8]

GRACE, EILEEN, AVERIL = "Grace Hopper", "Eileen Collins", "Averil Mean"
MEAN_OF = 100
MEAN_SIDE = 240
GRAIN = 0.02


@dataclass(frozen=True)
class Portrait:
    """A picture of one person.

    Attributes:
        picture: RGB, uint8 [height, width, 3].
        face: left, top, right, bottom of the face, pixels.
    """

    picture: Image
    face: tuple[float, float, float, float]

    def mirror(self) -> Portrait:
        """The same portrait with left and right exchanged."""
        width = self.picture.shape[1]
        left, top, right, bottom = self.face
        flipped = np.ascontiguousarray(self.picture[:, ::-1])
        return Portrait(flipped, (width - right, top, width - left, bottom))

    def placed(self, x: float, y: float, height: float, tilt: float = 0.0, stretch: float = 1.0) -> NDArray[np.float64]:
        """Affine map [2, 3] that brings the middle of the face to (x, y) and the face to `height` pixels.

        Args:
            tilt: degrees that the picture is turned, anticlockwise.
            stretch: width of the face over its usual width, as a lens makes it.
        """
        left, top, right, bottom = self.face
        across, down = (left + right) / 2, (top + bottom) / 2
        turn = np.asarray(cv2.getRotationMatrix2D((across, down), tilt, height / (bottom - top)), dtype=np.float64)
        turn[:, 2] -= np.array((across, down))
        turn[0] *= stretch
        turn[:, 2] += np.array((x, y))
        return turn


@dataclass(frozen=True)
class Light:
    """Lighting of a picture: gamma (above 1 darkens), gain a colour channel (red, green, blue), blur in pixels."""

    gamma: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur: float = 0.0
    grey: bool = False

    def on(self, picture: Image) -> Image:
        """The picture in this light."""
        lit = np.asarray((picture / 255) ** self.gamma)
        if self.grey:
            lit = np.repeat(lit @ np.array([[0.299], [0.587], [0.114]]), 3, axis=2)
        lit = np.clip(lit * np.array(self.tint), 0, 1)
        if self.blur:
            lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), self.blur), dtype=np.float64)
        return np.round(lit * 255).astype(np.uint8)


AS_TAKEN = Light()


def portraits() -> dict[str, Portrait]:
    """The three cast members' portraits by name.

    Raises:
        WiosError: a package does not carry its picture.
    """
    try:
        with Pillow.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
            grace = np.asarray(picture.convert("RGB"))
        astronaut = np.asarray(bundled.astronaut())
        # Below the helmet's ring a badge is taken for a face by some detectors.
        eileen = np.ascontiguousarray(astronaut[:300])
        tiny = np.asarray(bundled.lfw_subset(), dtype=np.float32)[:MEAN_OF]
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"the demo's portraits are missing from matplotlib or scikit-image ({error}); reinstall both"
        ) from None
    return {
        GRACE: Portrait(grace, (180, 139, 366, 325)),
        EILEEN: Portrait(eileen, (175, 76, 265, 166)),
        AVERIL: _mean_face(tiny),
    }


def backdrop(name: str) -> Image:
    """A picture of scikit-image without people, RGB uint8; all are public domain or CC0.

    Raises:
        WiosError: scikit-image does not carry it.
    """
    path = Path(bundled.__file__).parent / name
    try:
        with Pillow.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read ({error}); reinstall scikit-image") from None


def _mean_face(faces: NDArray[np.float32]) -> Portrait:
    """The mean of faces float32 [n, 25, 25], enlarged, sharpened, in an oval on grey."""
    mean = faces.mean(axis=0)
    mean = (mean - mean.min()) / (mean.max() - mean.min())
    large = cv2.resize(mean, (MEAN_SIDE, MEAN_SIDE), interpolation=cv2.INTER_LANCZOS4)
    for reach, amount in ((8, 1.2), (4, 1.2)):
        large = large + amount * (large - cv2.GaussianBlur(large, (0, 0), reach))
    large = np.clip(large, 0, 1)
    side = 4 * MEAN_SIDE
    rim = (side - MEAN_SIDE) // 2
    canvas = np.full((side, side), 0.45, np.float32)
    y, x = np.mgrid[-1 : 1 : MEAN_SIDE * 1j, -1 : 1 : MEAN_SIDE * 1j].astype(np.float32)
    oval = np.clip((1.02 - np.hypot(x / 0.84, y)) / 0.14, 0, 1)
    inner = canvas[rim : rim + MEAN_SIDE, rim : rim + MEAN_SIDE]
    inner[:] = oval * large + (1 - oval) * inner
    # A photo's grain; without it the enlarged mean counts as blurred.
    canvas += np.random.default_rng(0).normal(0, GRAIN, canvas.shape).astype(np.float32)
    picture = np.repeat(np.round(np.clip(canvas, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    return Portrait(picture, (rim + 22, rim + 40, rim + 208, rim + 225))
