"""Folders of a cast member's photos."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from wios_assets.errors import Unavailable
from wios_assets.photos.folders import folders_by_letter, misspelt_names, photos_of_cast
from wios_assets.text import name_key


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("ross_geller", "Ross Geller"),
        ("Ross Geller", "ross_geller"),
        ("ROSS.GELLER", "Ross Geller"),
        ("Penélope Cruz", "Penelope Cruz"),
        ("Mads Mikkelsen", "mads mikkelsen"),
        ("Soren Malling", "Søren Malling"),
        ("Zoe Kravitz", "Zoë Kravitz"),
        ("Jean-Luc Godard", "Jean Luc Godard"),
        ("宮崎駿", "宮崎駿"),
    ],
)
def test_a_folder_serves_a_name_however_it_is_spelt(tmp_path: Path, folder: str, name: str) -> None:
    photo = touch(tmp_path / folder / "1.jpg")
    photos = photos_of_cast([(name, None)], [tmp_path])
    assert photos[name].photos == (photo,)
    assert photos[name].folder == tmp_path / folder


def test_a_folder_may_be_called_by_nconst(tmp_path: Path) -> None:
    plain, tagged = touch(tmp_path / "nm0000001" / "1.jpg"), touch(tmp_path / "Ada [nm0000002]" / "1.jpg")
    photos = photos_of_cast([("Somebody", "nm0000001"), ("Else", "nm0000002"), ("Ada", None)], [tmp_path])
    assert photos["Somebody"].photos == (plain,)
    assert photos["Else"].photos == (tagged,)
    assert photos["Ada"].photos == (tagged,)


def test_photos_beside_the_film_are_found_as_kodi_keeps_them(tmp_path: Path) -> None:
    photo = touch(tmp_path / "Film (2001)" / ".actors" / "Ross_Geller.jpg")
    film = touch(tmp_path / "Film (2001)" / "Film (2001).mkv")
    photos = photos_of_cast([("Ross Geller", None), ("Ada", None)], [tmp_path / "none"], film)
    assert photos["Ross Geller"].photos == (photo,)
    assert photos["Ross Geller"].folder is None
    assert photos["Ada"].photos == ()


def test_photos_of_every_place_come_together_once(tmp_path: Path) -> None:
    own, shared = touch(tmp_path / "a" / "Ada" / "1.jpg"), touch(tmp_path / "b" / "ada" / "2.png")
    photos = photos_of_cast([("Ada", None)], [tmp_path / "a", tmp_path / "b", tmp_path / "a"])
    assert photos["Ada"].photos == (own, shared)


def test_only_pictures_count_and_other_files_are_listed_separately(tmp_path: Path) -> None:
    notes = touch(tmp_path / "Ada" / "notes.txt")
    touch(tmp_path / "Ada" / ".hidden.jpg")
    touch(tmp_path / "Ada" / "Thumbs.db")
    (tmp_path / "Ada" / "folder.jpg").mkdir()
    photo = touch(tmp_path / "Ada" / "1.JPEG")
    ada = photos_of_cast([("Ada", None)], [tmp_path])["Ada"]
    assert ada.photos == (photo,)
    assert ada.others == (notes,)


@pytest.mark.parametrize("suffix", ["heic", "HEIF", "hif", "avif", "jxl", "jp2", "jpe", "tga"])
def test_types_that_cameras_and_phones_write_count_as_pictures(tmp_path: Path, suffix: str) -> None:
    photo = touch(tmp_path / "Ada" / f"1.{suffix}")
    assert photos_of_cast([("Ada", None)], [tmp_path])["Ada"].photos == (photo,)


def test_a_folder_that_cannot_be_read_is_named_in_one_line(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 300)
    with pytest.raises(Unavailable, match=r"x: cannot be read \(File name too long\)"):
        photos_of_cast([("Ada", None)], [too_long])


def test_a_name_of_signs_only_matches_nothing(tmp_path: Path) -> None:
    touch(tmp_path / "---" / "1.jpg")
    assert name_key("---") == ""
    assert photos_of_cast([("...", None)], [tmp_path])["..."].photos == ()


def test_a_misspelt_name_is_told_from_another_persons(tmp_path: Path) -> None:
    for folder in ("rachel_green", "ross_geller", "monica_geller"):
        touch(tmp_path / folder / "1.jpg")
    cast = ["rachel_gren", "Ross Geller", "monica", "Nobody Else"]
    assert misspelt_names(["rachel_gren", "monica", "Nobody Else"], cast, [tmp_path, tmp_path / "missing"]) == {
        "rachel_gren": tmp_path / "rachel_green"
    }
    assert misspelt_names(["rachel_gren"], ["rachel_gren", "Rachel Green"], [tmp_path]) == {}


def test_portraits_lie_in_jellyfins_folder_of_people(tmp_path: Path) -> None:
    for letter, name in (("A", "Al Pacino"), ("A", "Ana de Armas"), ("É", "Élodie Yung")):
        (tmp_path / letter / name).mkdir(parents=True)
        (tmp_path / letter / name / "folder.jpg").touch()

    photos = photos_of_cast([("Al Pacino", None), ("Elodie Yung", None)], folders_by_letter(tmp_path))

    assert photos["Al Pacino"].photos == (tmp_path / "A/Al Pacino/folder.jpg",)
    assert photos["Elodie Yung"].photos == (tmp_path / "É/Élodie Yung/folder.jpg",)
    assert folders_by_letter(tmp_path / "none") == folders_by_letter(None) == []


def test_a_series_shares_its_portraits_and_an_episode_adds_its_own(tmp_path: Path) -> None:
    shared, own = tmp_path / "Fargo/.actors/Ada.jpg", tmp_path / "Fargo/Season 01/.actors/Guest.jpg"
    for photo in (shared, own):
        photo.parent.mkdir(parents=True)
        photo.touch()

    film = tmp_path / "Fargo/Season 01/S01E01.mkv"
    photos = photos_of_cast([("Ada", None), ("Guest", None)], [], film, tmp_path / "Fargo")

    assert (photos["Ada"].photos, photos["Guest"].photos) == ((shared,), (own,))


def test_a_folder_whose_name_is_not_utf_8_is_the_actors(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Jos\xe9"))
    folder.mkdir()
    (folder / "1.jpg").write_bytes(b"photo")
    assert photos_of_cast([("José", None)], [tmp_path])["José"].photos == (folder / "1.jpg",)
    assert misspelt_names(["Joseph"], ["Joseph"], [tmp_path]) == {}
    assert misspelt_names(["Josée"], ["Josée"], [tmp_path]) == {"Josée": tmp_path / "José"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("राम", "रोमा"), ("ปีติ", "ปิติ"), ("かぎ", "かき"), ("Лий", "Лии"), ("தமிழ்", "தமழ்")],
)
def test_actors_who_differ_in_signs_of_their_script_have_the_photos_of_their_own_folders(
    tmp_path: Path, one: str, other: str
) -> None:
    for name in (one, other):
        # As a disk of macOS has the names.
        folder = tmp_path / unicodedata.normalize("NFD", name)
        folder.mkdir()
        (folder / "1.jpg").write_bytes(b"photo")
    found = photos_of_cast([(one, None), (other, None)], [tmp_path])
    assert {actor: [photo.parent.name for photo in own.photos] for actor, own in found.items()} == {
        name: [unicodedata.normalize("NFD", name)] for name in (one, other)
    }


@pytest.mark.parametrize(
    "folder", ["İPEK YILMAZ", "ipek yılmaz", "Ipek Yilmaz", "\u200fİpek Yılmaz", "Ｉｐｅｋ　Ｙｉｌｍａｚ"]
)
def test_case_direction_marks_and_width_make_no_other_actor(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "1.jpg").write_bytes(b"photo")
    assert len(photos_of_cast([("İpek Yılmaz", None)], [tmp_path])["İpek Yılmaz"].photos) == 1
