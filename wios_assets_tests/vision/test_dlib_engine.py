"""The reference engine against face_recognition itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wios_assets.vision.dlib_engine import DlibEngine
from wios_assets_tests.vision.faces import package_pictures

pytestmark = pytest.mark.slow

# face_recognition is imported in a process of its own: its import changes how Pillow treats truncated pictures.
PLAIN = """
import sys, warnings
warnings.simplefilter("ignore")
import face_recognition, numpy as np
picture = np.load(sys.argv[1])
boxes = face_recognition.face_locations(picture)
np.savez(sys.argv[2], boxes=boxes, encodings=face_recognition.face_encodings(picture, boxes))
"""


def test_boxes_and_embeddings_are_face_recognitions_own(tmp_path: Path) -> None:
    engine = DlibEngine()
    for name, picture in package_pictures().items():
        np.save(tmp_path / f"{name}.npy", picture)
        asked = [str(tmp_path / f"{name}.npy"), str(tmp_path / f"{name}.npz")]
        subprocess.run([sys.executable, "-c", PLAIN, *asked], check=True, timeout=120)
        plain = np.load(asked[1])
        faces = engine.detect([picture])[0]
        vectors = engine.embed(engine.chips(picture, faces))
        # face_recognition's order is top, right, bottom, left.
        mine = {tuple(box): vector for box, vector in zip(faces.boxes[:, [1, 2, 3, 0]].tolist(), vectors, strict=True)}
        theirs = {
            tuple(map(float, box)): vector for box, vector in zip(plain["boxes"], plain["encodings"], strict=True)
        }
        assert mine.keys() == theirs.keys()
        assert len(mine) >= 1
        for box, vector in theirs.items():
            assert np.abs(mine[box] - vector).max() < 1e-6


def test_the_smallest_face_decides_how_often_a_frame_is_doubled() -> None:
    engine = DlibEngine()
    picture = package_pictures()["astronaut"]
    tiny = np.ascontiguousarray(picture[::3, ::3])
    face = engine.detect([picture], smallest_face=80)[0].boxes[0]
    height = (face[3] - face[1]) / 3
    assert len(engine.detect([tiny], smallest_face=80)[0]) == 0
    faces = engine.detect([tiny], smallest_face=float(height) * 0.8)[0]
    assert np.abs(faces.boxes[0] * 3 - face).max() < 30


def test_a_large_frame_is_shrunk_to_what_the_smallest_face_needs() -> None:
    engine = DlibEngine()
    picture = package_pictures()["astronaut"]
    large = np.repeat(np.repeat(picture, 3, axis=0), 3, axis=1)
    faces = engine.detect([large], smallest_face=240)[0]
    usual = engine.detect([picture], smallest_face=80)[0]
    assert np.abs(faces.boxes[0] / 3 - usual.boxes[0]).max() < 10
