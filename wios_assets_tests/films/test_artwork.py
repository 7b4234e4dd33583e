"""Posters beside films, as media servers keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.films.artwork import poster_file, series_poster_file


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


@pytest.mark.parametrize("name", ["poster.jpg", "folder.jpg", "Folder.JPEG", "cover.png", "movie.webp"])
def test_a_film_in_its_own_folder_has_the_folders_poster(tmp_path: Path, name: str) -> None:
    film = touched(tmp_path / "Heat (1995)" / "Heat.mkv")
    poster = touched(film.with_name(name))
    assert poster_file(film, tmp_path) == poster


def test_the_poster_with_the_films_name_comes_first(tmp_path: Path) -> None:
    film = touched(tmp_path / "Heat (1995)" / "Heat.mkv")
    touched(film.with_name("poster.jpg"))
    own = touched(film.with_name("Heat-poster.jpg"))
    assert poster_file(film, tmp_path) == own


def test_the_inboxes_picture_is_no_films(tmp_path: Path) -> None:
    film = touched(tmp_path / "Heat (1995).mkv")
    touched(tmp_path / "folder.jpg")
    assert poster_file(film, tmp_path) is None
    own = touched(tmp_path / "Heat (1995).jpg")
    assert poster_file(film, tmp_path) == own


def test_discs_and_parts_have_the_poster_of_their_film(tmp_path: Path) -> None:
    poster = touched(tmp_path / "Heat (1995)" / "poster.jpg")
    for part in ("VIDEO_TS/VTS_01_1.VOB", "BDMV/STREAM/00001.m2ts", "CD1/heat.avi"):
        assert poster_file(touched(poster.parent / part), tmp_path) == poster


def test_a_film_elsewhere_has_its_folders_poster_only_where_the_folder_has_its_name(tmp_path: Path) -> None:
    film = touched(tmp_path / "downloads" / "Heat.mkv")
    touched(film.with_name("folder.jpg"))
    assert poster_file(film, tmp_path / "inbox") is None
    film = touched(tmp_path / "Heat (1995)" / "Heat.mkv")
    assert poster_file(film, tmp_path / "inbox") is None
    poster = touched(film.with_name("poster.jpg"))
    assert poster_file(film, tmp_path / "inbox") == poster


def test_empty_files_and_folders_that_are_gone_are_no_posters(tmp_path: Path) -> None:
    film = touched(tmp_path / "Heat" / "Heat.mkv")
    film.with_name("poster.jpg").write_bytes(b"")
    assert poster_file(film, tmp_path) is None
    assert poster_file(tmp_path / "gone" / "film.mkv", tmp_path) is None


def test_a_season_has_its_own_poster_or_the_series(tmp_path: Path) -> None:
    series = touched(tmp_path / "poster.jpg")
    assert series_poster_file(tmp_path, 1) == series
    season = touched(tmp_path / "season01-poster.jpg")
    assert series_poster_file(tmp_path, 1) == season
    assert series_poster_file(tmp_path) == series
    assert series_poster_file(tmp_path, 0) == series
