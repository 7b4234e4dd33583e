"""Sidecars: their keys and values, and the message for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar


def read(tmp_path: Path, text: str) -> Sidecar:
    path = tmp_path / "film.wios.yaml"
    path.write_text(text, encoding="utf-8")
    return read_sidecar(path)


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    text = """
        name: "007"
        tconst: tt0055928
        title: Dr. No
        year: 1962
        cast: [Sean Connery, nm0000266, joseph_wiseman]
        gallery: photos
        samples_per_second: 4
    """
    sidecar = read(tmp_path, "\n".join(line.strip() for line in text.splitlines()))
    assert sidecar.name == "007"
    assert sidecar.cast == ["Sean Connery", "nm0000266", "joseph_wiseman"]
    assert sidecar.samples_per_second == 4.0
    assert sidecar.gallery_folder(tmp_path / "film.wios.yaml") == (tmp_path / "photos").resolve()


def test_an_empty_sidecar_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Sidecar()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("actors: [a]", "unknown key 'actors'; allowed: name, tconst, title, year, cast, gallery, samples_per_second"),
        ("name: 007", "name = 7: is not text; put it in quotes"),
        ("title: 1917", "title = 1917: is not text"),
        ("year: '1999'", "year = '1999': is not a whole number"),
        ("year: true", "year = True: is not a whole number"),
        ("year: 19", "year = 19:"),
        ("tconst: '0133093'", "tconst = '0133093': is not IMDB's key of a title"),
        ("cast: Sean Connery", "cast = 'Sean Connery': is not a list"),
        ("cast: [Sean Connery, 7]", "cast, entry 2 = 7: is not text"),
        ("cast: []", "cast:"),
        ("cast: [' ']", "cast: has a blank entry"),
        ("gallery: nowhere", "gallery: there is no folder"),
        ("samples_per_second: 0", "samples_per_second = 0:"),
        ("- a\n- b", "not a list of `key: value` lines"),
        ("name: [", "not YAML"),
        ("title: 2024-13-45", "not YAML (month must be in 1..12)"),
        ("year: " + "9" * 5000, "not YAML"),
        ("name: " + "[" * 3000, "not YAML"),
        ("gallery: ~no-such-user/photos", "gallery: '~no-such-user/photos' is no path"),
        ('gallery: "a\\0b"', "is no path"),
        ("gallery: " + "x" * 5000, "is no path"),
        ('title: "\\ud800"', "has a character that is no text"),
        ('cast: [Ada, "\\ud800"]', "cast: has a character that is no text"),
        ("name: !!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(WiosError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "film.wios.yaml"))
    assert problem in message
    assert "\n" not in message


def test_a_sidecar_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.wios.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(WiosError, match="cannot be read"):
        read_sidecar(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = sidecar_path(tmp_path / "Été '42.mkv")
    assert path.name == "Été '42.wios.yaml"
    sidecar = Sidecar(name="007", cast=["Jean-Paul: Belmondo", "no", "007"], year=1965)
    write_sidecar(path, sidecar)
    assert read_sidecar(path) == sidecar
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
