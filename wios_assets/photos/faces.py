"""Finds the faces of one photo, with their embeddings and quality."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from wios_assets.errors import WiosError
from wios_assets.naming.options import GalleryOptions
from wios_assets.text import is_utf8, readable
from wios_assets.vision.chips import judge_chip, sharpness
from wios_assets.vision.engine import FaceEngine, Faces, Image
from wios_assets.vision.photos import read_photo

BORDER = 0.4
"""Border put around a photo in which no face was found, as a share of its longest side: a face that fills its
photo to the edges is seen only with room around it."""


@dataclass(frozen=True)
class PhotoFaces:
    """A photo and its faces, largest first.

    Attributes:
        path: picture file.
        photo_hash: SHA-256 of the file, hexadecimal; empty where it cannot be read.
        width, height: upright photo, pixels.
        boxes: float32 [n, 4], left, top, right, bottom in pixels of the upright photo.
        scores: float32 [n], detector's scores.
        sharpness: float32 [n], variance of the chip's Laplacian; the edge of the photo does not count.
        quality: float32 [n], 0 to 1, as for chips of a film.
        embeddings: float32 [n, length], as the engine gives them.
        picture_hash: perceptual hash of the picture, 64 bits; None where it cannot be read.
        thumbnail: small JPEG of the photo; empty where it cannot be read.
        error: why the photo cannot be read, in a sentence; empty where it can.
    """

    path: Path
    photo_hash: str = ""
    width: int = 0
    height: int = 0
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    sharpness: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    quality: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    embeddings: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    picture_hash: imagehash.ImageHash | None = None
    thumbnail: bytes = b""
    error: str = ""

    @property
    def heights(self) -> NDArray[np.float32]:
        """Face heights in pixels of the photo, float32 [n]."""
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def off_centre(self) -> NDArray[np.float32]:
        """Distance of each face's centre from the photo's middle line, as a share of its width, float32 [n]."""
        centres = (self.boxes[:, 0] + self.boxes[:, 2]) / 2.0
        return np.asarray(np.abs(centres / max(self.width, 1) - 0.5), dtype=np.float32)

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """Embeddings in the precision in which limits are compared, float64 [n, length]."""
        return self.embeddings.astype(np.float64)

    def __len__(self) -> int:
        return len(self.boxes)


def look_at_photo(path: Path, engine: FaceEngine, options: GalleryOptions, every_face: bool = False) -> PhotoFaces:
    """Faces of one photo file with their embeddings; a photo that cannot be read comes back with its `error`.

    Args:
        path: picture file.
        engine: face engine.
        options: sizes.
        every_face: whether small faces matter beside large ones, as on a group's picture; a portrait's do not.
    """
    if not is_utf8(str(path)):
        path = Path(readable(str(path)))
        return PhotoFaces(path, error=f"{path}: its path is not UTF-8; rename it")
    try:
        picture = read_photo(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except WiosError as error:
        return PhotoFaces(path, error=str(error))
    except OSError as error:
        return PhotoFaces(path, error=f"{path}: {error.strerror or error}")
    height, width = picture.shape[:2]
    scale = min(1.0, options.longest_side / max(height, width))
    small = picture
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    faces = find_faces(small, engine, options.smallest_face * scale, options.smallest_seen * scale, every_face)
    order = np.argsort(faces.boxes[:, 1] - faces.boxes[:, 3], kind="stable")
    faces = faces.select(order)
    chips = engine.chips(small, faces)
    judged = [
        judge_chip(chip, box, points, float(score))
        for chip, box, points, score in zip(chips, faces.boxes, faces.landmarks, faces.scores, strict=True)
    ]
    return PhotoFaces(
        path=path,
        photo_hash=digest,
        width=width,
        height=height,
        boxes=(faces.boxes / scale).astype(np.float32),
        scores=faces.scores,
        sharpness=_sharpness(small, faces, engine, chips),
        quality=np.asarray([chip.quality for chip in judged], dtype=np.float32),
        embeddings=engine.embed(chips),
        picture_hash=imagehash.phash(Pillow.fromarray(small)),
        thumbnail=thumbnail(small, options.thumbnail_side),
    )


def _sharpness(picture: Image, faces: Faces, engine: FaceEngine, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Sharpness of each face, float32 [n], from chips in which the photo goes on beyond its edges.

    The engine's chips are black where the photo ends. That edge alone has a variance of some 1,000, so that a blurred
    face at the border of its photo would count as sharp.
    """
    heights = faces.boxes[:, 3:] - faces.boxes[:, 1:2]
    reach = np.concatenate([faces.boxes[:, :2] - heights, faces.boxes[:, 2:] + heights], axis=1)
    height, width = picture.shape[:2]
    if len(faces) and (reach.min() < 0 or reach[:, 2].max() > width or reach[:, 3].max() > height):
        rim = int(np.ceil(max(-reach.min(), reach[:, 2].max() - width, reach[:, 3].max() - height)))
        framed = cv2.copyMakeBorder(picture, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
        moved = Faces((faces.boxes + rim).astype(np.float32), faces.scores, (faces.landmarks + rim).astype(np.float32))
        chips = engine.chips(np.ascontiguousarray(framed), moved)
    return np.asarray([sharpness(chip) for chip in chips], dtype=np.float32)


def find_faces(picture: Image, engine: FaceEngine, usual: float, smallest: float, every_face: bool) -> Faces:
    """Finds the faces of a photo, first by a cheap search, then by thorough ones.

    Args:
        picture: RGB, uint8 [height, width, 3].
        usual: height in pixels of the smallest face that is of use.
        smallest: height in pixels of the smallest face looked for when there is no larger one.
        every_face: whether faces of `usual` height are looked for even where they are small in the photo.

    Returns:
        Faces in pixels of `picture`. A photo's subject is large: faces under a twelfth of its longest side are looked
        for only where there is no larger one, and a border is put around the photo before it is given up.
    """
    longest = max(picture.shape[:2])
    first = usual if every_face else max(usual, longest / 12)
    for height in (max(first, longest / 40), max(smallest, longest / 40)):
        faces = engine.detect([picture], smallest_face=float(height))[0]
        if len(faces):
            return faces
    rim = round(longest * BORDER)
    framed = cv2.copyMakeBorder(picture, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    faces = engine.detect([np.ascontiguousarray(framed)], smallest_face=longest / 4)[0]
    boxes = (faces.boxes - rim).astype(np.float32)
    return Faces(boxes, faces.scores, (faces.landmarks - rim).astype(np.float32))


def thumbnail(picture: Image, side: int) -> bytes:
    """JPEG of a picture, shrunk so that its longest side has at most `side` pixels."""
    small = Pillow.fromarray(picture)
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=82)
    return buffer.getvalue()
