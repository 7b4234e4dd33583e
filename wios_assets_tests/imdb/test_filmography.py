import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from wios_assets.imdb.filmography import filmography_of, unknown_director, wanted_for
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.tables import FILMOGRAPHY, WANTED
from wios_assets_tests.imdb.small_lake import make_lake

WACHOWSKI = "nm0905154"
MATRIX = "tt0133093"


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    with ImdbLookup(make_lake(tmp_path_factory.mktemp("lake"))) as open_lookup:
        yield open_lookup


@pytest.fixture(scope="module")
def films(lookup: ImdbLookup) -> pd.DataFrame:
    return filmography_of(lookup, WACHOWSKI)


def test_a_filmography_has_each_film_with_its_cast_in_billing_order(films: pd.DataFrame) -> None:
    assert list(films.columns) == [column.name for column in FILMOGRAPHY.columns]
    assert films["tconst"].unique().tolist() == ["tt0500003", MATRIX]
    assert films[["director", "director_name"]].drop_duplicates().to_numpy().tolist() == [[WACHOWSKI, "Lana Wachowski"]]
    billed = films[(films["tconst"] == MATRIX) & films["billing"].notna()]
    assert billed["billing"].tolist() == [1, 2, 3, 4, 5, 6]
    assert billed["actor"].tolist()[:2] == ["Keanu Reeves", "Laurence Fishburne"]
    assert billed["left_out"].isna().all()


def test_voices_and_uncredited_people_are_shown_with_the_reason_and_no_billing(films: pd.DataFrame) -> None:
    out = films[films["left_out"].notna()]
    assert out[["actor", "left_out"]].to_numpy().tolist() == [
        ["Vic Voice", "only lends a voice"],
        ["Ursula Unseen", "uncredited"],
    ]
    assert out["billing"].isna().all()


def test_a_film_with_no_cast_has_one_row_with_nobody(films: pd.DataFrame) -> None:
    bare = films[films["tconst"] == "tt0500003"].to_dict("records")
    assert len(bare) == 1
    assert bare[0]["title"] == "Wonder Woman"
    assert bare[0]["actor"] is None


def test_a_director_unknown_to_the_tables_has_no_films_and_is_named_with_the_remedy(lookup: ImdbLookup) -> None:
    nobody = filmography_of(lookup, "nm0634240")
    assert nobody.empty
    assert list(nobody.columns) == [column.name for column in FILMOGRAPHY.columns]
    assert unknown_director(lookup, "nm0634240") == (
        "director nm0634240: IMDB's tables know nobody of this key; set WIOS_DIRECTOR to another nconst"
    )
    message = unknown_director(lookup, "nm0000206")
    assert message == "director nm0000206: IMDB's tables have no film directed by Keanu Reeves"


def test_where_no_director_is_chosen_there_are_no_films_and_the_setting_is_named(lookup: ImdbLookup) -> None:
    assert filmography_of(lookup, None).empty
    assert unknown_director(lookup, None) == (
        "director: nobody is chosen; set WIOS_DIRECTOR to the nconst of a director, nm and seven digits or more"
    )


def test_without_tables_it_is_said_how_to_load_them(tmp_path: Path) -> None:
    with ImdbLookup(tmp_path) as empty:
        assert filmography_of(empty, WACHOWSKI).empty
        assert "`wios imdb load`" in unknown_director(empty, WACHOWSKI)


def test_wanted_are_films_without_a_video_and_people_with_too_few_photos(films: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "Laurence Fishburne"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(b"a picture")
    usable = {"nm0000206": 2, "nm0005251": 9}
    rows = wanted_for(films, frozenset({MATRIX}), usable, [tmp_path], 3)
    assert list(rows.columns) == [column.name for column in WANTED.columns]
    videos = rows[rows["what"] == "video"]
    assert videos[["tconst", "title", "year"]].to_numpy().tolist() == [["tt0500003", "Wonder Woman", 1984]]
    photos = rows[rows["what"] == "photos"]
    assert photos["nconst"].tolist() == ["nm0000206", "nm0000148", "nm0001230", "nm9999999"]
    assert photos["reason"].tolist()[:2] == ["2 usable photos where 3 are wanted", "0 picture files where 3 are wanted"]
    assert photos["title"].tolist()[0] == "The Matrix"


def test_nothing_is_wanted_where_everything_is_there(films: pd.DataFrame, tmp_path: Path) -> None:
    everybody = dict.fromkeys(films["nconst"].dropna(), 5)
    rows = wanted_for(films, frozenset(films["tconst"]), everybody, [tmp_path], 5)
    assert rows.empty
    assert list(rows.columns) == [column.name for column in WANTED.columns]


def test_films_of_an_index_built_without_crew_are_none(tmp_path: Path) -> None:
    lake = make_lake(tmp_path)
    shutil.rmtree(lake / "imdb" / "title_crew")
    with ImdbLookup(lake) as lookup:
        assert lookup.films_directed_by(WACHOWSKI) == []
