"""Episodes found through their series, and films and series found by their titles in other countries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wios_assets.imdb.casts import cast_of_title
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Ambiguous, Match, match_episode, match_title
from wios_assets_tests.imdb.small_lake import SERIES_LINES, make_lake

FARGO, ONE_PIECE = "tt2802850", "tt0388629"


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    with ImdbLookup(make_lake(tmp_path_factory.mktemp("lake"), more=SERIES_LINES)) as lookup:
        yield lookup


def matched(found: Match | Ambiguous | None) -> Match:
    assert isinstance(found, Match)
    return found


def test_an_episode_is_found_by_the_title_and_year_of_its_series(lookup: ImdbLookup) -> None:
    match = matched(match_episode("Fargo (2014)", (1, 2, 2), None, lookup))

    assert (match.tconst, match.title, match.year) == ("tt3514096", "Fargo S01E02 The Rooster Prince", 2014)
    assert match.credited == (FARGO, "tt3514096")


def test_an_episode_is_found_by_the_key_of_its_series(lookup: ImdbLookup) -> None:
    assert matched(match_episode("whatever", (2, 1, 1), FARGO, lookup)).tconst == "tt3514200"


def test_an_episode_is_found_by_a_title_of_its_series_in_another_country(lookup: ImdbLookup) -> None:
    match = matched(match_episode("Фарго (2014)", (1, 1, 1), None, lookup))

    assert (match.tconst, match.matched_by) == ("tt3097534", "other title and year")


def test_of_series_with_one_title_the_one_that_has_the_episode_is_taken(lookup: ImdbLookup) -> None:
    assert matched(match_episode("Fargo", (1, 2, 2), None, lookup)).tconst == "tt3514096"


def test_series_with_one_title_that_lack_the_episode_are_listed(lookup: ImdbLookup) -> None:
    found = match_episode("Fargo", (9, 1, 1), None, lookup)

    assert isinstance(found, Ambiguous)
    assert "tt2802850" in found.message
    assert "tt2802851" in found.message


def test_a_double_episode_has_the_guests_of_both(lookup: ImdbLookup) -> None:
    match = matched(match_episode("Fargo (2014)", (1, 2, 3), None, lookup))
    cast, _ = cast_of_title(lookup, match.credited_titles)

    assert match.credited == (FARGO, "tt3514096", "tt3514098")
    assert cast["actor"].tolist() == ["Keanu Reeves", "Laurence Fishburne", "Jim Parsons", "Carrie-Anne Moss"]
    assert cast["character"].tolist() == ["Lorne Malvo", "Lester", "Guest", "Second Guest"]


def test_a_special_that_imdb_lacks_has_the_cast_of_its_series(lookup: ImdbLookup) -> None:
    match = matched(match_episode("Fargo (2014)", (0, 1, 1), None, lookup))

    assert (match.tconst, match.title) == (FARGO, "Fargo S00E01")
    assert match.credited == (FARGO,)


@pytest.mark.parametrize("code", ["2014-04-15", "S00"])
def test_an_episode_without_a_number_has_the_cast_of_its_series(lookup: ImdbLookup, code: str) -> None:
    match = matched(match_episode("Fargo (2014)", code, None, lookup))

    assert (match.tconst, match.title) == (FARGO, f"Fargo {code}")
    assert match.credited == (FARGO,)


@pytest.mark.parametrize(("number", "tconst"), [(1, "tt0388630"), (3, "tt0388632"), (4, "tt0388633")])
def test_an_absolute_number_counts_the_seasons_before(lookup: ImdbLookup, number: int, tconst: str) -> None:
    assert matched(match_episode("One Piece (1999)", (None, number, number), None, lookup)).tconst == tconst


def test_an_absolute_number_beyond_the_last_episode_is_no_episode(lookup: ImdbLookup) -> None:
    assert matched(match_episode("One Piece", (None, 5, 5), None, lookup)).tconst == ONE_PIECE


def test_absolute_numbers_are_taken_as_they_are_where_seasons_go_on_counting(tmp_path: Path) -> None:
    lines = {
        **SERIES_LINES,
        "imdb/title_episode": [("tt0388630", ONE_PIECE, "1", "61"), ("tt0388631", ONE_PIECE, "2", "62")],
    }
    with ImdbLookup(make_lake(tmp_path, more=lines)) as lookup:
        assert matched(match_episode("One Piece", (None, 62, 62), None, lookup)).tconst == "tt0388631"


def test_a_film_is_never_matched_to_a_series(lookup: ImdbLookup) -> None:
    assert match_title(["Fargo (2014)"], None, None, lookup) is None
    assert match_title(["One Piece (1999)"], None, None, lookup) is None


@pytest.mark.parametrize(
    ("name", "tconst", "title"),
    [
        ("Die Verurteilten (1994)", "tt0111161", "Die Verurteilten"),
        ("die.verurteilten.1994.1080p.BluRay", "tt0111161", "Die Verurteilten"),
        ("ショーシャンクの空に (1994)", "tt0111161", "ショーシャンクの空に"),
        ("Los puentes de Madison (1995)", "tt0112579", "Los puentes de Madison"),
    ],
)
def test_a_film_is_found_by_its_title_in_another_country_with_its_year(
    lookup: ImdbLookup, name: str, tconst: str, title: str
) -> None:
    match = matched(match_title([name], None, None, lookup))

    assert (match.tconst, match.title, match.matched_by) == (tconst, title, "other title and year")


def test_a_title_in_another_country_without_its_year_is_not_enough(lookup: ImdbLookup) -> None:
    assert match_title(["Die Verurteilten"], None, 142 * 60, lookup) is None


def test_a_films_own_title_comes_before_another_countrys_title_of_that_year(lookup: ImdbLookup) -> None:
    assert matched(match_title(["Die Brücken (1996)"], None, None, lookup)).tconst == "tt6000001"


def test_between_an_own_title_a_year_off_and_another_countrys_of_the_year_nothing_is_chosen(lookup: ImdbLookup) -> None:
    found = match_title(["Die Brücken (1995)"], None, None, lookup)

    assert isinstance(found, Ambiguous)
    assert {title.tconst for title in found.candidates} == {"tt0112579", "tt6000001"}


def test_only_titles_of_films_and_series_are_kept(lookup: ImdbLookup) -> None:
    kept = lookup._rows("imdb/title_akas", "SELECT DISTINCT tconst FROM rows ORDER BY tconst")

    assert kept == [("tt0111161",), ("tt0112579",), (FARGO,)]
