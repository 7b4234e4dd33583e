"""Where a face's five points lie, and the upright chip cut out by them."""

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
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image

LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
CHIP_PADDING = 0.25

ARCFACE_SIZE = 112
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Eyes, tip of the nose and corners of the mouth in a chip of 112 × 112 pixels, as ArcFace, SFace and their kin are
trained (Deng et al., ArcFace, 2019)."""
_MEAN_FACE = np.array([[0.8596, 0.2135], [0.6461, 0.2290], [0.1206, 0.2137], [0.3341, 0.2291], [0.4901, 0.6278]])
"""dlib's five points in the mean face; its eyes are laid on ArcFace's to align by these points."""
_MEAN_EYES = np.array([_MEAN_FACE[2:4].mean(axis=0), _MEAN_FACE[:2].mean(axis=0)])


def model_path(name: str) -> Path:
    """Path of a file that the installed package face_recognition_models ships.

    Raises:
        WiosError: the package or the file is absent.
    """
    return shipped_model("face_recognition_models", name, reinstalling("face_recognition_models"))


def shipped_model(package: str, name: str, remedy: str) -> Path:
    """Path of a file in the folder `models` of an installed package.

    The package is found without being imported: that of face_recognition_models needs pkg_resources, which newer
    Pythons lack, and others would run code that nothing here needs.

    Raises:
        WiosError: the package or the file is absent; the message ends in `remedy`.
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

    def landmarks(self, frame: Image, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Five points of each box.

        Args:
            frame: RGB picture, uint8 [height, width, 3].
            boxes: float32 [n, 4], left, top, right, bottom in pixels, as dlib's detectors draw them.

        Returns:
            float32 [n, 5, 2], x and y in pixels, whole numbers, in the order that `Faces` has.
        """
        points = np.empty((len(boxes), 5, 2), dtype=np.float32)
        for index, box in enumerate(np.rint(boxes).astype(int).tolist()):
            shape = self._predictor(frame, dlib.rectangle(*box))
            points[index] = [(part.x, part.y) for part in shape.parts()]
        return points

    def chips(self, frame: Image, faces: Faces, size: int = CHIP_SIZE) -> NDArray[np.uint8]:
        """Chips as dlib cuts them for its embedder: uint8 [n, size, size, 3], RGB, upright, padding 0.25."""
        chips = np.empty((len(faces), size, size, 3), dtype=np.uint8)
        for index, (box, points) in enumerate(zip(faces.boxes, faces.landmarks, strict=True)):
            parts = [dlib.point(*point) for point in np.rint(points).astype(int).tolist()]
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
    return _warped(frame, points, ARCFACE_POINTS, size)


def arcface_chip_by_landmarks(frame: Image, landmarks: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """The same by dlib's five points, float32 [5, 2]: the mean face is laid with its eyes on ArcFace's."""
    return _warped(frame, landmarks, _moved(_similarity(_MEAN_EYES, ARCFACE_POINTS[:2]), _MEAN_FACE), size)


def _warped(frame: Image, source: NDArray[Any], target: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """The frame moved so that points [n, 2] come to others of a chip of ArcFace's size."""
    transform = _similarity(source, target * (size / ARCFACE_SIZE))
    return np.asarray(cv2.warpAffine(frame, transform, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def arcface_points_of_chip(size: int, padding: float) -> NDArray[np.float32]:
    """Where ArcFace's five points lie in a chip that dlib cuts, float32 [5, 2], pixels: its eyes on the mean face's.

    Args:
        size: height and width of the chip in pixels.
        padding: room around the mean face, as a share of it.
    """
    eyes = (_MEAN_EYES + padding) / (1 + 2 * padding) * size
    return _moved(_similarity(ARCFACE_POINTS[:2], eyes), ARCFACE_POINTS).astype(np.float32)


def _similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Turn, scale and shift, [2, 3], that bring points [n, 2] to others in the least squares sense."""
    x, y = np.asarray(source, dtype=np.float64).T
    one, none = np.ones_like(x), np.zeros_like(x)
    equations = np.concatenate([np.stack([x, -y, one, none], axis=1), np.stack([y, x, none, one], axis=1)])
    a, b, right, down = np.linalg.lstsq(equations, np.asarray(target).T.ravel(), rcond=None)[0]
    return np.array([[a, -b, right], [b, a, down]])


def _moved(transform: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ transform[:, :2].T + transform[:, 2]
