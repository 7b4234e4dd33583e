"""An episode's title, cast and galleries, and a film's from its nfo, as the assets put them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from wios_assets.assets.imdb_rows import cast_of, nfo_of_film, title_of
from wios_assets.films.inbox import discover
from wios_assets.films.index import IndexEntry
from wios_assets.films.registry import gallery_folders, series_sidecar
from wios_assets.films.sidecar import Sidecar
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Match
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.imdb.small_lake import SERIES_LINES, make_lake

FARGO, SECOND = "tt2802850", "tt3514096"


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    with ImdbLookup(make_lake(tmp_path_factory.mktemp("lake"), more=SERIES_LINES)) as lookup:
        yield lookup


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path)


def entry_of(settings: Settings, path: str) -> IndexEntry:
    """The index's entry of a file that is put into the inbox."""
    file = settings.films / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"film")
    (film,) = [film for film in discover(settings.films).films if film.path == file]
    return IndexEntry(str(file), 4, 0, "", episode=film.episode, series=film.series)


def title_and_cast(settings: Settings, entry: IndexEntry, lookup: ImdbLookup) -> tuple[Match, pd.DataFrame]:
    match = title_of(settings, entry, Sidecar(), 3000.0, lookup)
    assert isinstance(match, Match)
    return match, cast_of(match, Sidecar(), nfo_of_film(settings, entry), lookup)[0]


@pytest.mark.parametrize(
    "path",
    [
        "Fargo (2014)/Season 01/Fargo S01E02.mkv",
        "Fargo (2014)/Fargo 1x02.mkv",
        "Serien/Fargo [imdbid-tt2802850]/Staffel 1/S01E02.mkv",
        "Fargo (2014) S01E02.mkv",
    ],
)
def test_an_episode_is_found_however_its_series_is_laid_out(settings: Settings, lookup: ImdbLookup, path: str) -> None:
    match, cast = title_and_cast(settings, entry_of(settings, path), lookup)

    assert (match.tconst, match.credited) == (SECOND, (FARGO, SECOND))
    assert cast["actor"].tolist() == ["Keanu Reeves", "Laurence Fishburne", "Jim Parsons"]
    assert set(cast["source"]) == {"imdb"}


def test_the_series_key_in_its_sidecar_or_nfo_is_taken(settings: Settings, lookup: ImdbLookup) -> None:
    for name, text in (
        ("tvshow.wios.yaml", f"tconst: {FARGO}"),
        ("tvshow.nfo", f"<tvshow><uniqueid type='imdb'>{FARGO}</uniqueid></tvshow>"),
    ):
        entry = entry_of(settings, f"{name} shelf/{name} Schneestadt/Season 1/S01E02.mkv")
        (settings.films / f"{name} shelf/{name} Schneestadt" / name).write_text(text, encoding="utf-8")

        assert title_and_cast(settings, entry, lookup)[0].tconst == SECOND


def test_an_episodes_own_key_in_its_nfo_gives_it_its_series(settings: Settings, lookup: ImdbLookup) -> None:
    entry = entry_of(settings, "Unknown/Season 9/S09E09.mkv")
    nfo = f"<episodedetails><uniqueid type='imdb'>{SECOND}</uniqueid></episodedetails>"
    Path(entry.path).with_suffix(".nfo").write_text(nfo, encoding="utf-8")

    assert title_and_cast(settings, entry, lookup)[0].credited[:2] == (FARGO, SECOND)


def test_galleries_of_a_series_are_shared_and_an_episode_adds_its_own(settings: Settings) -> None:
    entry = entry_of(settings, "Fargo (2014)/Season 01/Fargo S01E02.mkv")
    series = settings.films / "Fargo (2014)"
    (series / "people").mkdir()
    (series / "Season 01/guests").mkdir()
    (series / "tvshow.wios.yaml").write_text("gallery: people", encoding="utf-8")

    folders = gallery_folders(settings, entry, Sidecar(gallery="guests"))

    assert series_sidecar(settings, entry) is not None
    assert folders == [series / "Season 01/guests", series / "people", settings.galleries]


def test_a_film_that_imdb_lacks_has_the_cast_of_its_nfo(settings: Settings, lookup: ImdbLookup) -> None:
    entry = entry_of(settings, "My Film (2020)/My Film (2020).mkv")
    nfo = (
        "<movie><actor><name>Nobody Known</name><role>Second</role><order>1</order></actor>"
        "<actor><name>Keanu Reeves</name><role>First</role><order>0</order></actor></movie>"
    )
    (settings.films / "My Film (2020)/movie.nfo").write_text(nfo, encoding="utf-8")
    cast, left_out = cast_of(None, Sidecar(), nfo_of_film(settings, entry), lookup)

    assert cast[["billing", "actor", "nconst", "character", "source"]].values.tolist() == [
        [1, "Keanu Reeves", "nm0000206", "First", "nfo"],
        [2, "Nobody Known", None, "Second", "nfo"],
    ]
    assert left_out.empty


def test_imdbs_credits_come_before_the_nfos_which_has_the_roles_that_they_lack(
    settings: Settings, lookup: ImdbLookup
) -> None:
    entry = entry_of(settings, "Film/The Matrix (1999).mkv")
    nfo = (
        "<movie><id>tt0133093</id><actor><name>keanu reeves</name><role>Other</role></actor>"
        "<actor><name>Vic Voice</name></actor><actor><name>Harrison Ford (nm0001230)</name><role>Choi</role></actor>"
        "</movie>"
    )
    Path(entry.path).with_suffix(".nfo").write_text(nfo, encoding="utf-8")
    match, cast = title_and_cast(settings, entry, lookup)
    roles = dict(zip(cast["actor"], cast["character"], strict=True))

    assert match.matched_by == "nfo"
    assert set(cast["source"]) == {"imdb"}
    assert roles["Keanu Reeves"] == "Neo / Self"
    assert roles["Harrison Ford (nm0001230)"] == "Choi"
    assert "Vic Voice" not in roles
