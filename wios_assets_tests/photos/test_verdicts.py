"""Photos of an actor and the verdicts on them."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pandas as pd
import pillow_heif
import pyarrow as pa
import pytest
from PIL import Image as Pillow
from PIL import ImageFilter

from wios_assets import tables
from wios_assets.assets.options import YUNET_FAINT
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.contact_sheet import contact_sheet
from wios_assets.photos.faces import PhotoFaces
from wios_assets.photos.folders import photos_of_cast
from wios_assets.photos.verdicts import Verdict, judge_gallery, judge_photos
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.engines import load_engine
from wios_assets_tests.naming.people import People
from wios_assets_tests.vision.faces import options, package_pictures

OPTIONS = GalleryOptions()


def photo(name: str, people: People, *faces: str, height: float = 100.0, heights: tuple[float, ...] = ()) -> PhotoFaces:
    """A sharp photo of these people, side by side."""
    tall = heights or (height,) * len(faces)
    return PhotoFaces(
        path=Path(name),
        photo_hash=name,
        width=1000,
        height=600,
        boxes=np.asarray(
            [[150.0 * i, 50.0, 150.0 * i + side, 50.0 + side] for i, side in enumerate(tall)], np.float32
        ).reshape(-1, 4),
        scores=np.ones(len(faces), np.float32),
        sharpness=np.full(len(faces), 100.0, np.float32),
        quality=np.full(len(faces), 0.5, np.float32),
        embeddings=np.asarray([people.picture(face, 0.0175) for face in faces], np.float32).reshape(-1, 256),
    )


def verdicts(own: list[PhotoFaces], **others: list[PhotoFaces]) -> list[Verdict]:
    return judge_photos({"ada": own, **others}, OPTIONS)["ada"]


def test_photos_that_agree_are_used() -> None:
    people = People()
    judged = verdicts([photo(f"{i}.jpg", people, "ada") for i in range(4)])
    assert [verdict.verdict for verdict in judged] == ["used"] * 4
    assert [verdict.face for verdict in judged] == [0] * 4


def test_one_photo_is_enough() -> None:
    people = People()
    assert verdicts([photo("1.jpg", people, "ada")])[0].verdict == "used"


def test_of_several_faces_the_one_that_agrees_with_the_others_is_chosen() -> None:
    people = People()
    judged = verdicts(
        [photo("1.jpg", people, "ada"), photo("2.jpg", people, "ada"), photo("3.jpg", people, "x", "ada", "y")]
    )
    assert (judged[2].verdict, judged[2].face) == ("used", 1)
    assert "agrees with the other photos" in judged[2].reason


def test_an_actor_only_in_group_pictures_is_the_one_in_all_of_them() -> None:
    people = People()
    judged = verdicts(
        [photo("1.jpg", people, "x", "ada"), photo("2.jpg", people, "ada", "y"), photo("3.jpg", people, "z", "ada")]
    )
    assert [(verdict.verdict, verdict.face) for verdict in judged] == [("used", 1), ("used", 0), ("used", 1)]


def test_several_faces_and_nothing_to_tell_them_by_are_undecidable() -> None:
    people = People()
    (judged,) = verdicts([photo("1.jpg", people, "ada", "x")])
    assert (judged.verdict, judged.face) == ("undecidable", None)


def test_a_lone_photo_gives_its_by_far_largest_face() -> None:
    people = People()
    (judged,) = verdicts([photo("1.jpg", people, "ada", "x", heights=(200.0, 60.0))])
    assert (judged.verdict, judged.face) == ("used", 0)


@pytest.mark.parametrize(
    ("lefts", "heights", "verdict"),
    [
        ((420.0, 30.0), (160.0, 130.0), "used"),
        ((420.0, 30.0), (160.0, 150.0), "undecidable"),
        ((420.0, 300.0), (160.0, 130.0), "undecidable"),
        ((200.0, 850.0), (160.0, 130.0), "undecidable"),
    ],
    ids=["in the middle", "hardly larger", "another beside it", "at the side itself"],
)
def test_a_lone_photo_gives_the_face_that_it_is_framed_around(
    lefts: tuple[float, ...], heights: tuple[float, ...], verdict: str
) -> None:
    own = photo("1.jpg", People(), "ada", "x", heights=heights)
    own.boxes[:, 2] += np.asarray(lefts) - own.boxes[:, 0]
    own.boxes[:, 0] = lefts
    (judged,) = verdicts([own])
    assert judged.verdict == verdict
    assert judged.face == (0 if verdict == "used" else None)


def test_a_lone_photo_gives_the_face_that_is_nobody_elses() -> None:
    people = People()
    ben = [photo(f"b{i}.jpg", people, "ben") for i in range(3)]
    (judged,) = verdicts([photo("1.jpg", people, "ben", "ada")], ben=ben)
    assert (judged.verdict, judged.face) == ("used", 1)


def test_a_photo_of_somebody_else_is_unlike() -> None:
    people = People()
    own = [photo(f"{i}.jpg", people, "ada") for i in range(3)]
    assert verdicts([*own, photo("x.jpg", people, "x")])[3].verdict == "unlike"
    named = verdicts([*own, photo("x.jpg", people, "ben")], ben=[photo(f"b{i}.jpg", people, "ben") for i in range(2)])
    assert named[3].verdict == "unlike"
    assert named[3].reason == "one face, and it is ben's"


def test_a_photo_of_another_actor_does_not_spoil_a_gallery_of_one() -> None:
    people = People()
    ben = [photo(f"b{i}.jpg", people, "ben") for i in range(3)]
    judged = verdicts([photo("1.jpg", people, "ada"), photo("2.jpg", people, "ben")], ben=ben)
    assert [verdict.verdict for verdict in judged] == ["used", "unlike"]


def test_two_photos_that_disagree_cannot_be_decided() -> None:
    people = People()
    judged = verdicts([photo("1.jpg", people, "ada"), photo("2.jpg", people, "x")])
    assert [verdict.verdict for verdict in judged] == ["undecidable"] * 2


def test_a_photo_whose_face_is_faint_does_not_spoil_the_one_good_photo() -> None:
    people = People()
    drawing = photo("2.jpg", people, "x")
    drawing.scores[:] = 0.3
    judged = verdicts([photo("1.jpg", people, "ada"), drawing])
    assert [verdict.verdict for verdict in judged] == ["used", "unlike"]


def test_the_same_file_and_the_same_face_count_once() -> None:
    people = People()
    first = photo("1.jpg", people, "ada")
    again = PhotoFaces(**{**vars(first), "path": Path("copy.jpg")})
    crop = PhotoFaces(
        **{**vars(first), "path": Path("crop.jpg"), "photo_hash": "other", "embeddings": first.embeddings + 0.002}
    )
    judged = verdicts([first, again, crop, photo("4.jpg", people, "ada")])
    assert [verdict.verdict for verdict in judged] == ["used", "duplicate", "duplicate", "used"]
    assert judged[1].reason == "the same picture as 1.jpg"


def test_small_blurred_faceless_and_unreadable_photos_are_left_out() -> None:
    people = People()
    small = photo("small.jpg", people, "ada", height=22.0)
    blurred = photo("blurred.jpg", people, "ada")
    blurred.sharpness[:] = 2.0
    judged = verdicts(
        [small, blurred, photo("none.jpg", people), PhotoFaces(Path("bad.jpg"), error="bad.jpg: not a picture")]
    )
    assert [verdict.verdict for verdict in judged] == ["too_small", "blurred", "no_face", "unreadable"]
    assert judged[0].reason == "its largest face is 22 pixels high; 40 are needed"
    assert judged[3].reason == "bad.jpg: not a picture"


@pytest.mark.slow
def test_files_of_every_type_in_an_actors_folder_get_a_verdict(engine: FaceEngine, tmp_path: Path) -> None:
    folder = tmp_path / "Eileen Collins"
    folder.mkdir()
    astronaut = Pillow.fromarray(package_pictures()["astronaut"])
    for name in ("1.heic", "1.heif", "1.hif"):
        pillow_heif.from_pillow(astronaut).save(folder / name, quality=90)
    astronaut.save(folder / "1.avif")
    astronaut.save(folder / "1.jp2")
    astronaut.save(folder / "1.webp")
    (folder / "1.jxl").write_bytes(imagecodecs.jpegxl_encode(np.asarray(astronaut)))
    (folder / "2.jxl").write_bytes(b"\xff\x0a\xfa\x1f\x01")
    (folder / "3.psd").write_bytes(b"8BPS\x00\x01")
    (folder / "4.txt").write_text("taken in 1999")
    (folder / "5").write_bytes(b"")
    (folder / "6.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    own = photos_of_cast([("Eileen Collins", None)], [tmp_path])["Eileen Collins"]
    photos, _ = judge_gallery({"Eileen Collins": own.photos + own.others}, engine, OPTIONS)
    verdicts = {Path(row["photo"]).name: row["verdict"] for row in photos.to_dict("records")}
    read = {name: verdict for name, verdict in verdicts.items() if name.startswith("1")}
    assert sorted(read) == ["1.avif", "1.heic", "1.heif", "1.hif", "1.jp2", "1.jxl", "1.webp"]
    # They show one picture, so one of them is used.
    assert sorted(read.values()) == ["duplicate"] * 6 + ["used"]
    assert {name: verdict for name, verdict in verdicts.items() if name not in read} == dict.fromkeys(
        ("2.jxl", "3.psd", "4.txt", "5", "6.heic"), "unreadable"
    )
    reasons = photos.loc[photos["verdict"] == "unreadable", "reason"]
    assert reasons.str.contains(r"save it as JPEG or PNG|fetch it again or remove it", regex=True).all()


@pytest.mark.slow
def test_a_photo_whose_name_is_not_utf_8_has_a_verdict_and_spoils_no_other(engine: FaceEngine, tmp_path: Path) -> None:
    astronaut = Pillow.fromarray(package_pictures()["astronaut"])
    astronaut.save(tmp_path / "1.png")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Am\xe9lie.png"))
    odd.write_bytes((tmp_path / "1.png").read_bytes())
    photos, used = judge_gallery({"Eileen Collins": [odd, tmp_path / "1.png"]}, engine, OPTIONS)
    pa.Table.from_pandas(photos)
    assert photos["verdict"].tolist() == ["unreadable", "used"]
    assert photos["reason"].tolist()[0] == f"{tmp_path}/Amélie.png: its path is not UTF-8; rename it"
    assert used["photo"].tolist() == [str(tmp_path / "1.png")]


@pytest.mark.slow
def test_a_drawing_or_coarse_pixels_do_not_spoil_the_one_good_photo(engine: FaceEngine, tmp_path: Path) -> None:
    astronaut = package_pictures()["astronaut"]
    Pillow.fromarray(astronaut).save(tmp_path / "1.png")
    options_ = replace(OPTIONS, faint=YUNET_FAINT)
    drawing, _ = cv2.pencilSketch(astronaut[:, :, ::-1].copy(), sigma_s=60, sigma_r=0.03, shade_factor=0.05)
    small = Pillow.fromarray(astronaut).resize((42, 42))
    for odd in (Pillow.fromarray(drawing), small.resize((512, 512), Pillow.Resampling.NEAREST)):
        odd.save(tmp_path / "2.png")
        photos, used = judge_gallery({"Eileen Collins": [tmp_path / "1.png", tmp_path / "2.png"]}, engine, options_)
        assert photos["verdict"].tolist()[0] == "used", photos["reason"].tolist()
        assert str(tmp_path / "1.png") in used["photo"].tolist()


def test_two_photos_whose_scores_differ_as_those_of_two_people_do_cannot_be_decided() -> None:
    people = People()
    other = photo("2.jpg", people, "x")
    other.scores[:] = 0.955
    judged = judge_photos({"ada": [photo("1.jpg", people, "ada"), other]}, replace(OPTIONS, faint=YUNET_FAINT))["ada"]
    assert [verdict.verdict for verdict in judged] == ["undecidable"] * 2


def test_a_gallery_of_nobody_has_no_rows() -> None:
    assert judge_photos({"ada": []}, OPTIONS) == {"ada": []}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    return load_engine(options(tmp_path_factory.mktemp("models")))


@pytest.fixture
def portraits(tmp_path: Path) -> dict[str, list[Path]]:
    """Folders of photos made from the portraits that packages carry: shrunk, cropped, put together, spoilt."""
    pictures = {name: Pillow.fromarray(picture) for name, picture in package_pictures().items()}
    eileen, grace = pictures["astronaut"], pictures["hopper"]
    both = Pillow.new("RGB", (eileen.width + grace.width, max(eileen.height, grace.height)))
    both.paste(eileen, (0, 0))
    both.paste(grace, (eileen.width, 0))
    files = {
        "Eileen Collins": {
            "1.jpg": eileen,
            "2 half.png": eileen.resize((256, 256)),
            "3 both.jpg": both,
            "4 tiny.jpg": eileen.resize((90, 90)).resize((512, 512)).crop((150, 0, 380, 200)).resize((46, 40)),
            "5 nothing.png": Pillow.new("RGB", (200, 200), "#446688"),
        },
        "Grace Hopper": {"1.jpg": grace, "2 wrong.jpg": eileen.crop((60, 0, 420, 360))},
    }
    paths: dict[str, list[Path]] = {}
    for actor, own in files.items():
        (tmp_path / actor).mkdir()
        for name, picture in own.items():
            picture.save(tmp_path / actor / name)
        paths[actor] = sorted((tmp_path / actor).iterdir())
    broken = tmp_path / "Eileen Collins" / "6 broken.jpg"
    broken.write_bytes(b"not a picture")
    paths["Eileen Collins"].append(broken)
    return paths


@pytest.mark.slow
def test_real_photos_are_judged_and_embedded(engine: FaceEngine, portraits: dict[str, list[Path]]) -> None:
    photos, used = judge_gallery(portraits, engine, OPTIONS, {"Grace Hopper": "nm1234567"})
    assert list(photos.columns) == [column.name for column in tables.GALLERY_PHOTOS.columns]
    assert list(used.columns) == [column.name for column in tables.GALLERY_EMBEDDINGS.columns]
    by_name = {Path(row["photo"]).name: row for row in photos.to_dict("records") if row["actor"] == "Eileen Collins"}
    assert by_name["1.jpg"]["verdict"] == "used"
    assert by_name["2 half.png"]["verdict"] == "duplicate"
    assert by_name["4 tiny.jpg"]["verdict"] in ("too_small", "blurred", "no_face")
    assert by_name["5 nothing.png"]["verdict"] == "no_face"
    assert by_name["6 broken.jpg"]["verdict"] == "unreadable"
    wrong = photos[photos["actor"] == "Grace Hopper"].set_index("photo")["verdict"]
    assert wrong.tolist() != ["used", "used"]
    assert np.isfinite(np.stack(used["embedding"].tolist())).all()
    assert {len(vector) for vector in used["embedding"]} == {engine.embedding_length}
    assert set(used["model_hash"]) == {engine.model_hash}
    assert set(photos.loc[photos["actor"] == "Grace Hopper", "nconst"]) == {"nm1234567"}
    for row in photos[photos["verdict"] == "used"].to_dict("records"):
        assert 0 <= row["left"] < row["right"] <= row["width"]
        with Pillow.open(io.BytesIO(row["thumbnail"])) as thumbnail:
            assert max(thumbnail.size) <= OPTIONS.thumbnail_side
    with Pillow.open(io.BytesIO(contact_sheet(photos))) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width == 8 * 150


@pytest.mark.slow
def test_a_face_that_fills_its_photo_is_found(engine: FaceEngine, tmp_path: Path) -> None:
    face = Pillow.fromarray(package_pictures()["astronaut"]).crop((170, 60, 280, 190))
    face.save(tmp_path / "face.png")
    photos, used = judge_gallery({"Eileen Collins": [tmp_path / "face.png"]}, engine, OPTIONS)
    assert photos["verdict"].tolist() == ["used"]
    assert len(used) == 1


@pytest.mark.slow
def test_a_blurred_photo_does_not_spoil_the_one_good_photo(engine: FaceEngine, tmp_path: Path) -> None:
    astronaut = Pillow.fromarray(package_pictures()["astronaut"])
    astronaut.save(tmp_path / "1.png")
    # The face reaches the photo's edges, where its chip is black: that must not count as sharpness.
    face = astronaut.crop((170, 60, 280, 190)).resize((330, 390))
    face.filter(ImageFilter.GaussianBlur(14)).save(tmp_path / "2.png")
    photos, used = judge_gallery({"Eileen Collins": [tmp_path / "1.png", tmp_path / "2.png"]}, engine, OPTIONS)
    assert photos["verdict"].tolist() == ["used", "blurred"]
    assert used["photo"].tolist() == [str(tmp_path / "1.png")]


def test_a_contact_sheet_without_photos_says_so() -> None:
    empty = pd.DataFrame(columns=[column.name for column in tables.GALLERY_PHOTOS.columns])
    with Pillow.open(io.BytesIO(contact_sheet(empty))) as sheet:
        brightness = np.asarray(sheet.convert("L"))
    assert brightness.min() < 30
    assert brightness.max() == 255


def test_a_contact_sheet_of_more_rows_than_a_jpeg_has_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wios_assets.photos.contact_sheet.TALLEST", 300)
    columns = {column.name: None for column in tables.GALLERY_PHOTOS.columns}
    photos = pd.DataFrame([columns | {"actor": f"Actor {n}", "photo": "1.jpg", "verdict": "used"} for n in range(3)])
    with Pillow.open(io.BytesIO(contact_sheet(photos))) as sheet:
        assert sheet.size == (round(1200 * 300 / (3 * 206)), 300)


@pytest.mark.slow
@pytest.mark.devset
def test_a_clean_gallery_is_used_and_a_wrong_photo_in_it_is_not(devset: Path, engine: FaceEngine) -> None:
    folders = sorted((devset / "ident" / "gallery").iterdir())[:10]
    photos = {folder.name: sorted(folder.iterdir()) for folder in folders}
    judged, _ = judge_gallery(photos, engine, OPTIONS)
    assert (judged["verdict"] == "used").mean() >= 0.97
    own, other = photos["colin_powell"], photos["george_w_bush"]
    mixed, _ = judge_gallery({"colin_powell": [*own, other[0]]}, engine, OPTIONS)
    assert mixed["verdict"].tolist() == ["used"] * len(own) + ["unlike"]
