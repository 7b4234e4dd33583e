"""`wios sql`: saved queries, formats, and that it reads the lake and nothing else."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from wios_assets.lake.prediction_log import Answer, append_answers
from wios_assets.lake.saved_queries import saved_queries
from wios_assets.settings import load_settings
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.imdb.small_lake import make_lake
from wios_assets_tests.sample_lake import EILEEN, GRACE, STRANGER, fill, library_row, store

HEAT, OTHER = "Heat (1995)", "007"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that tests only read."""
    data = tmp_path_factory.mktemp("asked") / "data"
    lake = load_settings(data=data).lake
    make_lake(lake)
    fill(lake, library_row(HEAT, title="Heat", year=1995, tconst="tt0113277"), library_row(OTHER))
    cast: list[dict[str, Any]] = [
        {"billing": 1, **person, "source": "imdb"}
        for person in ({"actor": "Grace Hopper"}, {"actor": "Averil Mean", "character": "The Absent"})
    ]
    store(lake, "cast", cast, HEAT)
    photos = [
        {"actor": "Grace Hopper", "photo": f"{number}.jpg", "photo_hash": str(number), "verdict": verdict}
        for number, verdict in enumerate(("used", "used", "blurred"))
    ]
    store(lake, "gallery_photos", [*photos, {**photos[2], "actor": "Averil Mean"}], HEAT)
    return data


@pytest.fixture
def wios(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(data, monkeypatch, capsys)


def asked(wios: Wios, *arguments: str) -> list[dict[str, Any]]:
    answer = wios("sql", "--format", "json", *arguments)
    assert (answer.code, answer.err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(answer.out)
    return rows


def test_ten_and_more_queries_are_saved_each_with_its_meaning_and_arguments(wios: Wios) -> None:
    listed = asked(wios, "--list")
    assert len(listed) >= 10
    assert [row["name"] for row in listed] == [query.name for query in saved_queries()]
    for row in listed:
        assert row["meaning"].endswith(".")
        assert not row["meaning"].startswith("--")
    assert {row["name"]: row["arguments"] for row in listed}["cast-overlap"] == "FILM OTHER_FILM"


def test_the_films_of_an_actor_are_found_by_name_and_by_nconst(wios: Wios) -> None:
    by_name = asked(wios, "--saved", "films-of-actor", "keanu reeves")
    assert [(row["title"], row["year"], row["characters"]) for row in by_name] == [
        ("The Matrix", 1999, "Neo"),
        ("The Matrix", 1999, "Self"),
    ]
    assert asked(wios, "--saved", "films-of-actor", "nm0000206") == by_name


def test_the_cast_of_a_film_stands_in_billing_order_without_its_crew(wios: Wios) -> None:
    cast = asked(wios, "--saved", "cast-of-film", "the matrix")
    assert [row["ordering"] for row in cast] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert cast[2]["actor"] == "Carrie-Anne Moss"
    assert cast[2]["characters"] == 'Trinity / Another "Trinity"'
    assert cast[8]["actor"] is None


def test_two_films_share_the_people_credited_in_both(wios: Wios) -> None:
    overlap = asked(wios, "--saved", "cast-overlap", "tt0133093", "The Matrix")
    assert {row["nconst"] for row in overlap} == {
        row["nconst"] for row in asked(wios, "--saved", "cast-of-film", "tt0133093")
    }
    keanu = next(row for row in overlap if row["nconst"] == "nm0000206")
    assert set(keanu["in_film"].split(" / ")) == {"Neo", "Self"}
    assert asked(wios, "--saved", "cast-overlap", "The Matrix", "Heat") == []


def test_collaborators_are_counted_by_films(wios: Wios) -> None:
    rows = asked(wios, "--saved", "collaborators", "Keanu Reeves")
    assert "nm0000206" not in {row["nconst"] for row in rows}
    assert {row["nconst"]: row["films"] for row in rows}["nm0905154"] == 1
    assert {row["nconst"]: row["categories"] for row in rows}["nm0905154"] == ["director"]


def test_who_shares_scenes_is_timed_by_what_overlaps(wios: Wios) -> None:
    rows = asked(wios, "--saved", "shares-scenes-with", GRACE["actor"])
    # 10.0 s to 12.5 s in each of two films; an unknown person of one film is nobody of the other.
    assert [(row["actor"], row["seconds"], row["films"]) for row in rows] == [(STRANGER["actor"], 2.5, 1)] * 2
    assert asked(wios, "--saved", "shares-scenes-with", EILEEN["nconst"]) == []


def test_the_longest_unknown_people_are_listed_with_their_film(wios: Wios) -> None:
    rows = asked(wios, "--saved", "longest-unknowns")
    assert [(row["film"], row["actor"], row["seconds"]) for row in rows] == [
        (OTHER, STRANGER["actor"], 10.0),
        (HEAT, STRANGER["actor"], 10.0),
    ]


@pytest.mark.parametrize("film", [HEAT, "heat", "tt0113277"])
def test_the_minutes_of_a_film_name_everybody_the_named_first(wios: Wios, film: str) -> None:
    rows = asked(wios, "--saved", "minutes-of-film", film)
    assert [(row["film"], row["clock"], row["people"], row["named"]) for row in rows] == [
        (HEAT, "00:00", "Grace Hopper, unknown:1", 1),
        (HEAT, "00:01", "Eileen Collins", 1),
    ]


def test_the_screen_time_of_an_actor_is_listed_by_film(wios: Wios) -> None:
    rows = asked(wios, "--saved", "screen-time-of-actor", EILEEN["nconst"])
    assert {(row["film"], row["seconds"], row["rank"]) for row in rows} == {(HEAT, 19.75, 1), (OTHER, 19.75, 1)}


def test_the_screen_time_of_a_season_is_that_of_the_films_whose_keys_begin_so(wios: Wios) -> None:
    assert asked(wios, "--saved", "screen-time-of-season", "Heat") == []


def test_cast_members_never_seen_are_listed_with_their_photos(wios: Wios) -> None:
    rows = asked(wios, "--saved", "unseen-cast", HEAT)
    assert [(row["actor"], row["character"], row["usable_photos"]) for row in rows] == [
        ("Averil Mean", "The Absent", 0)
    ]


def test_the_least_sure_appearances_come_first(wios: Wios) -> None:
    rows = asked(wios, "--saved", "least-sure", HEAT)
    assert [(row["actor"], row["probability"]) for row in rows] == [("Eileen Collins", 0.9), ("Grace Hopper", 0.98)]


def test_the_most_crowded_minutes_come_first(wios: Wios) -> None:
    rows = asked(wios, "--saved", "crowded-minutes")
    assert [(row["clock"], row["people"], row["named"]) for row in rows] == [("00:00", 2, 1)] * 2 + [
        ("00:01", 1, 1)
    ] * 2


def test_photos_are_counted_by_actor_the_fewest_usable_first(wios: Wios) -> None:
    assert asked(wios, "--saved", "photos-by-verdict") == [
        {"actor": "Averil Mean", "nconst": None, "used": 0, "photos": 1, "other_verdicts": ["blurred"]},
        {"actor": "Grace Hopper", "nconst": None, "used": 2, "photos": 3, "other_verdicts": ["blurred"]},
    ]


def test_scenes_of_two_actors_are_those_that_wios_find_finds(wios: Wios) -> None:
    wanted = [(OTHER, 1.0, 12.5), (HEAT, 1.0, 12.5)]
    rows = asked(wios, "--saved", "scenes-without", "Grace Hopper", "nm1234567")
    assert sorted((row["film"], row["start_s"], row["end_s"]) for row in rows) == sorted(wanted)
    assert asked(wios, "--saved", "scenes-with-both", "Grace Hopper", "Eileen Collins") == []
    assert asked(wios, "--saved", "first-meetings", "Grace Hopper", "Eileen Collins") == []
    assert [row["first_s"] for row in asked(wios, "--saved", "first-meetings", "grace hopper", "nm0393790")] == [
        1.0
    ] * 2
    rows = asked(wios, "--saved", "long-scenes", "Eileen Collins", "15")
    assert [(row["film"], row["seconds"]) for row in rows] == [(OTHER, 19.75), (HEAT, 19.75)]


def test_the_most_asked_films_and_hours_are_counted(wios: Wios) -> None:
    asked_s = 1_700_000_000.0
    answers = [Answer(asked_s + at, film, 5.0, [], [], "m", "s", "api", 0.002) for film, at in ((HEAT, 0), (HEAT, 1))]
    answers.append(Answer(asked_s + 7200, OTHER, 5.0, [], [], "m", "s", "api", 0.004))
    append_answers(wios.settings.lake, answers, "1", 100)
    films = asked(wios, "--saved", "most-asked-films")
    assert [(row["film"], row["questions"], row["mean_duration_ms"]) for row in films] == [
        (HEAT, 2, 2.0),
        (OTHER, 1, 4.0),
    ]
    hours = asked(wios, "--saved", "most-asked-hours")
    local = [datetime.fromtimestamp(asked_s + at).hour for at in (0, 7200)]
    assert [(row["asked_hour"], row["questions"], row["films"]) for row in hours] == [
        (local[0], 2, 1),
        (local[1], 1, 1),
    ]


def test_every_saved_query_is_tested_here() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [query.name for query in saved_queries() if f'"{query.name}"' not in tests] == []


def test_answers_are_written_as_table_csv_and_json(wios: Wios) -> None:
    text = "SELECT tconst, genres, start_year, NULL AS nothing FROM imdb.title_basics WHERE tconst = 'tt0113277'"
    table = wios("sql", text).out.splitlines()
    assert table[0].split() == ["tconst", "genres", "start_year", "nothing"]
    assert table[1].split("  ")[0] == "tt0113277"
    rows = list(csv.DictReader(io.StringIO(wios("sql", "--format", "csv", text).out)))
    assert rows == [{"tconst": "tt0113277", "genres": '["Action", "Crime"]', "start_year": "1995", "nothing": ""}]
    assert asked(wios, text) == [
        {"tconst": "tt0113277", "genres": ["Action", "Crime"], "start_year": 1995, "nothing": None}
    ]


def test_every_type_of_duckdb_has_a_form_in_json(wios: Wios) -> None:
    values = (
        "TIMESTAMP '2020-01-02 03:04:05' AS t, DATE '2020-01-02' AS d, '\\xAA'::BLOB AS b, 1.5::DECIMAL(4, 1) AS n, "
        "{'a': [1]} AS s, 'inf'::DOUBLE AS i, INTERVAL 1 DAY AS v, 12345678901234567890::HUGEINT AS h"
    )
    row = asked(wios, f"SELECT {values}")[0]
    assert row == {
        "t": "2020-01-02T03:04:05",
        "d": "2020-01-02",
        "b": "aa",
        "n": 1.5,
        "s": {"a": [1]},
        "i": "inf",
        "v": "1 day, 0:00:00",
        "h": 12345678901234567890,
    }


def test_only_imdb_can_be_asked_before_any_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "other", monkeypatch, capsys)
    assert "no tables yet; `wios imdb load` loads IMDB" in wios("sql", "SELECT 1").err
    make_lake(wios.settings.lake)
    assert asked(wios, "SELECT count(*) AS n FROM imdb.title_crew") == [{"n": 3}]


FORBIDDEN = (
    "COPY (SELECT 1) TO '{lake}/new.csv'",
    "COPY (SELECT 1) TO '/tmp/new.csv'",
    "ATTACH '{lake}/new.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW appearances",
    "DELETE FROM appearances",
    "INSERT INTO wios.publication VALUES ('', '', [], now())",
    "SET enable_external_access = true",
    "PRAGMA enable_profiling",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{lake}/new.csv'",
    "EXPORT DATABASE '{lake}/new'",
    "CALL force_checkpoint()",
    "SELECT 1; COPY (SELECT 1) TO '{lake}/new.csv'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '{outside}'",
    "SELECT * FROM read_csv('{lake}/../outside.csv')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('https://example.com/a.parquet')",
    "",
    "SELECT",
)


@pytest.mark.parametrize("text", FORBIDDEN)
def test_nothing_is_written_and_nothing_outside_the_lake_is_read(wios: Wios, text: str) -> None:
    lake = wios.settings.lake
    outside = lake.parent / "outside.csv"
    outside.write_text("secret\n1\n", encoding="utf-8")
    assert wios("sql", "SELECT 1").code == 0
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}
    answer = wios("sql", "--", text.format(lake=lake, outside=outside))
    assert answer.code == 1
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--saved", "nonsense"], "there is no saved query 'nonsense'; `wios sql --list` names them all"),
        (["--saved", "cast-overlap", "Heat"], "takes FILM OTHER_FILM, but 1 were given"),
        (["--saved", "longest-unknowns", "Heat"], "takes no arguments, but 1 were given"),
        (["SELECT * FROM nonsense"], "SQL: Catalog Error: Table with name nonsense does not exist!"),
    ],
)
def test_mistakes_are_named_in_one_line(wios: Wios, arguments: list[str], message: str) -> None:
    answer = wios("sql", *arguments)
    assert answer.code == 1
    assert message in answer.err


def test_an_argument_is_a_value_and_never_sql(wios: Wios) -> None:
    assert asked(wios, "--saved", "cast-of-film", "x' OR 1=1 --") == []


def test_sql_and_saved_query_missing_is_a_mistake_in_writing(wios: Wios) -> None:
    assert wios("sql").code == 2
    assert wios("sql", "SELECT 1", "SELECT 2").code == 2
