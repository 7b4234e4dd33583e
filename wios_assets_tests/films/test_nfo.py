"""`.nfo` files as Kodi and Jellyfin write them, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.films.nfo import LARGEST_BYTES, Nfo, nfo_of
from wios_assets.films.portraits import portraits_of
from wios_assets.settings import load_settings

MOVIE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<movie>
  <title>Heat</title>
  <id>ignored</id>
  <uniqueid type="tmdb" default="true">949</uniqueid>
  <uniqueid type="imdb">tt0113277</uniqueid>
  <actor><name>Robert De Niro</name><role>Neil McCauley</role><order>1</order><thumb>http://x.example/1.jpg</thumb></actor>
  <actor><name>Al  Pacino</name><role>Lt. Vincent Hanna</role><order>0</order></actor>
  <actor><name></name><role>Nobody</role></actor>
  <actor><name>Val Kilmer</name></actor>
</movie>
"""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> Nfo:
    written(tmp_path / "films/Heat (1995)/Heat.nfo", text, encoding)
    return nfo_of(tmp_path / "films/Heat (1995)/Heat.mkv", tmp_path / "films", episode=False)


def test_the_key_and_the_cast_in_its_order_are_read(tmp_path: Path) -> None:
    nfo = read(tmp_path, MOVIE)

    assert nfo.tconst == "tt0113277"
    assert [(actor.name, actor.role) for actor in nfo.actors] == [
        ("Al Pacino", "Lt. Vincent Hanna"),
        ("Robert De Niro", "Neil McCauley"),
        ("Val Kilmer", None),
    ]
    assert nfo.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "https://www.imdb.com/title/tt0113277/",
        "http://www.imdb.com/de/title/tt0113277/?ref_=a&b",
        "<movie><title>Heat</title></movie>\nhttps://www.imdb.com/title/tt0113277/?ref_=a&b",
        "<movie><id>tt0113277</id></movie>",
        "<movie><imdbid>tt0113277</imdbid></movie>",
        "\ufeff<movie><uniqueid type='IMDB'> tt0113277 </uniqueid></movie>",
    ],
)
def test_every_form_that_kodi_allows_gives_the_key(tmp_path: Path, text: str) -> None:
    nfo = read(tmp_path, text)

    assert (nfo.tconst, nfo.problems) == ("tt0113277", ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "cp1252"])
def test_a_name_is_read_in_the_encoding_of_the_file(tmp_path: Path, encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><movie><actor><name>Penélope Cruz</name></actor></movie>"

    assert [actor.name for actor in read(tmp_path, text, encoding).actors] == ["Penélope Cruz"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<movie><title>Heat & more</title></movie>", "not XML that can be read"),
        ("<movie><title>Heat</movie>", "not XML that can be read"),
        ("<" + "x" * LARGEST_BYTES + ">", "larger than 4 MB"),
        ("<a>" * 100 + "</a>" * 100, "elements inside each other"),
    ],
    ids=["ampersand", "unclosed", "large", "deep"],
)
def test_what_cannot_be_read_is_named_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = read(tmp_path, text).problems

    assert problem in line
    assert "Heat.nfo" in line
    assert "\n" not in line


def test_no_entity_is_expanded_and_no_file_is_opened(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret", "hidden")
    for entity in (f'<!ENTITY a SYSTEM "{secret.as_uri()}">', '<!ENTITY a "boom"><!ENTITY b "&a;&a;">'):
        text = f"<!DOCTYPE movie [{entity}]><movie><actor><name>&a;</name></actor></movie>"
        nfo = read(tmp_path, text)

        assert nfo.actors == ()
        assert len(nfo.problems) == 1


def test_movie_nfo_counts_in_the_films_own_folder_only(tmp_path: Path) -> None:
    inbox = tmp_path / "films"
    for folder in (inbox / "Heat (1995)", inbox / "Crime", inbox):
        written(folder / "movie.nfo", MOVIE)

    assert nfo_of(inbox / "Heat (1995)/film.mkv", inbox, episode=False).tconst == "tt0113277"
    assert nfo_of(inbox / "Crime/Casino.mkv", inbox, episode=False) == Nfo()
    assert nfo_of(inbox / "Casino.mkv", inbox, episode=False) == Nfo()


def test_a_discs_nfo_lies_beside_its_files_or_around_them(tmp_path: Path) -> None:
    inbox = tmp_path / "films"
    written(inbox / "Heat/VIDEO_TS/VIDEO_TS.nfo", MOVIE)
    written(inbox / "Ronin/movie.nfo", MOVIE)

    assert nfo_of(inbox / "Heat/VIDEO_TS/VTS_01_1.VOB", inbox, episode=False).tconst == "tt0113277"
    assert nfo_of(inbox / "Ronin/BDMV/STREAM/00001.m2ts", inbox, episode=False).tconst == "tt0113277"


def test_an_episode_has_its_series_cast_and_then_its_own(tmp_path: Path) -> None:
    inbox = tmp_path / "films"
    show = "<tvshow><uniqueid type='imdb'>tt2802850</uniqueid><actor><name>A</name><role>Malvo</role></actor></tvshow>"
    own = (
        "<episodedetails><uniqueid type='imdb'>tt3514096</uniqueid><actor><name>Guest</name></actor></episodedetails>"
        "<episodedetails><actor><name>Second</name></actor><actor><name>A</name></actor></episodedetails>"
    )
    written(inbox / "Fargo (2014)/tvshow.nfo", show)
    written(inbox / "Fargo (2014)/Season 01/Fargo S01E02-E03.nfo", own)
    nfo = nfo_of(inbox / "Fargo (2014)/Season 01/Fargo S01E02-E03.mkv", inbox, episode=True)

    assert (nfo.tconst, nfo.series_tconst) == ("tt3514096", "tt2802850")
    assert [(actor.name, actor.role) for actor in nfo.actors] == [("A", "Malvo"), ("Guest", None), ("Second", None)]


def test_a_portrait_counts_only_inside_the_library_and_is_never_fetched(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    film = settings.films / "Heat (1995)/Heat.mkv"
    inside = written(film.parent / "portraits/al.jpg", "picture")
    outside = written(tmp_path / "outside.jpg", "picture")
    (film.parent / "link.jpg").symlink_to(outside)
    thumbs = (inside, "portraits/al.jpg", outside, "../../../outside.jpg", "link.jpg", "http://x.example/a.jpg", "/etc")
    text = "".join(f"<actor><name>A{index}</name><thumb>{thumb}</thumb></actor>" for index, thumb in enumerate(thumbs))
    written(film.with_suffix(".nfo"), f"<movie>{text}</movie>")

    assert portraits_of(settings, nfo_of(film, settings.films, episode=False)) == {"a0": [inside], "a1": [inside]}
