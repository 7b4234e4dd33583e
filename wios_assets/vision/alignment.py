"""Five-point landmarks of faces, and upright chips aligned by them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import Unavailable
from wios_assets.vision.engine import CHIP_SIZE, Image

LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
CHIP_PADDING = 0.25

ARCFACE_SIZE = 112
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Eyes, tip of the nose and corners of the mouth in a chip of 112 × 112 pixels, as ArcFace, SFace and their kin are
trained (Deng et al., ArcFace, 2019)."""
_MEAN_FACE = np.array([[0.8596, 0.2135], [0.6461, 0.2290], [0.1206, 0.2137], [0.3341, 0.2291], [0.4901, 0.6278]])
"""dlib's five points in the mean face, which fills the unit square."""
_MEAN_EYES = np.array([_MEAN_FACE[2:4].mean(axis=0), _MEAN_FACE[:2].mean(axis=0)])

_AVERAGED_BELOW = 0.6
"""Scale below which bilinear sampling would skip pixels."""


def model_path(name: str) -> Path:
    """Path of a file that the installed package face_recognition_models ships.

    Raises:
        Unavailable: the package or the file is absent.
    """
    return shipped_model("face_recognition_models", name, reinstalling("face_recognition_models"))


def shipped_model(package: str, name: str, remedy: str) -> Path:
    """Path of a file in the folder `models` of an installed package.

    The package is found without being imported: that of face_recognition_models needs pkg_resources, which newer
    Pythons lack, and others would run code that nothing here needs.

    Raises:
        Unavailable: the package or the file is absent; the message ends in `remedy`.
    """
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    where = folders[0] if folders else "no such package"
    raise Unavailable(f"{package} ({where}): {name} is missing; {remedy}")


def reinstalling(requirement: str) -> str:
    """What mends a package whose files are lost or changed, as the end of an error."""
    return f"install the package again: `uv pip install --reinstall {requirement}`"


@lru_cache(maxsize=16)
def _digest(path: Path, size: int, modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; read again only when its size or time of change differs."""
    stat = path.stat()
    return _digest(path, stat.st_size, stat.st_mtime_ns)


class FivePoints:
    """dlib's five-point shape predictor (Kazemi and Sullivan 2014) with the chips that dlib cuts by its points."""

    def __init__(self) -> None:
        self.path = model_path(LANDMARKS_FILE)
        self._predictor = dlib.shape_predictor(str(self.path))

    def corners(self, frame: Image, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """dlib's five points of each box.

        Args:
            frame: RGB picture, uint8 [height, width, 3].
            boxes: float32 [n, 4], left, top, right, bottom in pixels, as dlib's detectors draw them.

        Returns:
            float32 [n, 5, 2], x and y in pixels, whole numbers: outer and inner corner of the eye on the picture's
            right, outer and inner corner of the eye on its left, base of the nose.
        """
        points = np.empty((len(boxes), 5, 2), dtype=np.float32)
        for index, box in enumerate(np.rint(boxes).astype(int).tolist()):
            shape = self._predictor(frame, dlib.rectangle(*box))
            points[index] = [(part.x, part.y) for part in shape.parts()]
        return points

    def landmarks(self, frame: Image, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of each box, float32 [n, 5, 2], in the order of `Faces.landmarks`.

        ArcFace's points are laid on dlib's; eyes and nose then move as far as dlib's own leave the mean face, so that
        a turned head shows. The mouth, which dlib's five points lack, stays where the mean face has it.
        """
        corners = self.corners(frame, boxes)
        points = np.empty_like(corners)
        for index, own in enumerate(corners):
            transform = similarity(_MEAN_FACE, own)
            rest = own - moved(transform, _MEAN_FACE)
            points[index] = moved(transform, _ARCFACE_ON_MEAN_FACE)
            points[index, :3] += np.stack([rest[2:4].mean(axis=0), rest[:2].mean(axis=0), rest[4]])
        return points

    def chips(self, frame: Image, boxes: NDArray[np.float32], size: int = CHIP_SIZE) -> NDArray[np.uint8]:
        """Chips of boxes [n, 4] as dlib cuts them for its embedder: uint8 [n, size, size, 3], RGB, padding 0.25."""
        chips = np.empty((len(boxes), size, size, 3), dtype=np.uint8)
        for index, (box, points) in enumerate(zip(boxes, self.corners(frame, boxes), strict=True)):
            parts = [dlib.point(*point) for point in points.astype(int).tolist()]
            shape = dlib.full_object_detection(dlib.rectangle(*np.rint(box).astype(int).tolist()), parts)
            chips[index] = dlib.get_face_chip(frame, shape, size=size, padding=CHIP_PADDING)
        return chips


def arcface_chip(frame: Image, points: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Chip as ArcFace and its kin take it: uint8 [size, size, 3], RGB, black beyond the frame.

    Args:
        frame: RGB, uint8 [height, width, 3].
        points: float32 [5, 2], eyes, tip of the nose and corners of the mouth, in pixels of the frame.
        size: height and width of the chip.
    """
    return warped(frame, similarity(points, ARCFACE_POINTS * (size / ARCFACE_SIZE)), size)


def warped(frame: Image, transform: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """The part of a frame that a similarity transform brings into a chip, black beyond the frame.

    Args:
        frame: RGB, uint8 [height, width, 3]; it is averaged down first where the chip is much smaller.
        transform: [2, 3], from pixels of the frame to pixels of the chip.
        size: height and width of the chip.

    Returns:
        uint8 [size, size, 3].
    """
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if 0 < scale < _AVERAGED_BELOW:
        frame, transform = _averaged(frame, transform, size, scale)
    return np.asarray(cv2.warpAffine(frame, transform, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _averaged(
    frame: Image, transform: NDArray[np.float64], size: int, scale: float
) -> tuple[Image, NDArray[np.float64]]:
    """The part of the frame that the chip shows, averaged down to about the chip's scale, and the transform from it."""
    back = cv2.invertAffineTransform(transform)
    corners = moved(np.asarray(back, dtype=np.float64), np.array([[0, 0], [size, 0], [0, size], [size, size]]))
    limit = np.array(frame.shape[1::-1])
    start = np.floor(corners.min(axis=0)).clip(0, limit - 1).astype(int)
    end = np.ceil(corners.max(axis=0)).clip(start + 1, limit).astype(int)
    part = frame[start[1] : end[1], start[0] : end[0]]
    columns, rows = (max(1, round(side * scale)) for side in part.shape[1::-1])
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    shifted = np.column_stack([transform[:, :2], moved(transform, start[None].astype(np.float64))[0]])
    return small, shifted * np.array([part.shape[1] / columns, part.shape[0] / rows, 1.0])


def mean_face_of_chip(size: int, padding: float) -> NDArray[np.float64]:
    """Where dlib's five points of the mean face lie in a chip that dlib cuts, float64 [5, 2], pixels."""
    return (_MEAN_FACE + padding) / (1 + 2 * padding) * size


def arcface_points_of_chip(size: int, padding: float) -> NDArray[np.float32]:
    """Where ArcFace's five points lie in a chip that dlib cuts, float32 [5, 2], pixels: its eyes on the mean face's.

    Args:
        size: height and width of the chip in pixels.
        padding: room around the mean face, as a share of it.
    """
    return np.asarray((_ARCFACE_ON_MEAN_FACE + padding) / (1 + 2 * padding) * size, dtype=np.float32)


def square_around(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares as dlib's detectors draw them, float32 [n, 4], from eyes, nose and corners of the mouth [n, 5, 2].

    Eyes are 0.41 of such a square apart and the mouth 0.47 below them, as measured on frontal faces; a turned head's
    eyes come closer, its mouth stays as far below them.
    """
    eyes, mouth = landmarks[:, :2].mean(axis=1), landmarks[:, 3:].mean(axis=1)
    between = np.linalg.norm(landmarks[:, 1] - landmarks[:, 0], axis=1)
    below = np.linalg.norm(mouth - eyes, axis=1)
    half = np.maximum(between / 0.41, below / 0.47)[:, None] / 2
    centre = eyes + (mouth - eyes) * 0.26
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Rotation, scale and shift, [2, 3], that bring points [n, 2] to others in the least squares sense."""
    before, after = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    middle, middle_after = before.mean(axis=0), after.mean(axis=0)
    (x, y), (u, v) = (before - middle).T, (after - middle_after).T
    spread = x @ x + y @ y
    # Points that coincide are only shifted.
    a, b = ((x @ u + y @ v) / spread, (x @ v - y @ u) / spread) if spread > 0 else (0.0, 0.0)
    turned = np.array([[a, -b], [b, a]])
    return np.column_stack([turned, middle_after - turned @ middle])


def moved(transform: NDArray[np.float64], points: NDArray[Any]) -> NDArray[np.float64]:
    """Points [n, 2] after a transform [2, 3]."""
    return points @ transform[:, :2].T + transform[:, 2]


_ARCFACE_ON_MEAN_FACE = moved(similarity(ARCFACE_POINTS[:2], _MEAN_EYES), ARCFACE_POINTS)
"""ArcFace's five points in dlib's mean face, [5, 2], the eyes of both on each other."""
