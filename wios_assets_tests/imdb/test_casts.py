"""Who plays in a film: from IMDB's credits, or as a user lists it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from wios_assets.imdb.casts import cast_by_hand, cast_of_title
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.tables import CAST
from wios_assets_tests.imdb.small_lake import make_lake

MATRIX = "tt0133093"


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbLookup]:
    with ImdbLookup(make_lake(tmp_path_factory.mktemp("lake"))) as open_lookup:
        yield open_lookup


def column(frame: pd.DataFrame, name: str) -> list[object]:
    return [None if pd.isna(value) else value for value in frame[name]]


def test_the_cast_stands_in_billing_order_each_person_once(lookup: ImdbLookup) -> None:
    cast, _ = cast_of_title(lookup, MATRIX)
    assert list(cast.columns) == [column.name for column in CAST.columns]
    assert column(cast, "billing") == [1, 2, 3, 4, 5, 6]
    assert column(cast, "actor") == [
        "Keanu Reeves",
        "Laurence Fishburne",
        "Carrie-Anne Moss",
        "Harrison Ford (nm0000148)",
        "Harrison Ford (nm0001230)",
        "nm9999999",
    ]
    assert column(cast, "character") == ["Neo / Self", "Morpheus", 'Trinity / Another "Trinity"', "Self", None, "Extra"]
    assert set(cast["source"]) == {"imdb"}


def test_voices_and_uncredited_roles_are_left_out_with_the_reason(lookup: ImdbLookup) -> None:
    _, left_out = cast_of_title(lookup, MATRIX)
    assert left_out.to_dict("records") == [
        {
            "actor": "Vic Voice",
            "nconst": "nm0000999",
            "character": "Deus Ex Machina (voice)",
            "category": "actor",
            "reason": "only lends a voice",
        },
        {
            "actor": "Ursula Unseen",
            "nconst": "nm0000998",
            "character": "Passenger (uncredited)",
            "category": "actress",
            "reason": "uncredited",
        },
    ]


def test_a_title_without_credits_has_an_empty_cast(lookup: ImdbLookup) -> None:
    cast, left_out = cast_of_title(lookup, "tt0113277")
    assert (len(cast), len(left_out)) == (0, 0)
    assert list(cast.columns) == [column.name for column in CAST.columns]


def test_photos_are_found_by_name_or_key(lookup: ImdbLookup, tmp_path: Path) -> None:
    for name in ("keanu_reeves", "nm0000401"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"photo")
    cast, _ = cast_of_title(lookup, MATRIX, [tmp_path])
    assert column(cast, "gallery_folder")[:3] == [str(tmp_path / "keanu_reeves"), str(tmp_path / "nm0000401"), None]


def test_a_cast_by_hand_keeps_the_spelling_and_finds_the_keys(lookup: ImdbLookup, tmp_path: Path) -> None:
    (tmp_path / "jim_parsons").mkdir()
    entries = ["jim_parsons", "nm0000206", "amelie mauresmo", "Nobody Known", "nm7777777", "  Keanu   Reeves "]
    cast = cast_by_hand(entries, lookup, [tmp_path])
    assert column(cast, "actor") == ["jim_parsons", "Keanu Reeves", "amelie mauresmo", "Nobody Known", "nm7777777"]
    assert column(cast, "nconst") == ["nm1000002", "nm0000206", "nm1000001", None, "nm7777777"]
    assert column(cast, "gallery_folder") == [str(tmp_path / "jim_parsons"), None, None, None, None]
    assert column(cast, "billing") == [1, 2, 3, 4, 5]
    assert set(cast["source"]) == {"sidecar"}


def test_a_namesake_is_not_guessed(lookup: ImdbLookup) -> None:
    assert column(cast_by_hand(["Harrison Ford"], lookup), "nconst") == [None]
    assert column(cast_by_hand(["Harrison Ford"], lookup, tconsts=[MATRIX]), "nconst") == [None]


def test_the_title_s_own_cast_gives_the_person_and_the_character(lookup: ImdbLookup) -> None:
    cast = cast_by_hand(["keanu reeves", "Jim Parsons"], lookup, tconsts=[MATRIX])
    assert column(cast, "nconst") == ["nm0000206", "nm1000002"]
    assert column(cast, "character") == ["Neo / Self", None]


def test_two_namesakes_are_distinguished_by_key(lookup: ImdbLookup) -> None:
    cast = cast_by_hand(["nm0000148", "nm0001230"], lookup)
    assert column(cast, "actor") == ["Harrison Ford (nm0000148)", "Harrison Ford (nm0001230)"]


def test_a_cast_by_hand_needs_no_tables() -> None:
    cast = cast_by_hand(["A", "nm0000206"])
    assert column(cast, "actor") == ["A", "nm0000206"]
    assert column(cast, "nconst") == [None, "nm0000206"]


@pytest.mark.devset
def test_a_real_homonym_is_not_guessed(devset: Path, tmp_path: Path) -> None:
    """IMDB's real rows of people, two lines of which are the two Harrison Fords."""
    from wios_assets.imdb.files import IMDB_FILES
    from wios_assets.imdb.parse import parse_imdb

    real = (devset / "imdb" / "name.basics.tsv").read_text(encoding="utf-8").splitlines()
    header = "\t".join(IMDB_FILES["imdb/name_basics"].names)
    assert real[0] == header
    fords = [
        "nm0000148\tHarrison Ford\t1942\t\\N\tactor,producer,soundtrack\ttt0076759",
        "nm0001230\tHarrison Ford\t1884\t1957\tactor,soundtrack\ttt0010040",
    ]
    file = tmp_path / "name.basics.tsv"
    file.write_text("\n".join([*real, *fords, ""]), encoding="utf-8")
    report = parse_imdb(file, "imdb/name_basics", tmp_path / "staging", allowed_share=0.0)
    (tmp_path / "imdb").mkdir()
    report.parquet_folder.rename(tmp_path / "imdb" / "name_basics")
    with ImdbLookup(tmp_path) as lookup:
        assert len(lookup.people_called("harrison ford")) == 2
        assert column(cast_by_hand(["Harrison Ford", "Lauren Bacall"], lookup), "nconst") == [None, "nm0000002"]
