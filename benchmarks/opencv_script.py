"""The script that an expert would write today: OpenCV's YuNet and SFace on a frame every quarter second.

Detection at the frame's own size, SFace's chips aligned by OpenCV, the name of the nearest photo whose cosine reaches
the limit that OpenCV's documentation gives. OpenCV 5 cannot run the zoo's block-quantised SFace, so its weights are
unpacked.

    python -m benchmarks.opencv_script FILM GALLERY 'A;B;C'

prints who is on screen when as CSV, the photos of the cast read first.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.frames import EVERY_S, frames
from wios_assets.errors import WiosError
from wios_assets.settings import load_settings
from wios_assets.vision.photos import read_photo
from wios_assets.vision.quiet_opencv import quiet_opencv
from wios_assets.vision.zoo import SFACE_FILE, YUNET_FILE, zoo_file
from wios_assets.vision.zoo_graphs import sface_graph

COSINE = 0.363
SCORE, OVERLAP, MOST = 0.8, 0.3, 5000
LENGTH = 128
LARGEST_PHOTO = 1000

Vectors = NDArray[np.float32]


class OpenCVScript:
    """YuNet and SFace by OpenCV's own classes."""

    def __init__(self) -> None:
        sface = sface_graph(zoo_file(SFACE_FILE), load_settings().cache)
        with quiet_opencv():
            self._detector = cv2.FaceDetectorYN.create(str(zoo_file(YUNET_FILE)), "", (320, 320), SCORE, OVERLAP, MOST)
            self._recogniser = cv2.FaceRecognizerSF.create(str(sface), "")

    def vectors(self, picture: NDArray[np.uint8], largest_only: bool = False) -> Vectors:
        """SFace's features of the faces in a picture uint8 [height, width, 3], RGB: float32 [n, 128], of length one."""
        shown = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        self._detector.setInputSize((shown.shape[1], shown.shape[0]))
        _, faces = self._detector.detect(shown)
        rows: list[Any] = [] if faces is None else list(faces)
        if largest_only and rows:
            rows = [max(rows, key=lambda row: float(row[2] * row[3]))]
        features = [self._recogniser.feature(self._recogniser.alignCrop(shown, row[None]))[0] for row in rows]
        vectors = np.asarray(features, dtype=np.float32).reshape(-1, LENGTH)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def gallery(folder: Path, cast: list[str]) -> tuple[list[str], Vectors]:
    """Name and feature of the largest face of every photo; one folder a person."""
    script = OpenCVScript()
    names: list[str] = []
    vectors = [np.empty((0, LENGTH), dtype=np.float32)]
    for photo in sorted(folder.glob("*/*")):
        if cast and photo.parent.name not in cast:
            continue
        try:
            picture = read_photo(photo)
        except WiosError:
            continue
        scale = min(1.0, LARGEST_PHOTO / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        feature = script.vectors(np.asarray(small, dtype=np.uint8), largest_only=True)
        names += [photo.parent.name] * len(feature)
        vectors.append(feature)
    return names, np.concatenate(vectors)


def nearest(vector: Vectors, names: list[str], known: Vectors) -> str | None:
    """Name of the photo [photos, 128] nearest to a feature [128]; None where its cosine is below the limit."""
    cosines = known @ vector
    best = int(cosines.argmax())
    return names[best] if cosines[best] >= COSINE else None


def main() -> None:
    film, folder, cast = sys.argv[1:]
    names, known = gallery(Path(folder), cast.split(";"))
    script = OpenCVScript()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for time_s, picture in frames(film, EVERY_S):
        for vector in script.vectors(picture):
            writer.writerow((f"{time_s:.3f}", nearest(vector, names, known)))


if __name__ == "__main__":
    main()
