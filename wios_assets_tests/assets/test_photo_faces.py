"""Faces of photos are found once for the library, by the photo's content, and the same as without the store."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from wios_assets.assets.options import gallery_options, worker_engine
from wios_assets.assets.photo_faces import faces_of_photos, forget_photo_faces
from wios_assets.photos.faces import look_at_photo
from wios_assets.settings import Settings, load_settings
from wios_assets.vision.engines import load_engine
from wios_assets_tests.vision.faces import package_pictures

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data", spark_master="local[1]")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two photos, a copy of the first under another name, and a file that is no picture."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, picture in enumerate(list(package_pictures().values())[:2]):
        Pillow.fromarray(picture).save(folder / f"{index}.png")
    shutil.copy(folder / "0.png", folder / "copy.png")
    (folder / "broken.jpg").write_text("no picture")
    return sorted(folder.iterdir())


def stored(settings: Settings) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in (settings.lake / ".photo_faces").rglob("*.npz")}


def test_kept_faces_are_those_that_the_engine_finds(settings: Settings, photos: list[Path]) -> None:
    engine = load_engine(worker_engine(settings))
    first, identity = faces_of_photos(settings, photos, "photos")
    kept = stored(settings)
    again, same = faces_of_photos(settings, photos, "photos")
    assert identity == same
    assert (identity.name, identity.model_hash) == (engine.name, engine.model_hash)
    assert len(kept) == 2
    assert stored(settings) == kept
    for photo in photos:
        expected = look_at_photo(photo, engine, gallery_options(settings))
        for faces in (first[photo], again[photo]):
            assert faces.path == photo
            assert faces.error == expected.error
            assert (faces.photo_hash, faces.width, faces.height) == (
                expected.photo_hash,
                expected.width,
                expected.height,
            )
            assert faces.picture_hash == expected.picture_hash
            assert faces.thumbnail == expected.thumbnail
            for name in ("boxes", "scores", "sharpness", "quality", "embeddings"):
                np.testing.assert_array_equal(getattr(faces, name), getattr(expected, name))


def test_a_damaged_file_is_made_again_and_other_options_keep_nothing(settings: Settings, photos: list[Path]) -> None:
    faces_of_photos(settings, photos[:1], "photos")
    (file,) = stored(settings)
    file.write_bytes(b"no archive")
    faces, _ = faces_of_photos(settings, photos[:1], "photos")
    assert len(faces[photos[0]])
    assert np.load(file)["boxes"].shape == faces[photos[0]].boxes.shape
    other = load_settings(data=settings.data, spark_master="local[1]", detector={"threshold": 0.7})
    faces_of_photos(other, photos[:1], "photos")
    assert file not in stored(settings)


def test_forgetting_leaves_no_photo(settings: Settings, photos: list[Path]) -> None:
    faces_of_photos(settings, photos, "photos")
    forget_photo_faces(settings.lake)
    assert not stored(settings)
