"""Where a face's five points lie, and the upright chip cut out by them: dlib's five-point landmarks."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.vision.engine import CHIP_SIZE, Faces, Image

LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
CHIP_PADDING = 0.25


def model_path(name: str) -> Path:
    """Path of a file that the installed package face_recognition_models ships.

    The package is found without being imported: its import needs pkg_resources, which newer Pythons lack.

    Raises:
        WiosError: the package or the file is absent.
    """
    spec = find_spec("face_recognition_models")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    where = folders[0] if folders else "no such package"
    raise WiosError(
        f"face_recognition_models ({where}): {name} is missing; install the package again: "
        "`uv pip install --reinstall face_recognition_models`"
    )


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

    def chips(self, frame: Image, faces: Faces) -> NDArray[np.uint8]:
        """Chips as dlib cuts them for its embedder: uint8 [n, 150, 150, 3], RGB, upright, padding 0.25."""
        chips = np.empty((len(faces), CHIP_SIZE, CHIP_SIZE, 3), dtype=np.uint8)
        for index, (box, points) in enumerate(zip(faces.boxes, faces.landmarks, strict=True)):
            parts = [dlib.point(*point) for point in np.rint(points).astype(int).tolist()]
            shape = dlib.full_object_detection(dlib.rectangle(*np.rint(box).astype(int).tolist()), parts)
            chips[index] = dlib.get_face_chip(frame, shape, size=CHIP_SIZE, padding=CHIP_PADDING)
        return chips
