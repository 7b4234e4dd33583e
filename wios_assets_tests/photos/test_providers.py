"""Photos of a cast from folders, and from several providers at once."""

from __future__ import annotations

from pathlib import Path

from wios_assets.photos.providers import ActorsFolder, AskedFilm, FoundPhotos, GalleryFolders, Photo, gather_photos

CAST = [("Keanu Reeves", "nm0000206"), ("Carrie-Anne Moss", "nm0005251"), ("Nobody", None)]


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")
    return path


class Repeating:
    """A provider that gives the file it was told to, and complains."""

    name = "repeating"

    def __init__(self, path: Path) -> None:
        self.path = path

    def photos(self, cast: object, film: AskedFilm) -> FoundPhotos:
        return FoundPhotos({"Keanu Reeves": [Photo(self.path, self.name, "x")]}, ["complaint"])


def test_folders_are_found_by_name_and_key(tmp_path: Path) -> None:
    by_name = put(tmp_path / "a" / "keanu_reeves" / "1.jpg")
    by_key = put(tmp_path / "b" / "nm0005251" / "1.png")
    found = GalleryFolders([tmp_path / "a", tmp_path / "b"]).photos(CAST, AskedFilm())
    assert [[photo.path for photo in found.photos[name]] for name, _ in CAST] == [[by_name], [by_key], []]
    assert found.photos["Keanu Reeves"][0] == Photo(by_name, "folder", str(by_name))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = GalleryFolders([tmp_path / "nowhere"]).photos(CAST, AskedFilm())
    assert found.problems == [
        f"{tmp_path / 'nowhere'}: there is no such folder of photos; create it or mend the setting"
    ]


def test_the_actors_folder_beside_the_film_is_read(tmp_path: Path) -> None:
    beside = put(tmp_path / "The Matrix (1999)" / ".actors" / "Keanu_Reeves.jpg")
    found = ActorsFolder().photos(CAST, AskedFilm(tmp_path / "The Matrix (1999)" / "film.mkv"))
    assert [photo.path for photo in found.photos["Keanu Reeves"]] == [beside]
    assert ActorsFolder().photos(CAST, AskedFilm()).photos["Keanu Reeves"] == []


def test_providers_are_asked_in_order_and_a_file_counts_once(tmp_path: Path) -> None:
    one, two = put(tmp_path / "keanu reeves" / "1.jpg"), put(tmp_path / "keanu reeves" / "2.jpg")
    found = gather_photos([Repeating(two), GalleryFolders([tmp_path])], CAST, AskedFilm())
    assert [(photo.path, photo.provider) for photo in found.photos["Keanu Reeves"]] == [
        (two, "repeating"),
        (one, "folder"),
    ]
    assert found.photos["Nobody"] == []
    assert found.problems == ["complaint"]
