"""Which of IMDB's titles a film file is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.imdb.matching import Ambiguous, Match, match_title, readings, title_from_name
from wios_assets.text import plain
from wios_assets_tests.imdb.small_lake import make_lake


@pytest.fixture(scope="module", params=["with the index of titles", "without it"])
def lookup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    lake = make_lake(tmp_path_factory.mktemp("lake's"), film_titles=request.param == "with the index of titles")
    with ImdbLookup(lake) as open_lookup:
        yield open_lookup


@pytest.mark.parametrize(
    ("name", "tconst", "how"),
    [
        ("The Matrix (1999)", "tt0133093", "title and year"),
        ("the matrix (1999)", "tt0133093", "title and year"),
        ("Matrix (1999)", "tt0133093", "title and year"),
        ("Matrix, The (1999)", "tt0133093", "title and year"),
        ("The Matrix (1998)", "tt0133093", "title and year"),
        ("The Matrix (1999) - 1080p [x265] {edition-Final}", "tt0133093", "title and year"),
        ("The.Matrix.1999.REMASTERED.1080p.BluRay.x264-GRP", "tt0133093", "title and year"),
        ("The_Matrix_1999", "tt0133093", "title and year"),
        ("The Matrix", "tt0133093", "title"),
        ("Heat (1995)", "tt0113277", "title and year"),
        ("Heat [1986]", "tt0106364", "title and year"),
        ("Breathless (1960)", "tt0053472", "title and year"),
        ("A bout de souffle (1960)", "tt0053472", "title and year"),
        ("À bout de souffle (1960)", "tt0053472", "title and year"),
        ("Amelie (2001)", "tt0211915", "title and year"),
        ("Le fabuleux destin d’Amelie Poulain (2001)", "tt0211915", "title and year"),
        ("Face-Off (1997)", "tt0119094", "title and year"),
        ("FaceOff (1997)", "tt0119094", "title and year"),
        ("2001 - A Space Odyssey (1968)", "tt0062622", "title and year"),
        ('"Swing it" magistern (1940)', "tt0033122", "title and year"),
        ("Swing It Magistern (1940)", "tt0033122", "title and year"),
        ("Shichinin no samurai (1954)", "tt0047478", "title and year"),
        ("1917", "tt0500004", "title"),
        ("Élite (2019)", "tt0500001", "title and year"),
        ("elite (2019)", "tt0500002", "title and year"),
        ("The Matrix (1999) [imdbid-tt0113277]", "tt0113277", "tag"),
        ("Anything {imdb-tt0113277}", "tt0113277", "tag"),
        ("Anything [IMDB-TT0113277]", "tt0113277", "tag"),
        ("Anything [imdbid=tt0113277]", "tt0113277", "tag"),
    ],
)
def test_a_name_finds_its_title(lookup: ImdbLookup, name: str, tconst: str, how: str) -> None:
    match = match_title([name], None, None, lookup)
    assert isinstance(match, Match)
    assert (match.tconst, match.matched_by) == (tconst, how)
    assert match.in_tables
    assert match.title


@pytest.mark.parametrize(
    "name",
    ["The Matrix (2003)", "Nothing Like It (1999)", "The (1999)", "(1999)", "", "???", "dev_film", "Matri (1999)"],
)
def test_a_name_that_fits_nothing_finds_nothing(lookup: ImdbLookup, name: str) -> None:
    assert match_title([name], None, None, lookup) is None


def test_a_given_key_comes_before_everything(lookup: ImdbLookup) -> None:
    match = match_title(["The Matrix (1999) [imdbid-tt0113277]"], "tt0047478", None, lookup)
    assert match == Match("tt0047478", "Seven Samurai", 1954, "sidecar", 207)


def test_a_given_key_that_the_tables_lack_is_kept_and_marked(lookup: ImdbLookup) -> None:
    assert match_title(["x"], "tt9999999", None, lookup) == Match("tt9999999", None, None, "sidecar", in_tables=False)


def test_the_folder_is_asked_before_the_file_and_a_tag_in_either_counts(lookup: ImdbLookup) -> None:
    by_folder = match_title(["Heat (1995)", "The Matrix (1999)"], None, None, lookup)
    by_file = match_title(["no such film (1995)", "The Matrix (1999)"], None, None, lookup)
    by_tag = match_title(["Heat (1995)", "x [imdbid-tt0133093]"], None, None, lookup)
    assert [match.tconst for match in (by_folder, by_file, by_tag) if isinstance(match, Match)] == [
        "tt0113277",
        "tt0133093",
        "tt0133093",
    ]


@pytest.mark.parametrize(("minutes", "tconst"), [(96, "tt0421882"), (141.5, "tt0421883"), (138, "tt0421883")])
def test_length_decides_between_titles_of_one_name_and_year(lookup: ImdbLookup, minutes: float, tconst: str) -> None:
    match = match_title(["Night (2005)"], None, minutes * 60, lookup)
    assert isinstance(match, Match)
    assert match.tconst == tconst


def test_an_ambiguous_name_lists_its_candidates_and_how_to_choose(lookup: ImdbLookup) -> None:
    match = match_title(["Night (2005)"], None, None, lookup)
    assert isinstance(match, Ambiguous)
    assert [title.tconst for title in match.candidates] == ["tt0421882", "tt0421883", "tt0421884"]
    assert "tt0421882 'Night' (movie, 2005, 95 min)" in match.message
    assert "`tconst: tt0421882` in the film's sidecar" in match.message
    assert "[imdbid-tt0421882]" in match.message
    assert "--tconst tt0421882" in match.message


def test_a_short_of_unknown_length_stays_a_candidate_for_a_short_film(lookup: ImdbLookup) -> None:
    match = match_title(["Night (2005)"], None, 12 * 60, lookup)
    assert isinstance(match, Match)
    assert match.tconst == "tt0421884"


def test_a_length_that_fits_nobody_decides_nothing(lookup: ImdbLookup) -> None:
    match = match_title(["Night (2005)"], None, 60 * 60, lookup)
    assert isinstance(match, Ambiguous)
    assert [title.tconst for title in match.candidates] == ["tt0421882", "tt0421883", "tt0421884"]


def test_a_longer_cut_is_still_the_film(lookup: ImdbLookup) -> None:
    match = match_title(["The Matrix (1999)"], None, 200 * 60, lookup)
    assert isinstance(match, Match)
    assert (match.tconst, match.runtime_minutes) == ("tt0133093", 136)


def test_without_a_year_the_length_must_agree(lookup: ImdbLookup) -> None:
    assert match_title(["The Matrix"], None, 132.0, lookup) is None
    match = match_title(["The Matrix"], None, 136 * 60, lookup)
    assert isinstance(match, Match)
    assert (match.tconst, match.matched_by) == ("tt0133093", "title")
    heat = match_title(["Heat"], None, 171 * 60, lookup)
    assert isinstance(heat, Match)
    assert heat.year == 1995


def test_a_number_that_is_a_year_or_belongs_to_the_title_is_not_guessed(lookup: ImdbLookup) -> None:
    match = match_title(["Wonder.Woman.1984"], None, None, lookup)
    assert isinstance(match, Ambiguous)
    assert {title.tconst for title in match.candidates} == {"tt0500003", "tt7126948"}
    by_length = match_title(["Wonder Woman 1984"], None, 151 * 60, lookup)
    assert isinstance(by_length, Match)
    assert (by_length.tconst, by_length.matched_by) == ("tt7126948", "title")
    decided = match_title(["Wonder Woman 1984 (2020)"], None, None, lookup)
    assert isinstance(decided, Match)
    assert decided.tconst == "tt7126948"


def test_tables_that_are_not_loaded_find_nothing(tmp_path: Path) -> None:
    with ImdbLookup(tmp_path) as lookup:
        assert match_title(["The Matrix (1999)"], None, None, lookup) is None
        assert match_title(["x"], "tt0133093", None, lookup) == Match("tt0133093", None, None, "sidecar", None, False)
        assert lookup.credits("tt0133093") == []
        assert lookup.people_called("Keanu Reeves") == []


@pytest.mark.parametrize(
    ("name", "title", "year"),
    [
        ("[REC] (2007)", "REC", 2007),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("2012 (2009)", "2012", 2009),
        ("2012", "2012", None),
        ("Blade Runner 2049 (2017).mkv", "Blade Runner 2049", 2017),
        ("Dr. No", "Dr. No", None),
        ("Series (1999-2003)", "Series", 1999),
        ("dev_film", "dev film", None),
    ],
)
def test_title_and_year_are_read_from_a_name(name: str, title: str, year: int | None) -> None:
    assert title_from_name(name) == (title, year)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_name_can_be_read(name: str) -> None:
    for reading in readings(name):
        assert reading.title
    assert isinstance(title_from_name(name)[0], str)


@given(
    st.text(st.characters(categories=("Ll", "Lu")), min_size=1, max_size=20).filter(lambda text: text.strip()),
    st.integers(1880, 2099),
)
def test_a_title_with_its_year_is_read_back(title: str, year: int) -> None:
    (reading,) = readings(f"{title} ({year})")
    assert (reading.title, reading.year) == (plain(title), year)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    with ImdbLookup(tmp_path_factory.mktemp("empty")) as open_lookup:
        yield open_lookup


@given(title=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30))
def test_outer_spaces_do_not_change_a_title_key(keys: ImdbLookup, title: str) -> None:
    assert keys.title_key(f"  {title} ") == keys.title_key(title)


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("The General", "general"),
        ("General, The", "GENERAL"),
        ("L'Été", "ete"),
        ("Straße", "Strasse"),
        ("Alien³", "Alien 3"),
        ("Fast & Furious", "Fast and Furious"),
        ("Æon Flux", "aeon flux"),
        ("WALL·E", "Wall-E"),
        ("Le Amiche", "amiche"),
    ],
)
def test_spellings_of_one_title_share_a_key(keys: ImdbLookup, title: str, same: str) -> None:
    assert keys.title_key(title) == keys.title_key(same)


@pytest.mark.parametrize(("title", "other"), [("The", "A"), ("Heat", "Hot"), ("???", "!!!"), ("Alien", "Alien 3")])
def test_different_titles_have_different_keys(keys: ImdbLookup, title: str, other: str) -> None:
    assert keys.title_key(title) != keys.title_key(other)


INDIC: dict[str, list[tuple[str, ...]]] = {
    "imdb/title_basics": [
        ("tt0900001", "movie", "राम", "राम", "0", "2009", "\\N", "120", "Drama"),
        ("tt0900002", "movie", "かぎ", "かぎ", "0", "1959", "\\N", "107", "Drama"),
        ("tt0900003", "movie", "AKIRA", "AKIRA", "0", "1988", "\\N", "124", "Animation"),
    ],
    "imdb/name_basics": [("nm0900001", "राम", "\\N", "\\N", "actor", "\\N")],
}


@pytest.mark.parametrize(
    ("name", "tconst"),
    [
        ("राम (2009)", "tt0900001"),
        ("रोमा (2009)", None),
        ("रम (2009)", None),
        ("かぎ (1959)", "tt0900002"),
        ("かき (1959)", None),
        ("ＡＫＩＲＡ（１９８８）", "tt0900003"),
        ("\u202bAKIRA\u202c (1988)", "tt0900003"),
    ],
)
def test_titles_that_differ_in_signs_of_their_script_are_two(tmp_path: Path, name: str, tconst: str | None) -> None:
    with ImdbLookup(make_lake(tmp_path, more=INDIC)) as lookup:
        match = match_title([name], None, None, lookup)
    assert (match.tconst if isinstance(match, Match) else match) == tconst


def test_people_who_differ_in_signs_of_their_script_are_two(tmp_path: Path) -> None:
    with ImdbLookup(make_lake(tmp_path, more=INDIC)) as lookup:
        assert [person.nconst for person in lookup.people_called("राम")] == ["nm0900001"]
        assert lookup.people_called("रोमा") == []
