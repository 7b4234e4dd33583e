"""Names of faces in photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image as Pillow

from wios_assets.errors import BadInput, WiosError
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.photos.identify import identify_photo, identify_photos, refuse_unreadable
from wios_assets.photos.verdicts import judge_gallery
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.engines import load_engine
from wios_assets_tests.vision.faces import options, package_pictures

NAMING, PHOTOS = NamingOptions(), GalleryOptions()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    return load_engine(options(tmp_path_factory.mktemp("models")))


@pytest.mark.slow
def test_a_person_of_the_gallery_is_named_and_another_is_not(engine: FaceEngine, tmp_path: Path) -> None:
    eileen, grace = (Pillow.fromarray(package_pictures()[name]) for name in ("astronaut", "hopper"))
    eileen.save(tmp_path / "eileen.png")
    both = Pillow.new("RGB", (eileen.width + grace.width, max(eileen.height, grace.height)))
    both.paste(grace, (0, 0))
    both.paste(eileen.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT), (grace.width, 0))
    both.save(tmp_path / "both.png")
    _, gallery = judge_gallery({"Eileen Collins": [tmp_path / "eileen.png"]}, engine, PHOTOS)
    faces = identify_photo(tmp_path / "both.png", engine, gallery, NAMING, PHOTOS)
    assert [face.name for face in faces] == [None, "Eileen Collins"]
    assert faces[0].box[0] < grace.width < faces[1].box[0]
    (result,) = identify_photos([tmp_path / "both.png"], engine, gallery, NAMING, PHOTOS)
    assert set(result) == {"path", "faces"}
    assert [set(face) for face in result["faces"]] == [{"box", "name", "probability", "runner_up", "distance"}] * 2


@pytest.mark.slow
def test_a_photo_without_a_face_has_none_and_the_others_keep_their_names(engine: FaceEngine, tmp_path: Path) -> None:
    Pillow.fromarray(package_pictures()["astronaut"]).save(tmp_path / "eileen.png")
    Pillow.new("RGB", (300, 200), "#446688").save(tmp_path / "wall.png")
    _, gallery = judge_gallery({"Eileen Collins": [tmp_path / "eileen.png"]}, engine, PHOTOS)
    wall, eileen = identify_photos([tmp_path / "wall.png", tmp_path / "eileen.png"], engine, gallery, NAMING, PHOTOS)
    assert wall == {"path": str(tmp_path / "wall.png"), "faces": []}
    assert [face["name"] for face in eileen["faces"]] == ["Eileen Collins"]


def test_photos_that_all_cannot_be_read_are_refused_without_an_engine(tmp_path: Path) -> None:
    text, missing, picture = tmp_path / "notes.txt", tmp_path / "missing.jpg", tmp_path / "wall.png"
    text.write_text("no picture")
    Pillow.new("RGB", (30, 20)).save(picture)
    with pytest.raises(BadInput, match=r"notes\.txt: not a picture.*missing\.jpg: there is no such file"):
        refuse_unreadable([text, missing])
    refuse_unreadable([text, picture])


@pytest.mark.slow
def test_a_photo_that_cannot_be_read_says_so(engine: FaceEngine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    _, gallery = judge_gallery({}, engine, PHOTOS)
    with pytest.raises(WiosError, match=r"broken\.jpg"):
        identify_photo(broken, engine, gallery, NAMING, PHOTOS)
    (result,) = identify_photos([broken], engine, gallery, NAMING, PHOTOS)
    assert result["faces"] == []
    assert "broken.jpg" in result["error"]


@pytest.mark.slow
def test_a_gallery_of_another_model_is_refused(engine: FaceEngine, tmp_path: Path) -> None:
    Pillow.fromarray(package_pictures()["astronaut"]).save(tmp_path / "eileen.png")
    _, gallery = judge_gallery({"Eileen Collins": [tmp_path / "eileen.png"]}, engine, PHOTOS)
    with pytest.raises(WiosError, match="another model"):
        identify_photo(tmp_path / "eileen.png", engine, gallery.assign(model_hash="other"), NAMING, PHOTOS)


@pytest.mark.slow
@pytest.mark.devset
def test_known_people_are_named_and_impostors_are_not(devset: Path, engine: FaceEngine) -> None:
    ident = devset / "ident"
    photos = {folder.name: sorted(folder.iterdir()) for folder in sorted((ident / "gallery").iterdir())}
    _, gallery = judge_gallery(photos, engine, PHOTOS)
    probes = sorted((ident / "probes").glob("*/*"))[::3]
    named = [[face.name for face in identify_photo(path, engine, gallery, NAMING, PHOTOS)] for path in probes]
    right = [path.parent.name in names for path, names in zip(probes, named, strict=True)]
    assert sum(right) / len(right) >= 0.9
    assert all({*names} <= {path.parent.name, None} for path, names in zip(probes, named, strict=True))
    impostors = sorted((ident / "impostors").iterdir())[::3]
    result = [face for path in impostors for face in identify_photo(path, engine, gallery, NAMING, PHOTOS)]
    assert [face for face in result if face.name] == []
