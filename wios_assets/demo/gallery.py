"""The demo's gallery: renderings of the portraits that the film does not show."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as Pillow

from wios_assets.demo.portraits import AS_TAKEN, AVERIL, EILEEN, GRACE, Light, Portrait

BACKGROUND = (118, 112, 104)


@dataclass(frozen=True)
class Photo:
    """Composition of one gallery photo.

    Attributes:
        width, height: pixels of the photo.
        face: height of the face in pixels.
        x, y: centre of the face as a share of width and height.
        tilt: degrees that the picture is turned, anticlockwise.
        stretch: width of the face over its usual width, as a lens does.
    """

    width: int
    height: int
    face: float
    x: float
    y: float
    tilt: float = 0.0
    stretch: float = 1.0
    light: Light = AS_TAKEN
    mirrored: bool = False


PHOTOS: dict[str, tuple[Photo, ...]] = {
    GRACE: (
        Photo(420, 480, 190, 0.48, 0.52, tilt=5, light=Light(gamma=0.8)),
        Photo(360, 360, 150, 0.56, 0.45, tilt=-4, stretch=1.08, light=Light(1.25, grey=True), mirrored=True),
        Photo(520, 400, 105, 0.42, 0.56, tilt=-9, stretch=0.9, light=Light(1.5, (1.2, 1.0, 0.75), blur=1.2)),
    ),
    EILEEN: (
        Photo(400, 440, 170, 0.53, 0.5, tilt=-5, light=Light(gamma=0.85)),
        Photo(360, 380, 140, 0.45, 0.55, tilt=4, stretch=1.08, light=Light(1.3, grey=True), mirrored=True),
        Photo(480, 400, 120, 0.58, 0.42, stretch=0.93, light=Light(1.1, (0.85, 1.0, 1.15), blur=0.9)),
    ),
    AVERIL: (
        Photo(400, 400, 185, 0.5, 0.5),
        Photo(420, 360, 150, 0.44, 0.54, tilt=5, stretch=1.08, light=Light(gamma=1.4), mirrored=True),
        Photo(360, 440, 165, 0.55, 0.44, tilt=-4, stretch=0.93, light=Light(0.7, (1.0, 0.92, 0.8))),
    ),
}


def gallery_photo(portrait: Portrait, photo: Photo) -> bytes:
    """The photo as JPEG."""
    source = portrait.mirror() if photo.mirrored else portrait
    turn = source.placed(photo.x * photo.width, photo.y * photo.height, photo.face, photo.tilt, photo.stretch)
    picture = cv2.warpAffine(
        photo.light.on(source.picture),
        turn,
        (photo.width, photo.height),
        flags=cv2.INTER_AREA if turn[0, 0] < 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=BACKGROUND,
    )
    buffer = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(picture)).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()
