from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.page.routes.common import to_json
from wios_assets.page.state.actors import seconds_together
from wios_assets.page.state.film_map import FilmMap, build_film_map, page_data
from wios_assets.tables import TABLES
from wios_assets_tests.page.long_film import DURATION_S, appearances_of
from wios_assets_tests.sample_lake import APPEARANCES, MINUTES, SCREEN_TIME, library_row


def full(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in TABLES[table].schema.names} for row in rows]


def map_of(rows: list[dict[str, Any]], duration_s: float, times: list[dict[str, Any]] | None = None) -> FilmMap:
    film = library_row("film", duration_s=duration_s)
    return build_film_map(film, full("appearances", rows), [], full("screen_time", times or []), {}, "state")


SPANS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 60), st.sampled_from("ABCD")).map(
        lambda span: {
            "start_s": span[0] / 4,
            "end_s": min(100.0, (span[0] + span[1]) / 4),
            "actor": span[2],
            "kind": "unknown" if span[2] == "D" else "cast",
            "appearance": 0,
        }
    ),
    max_size=30,
).map(lambda rows: [row for row in rows if float(row["start_s"]) < float(row["end_s"])])


@given(rows=SPANS, instant=st.integers(0, 1600).map(lambda n: n / 16))
def test_exactly_the_appearances_at_an_instant_are_found(rows: list[dict[str, Any]], instant: float) -> None:
    film = map_of(rows, 100.0)
    wanted = sorted(
        (row["start_s"], row["end_s"], row["actor"])
        for row in rows
        if row["start_s"] <= instant < row["end_s"] or (instant == 100.0 and row["end_s"] == 100.0)
    )
    indices = film.appearances_at(instant)
    assert sorted((film.start_s[p], film.end_s[p], film.people[film.person[p]].actor) for p in indices) == wanted
    kinds = [film.people[film.person[index]].kind for index in indices]
    assert kinds == sorted(kinds)


@given(rows=SPANS)
def test_the_data_of_the_page_has_every_appearance(rows: list[dict[str, Any]]) -> None:
    unpacked = []
    for person in page_data(map_of(rows, 100.0))["people"]:
        at = 0
        for step, length in zip(person["start"], person["length"], strict=True):
            at += step
            unpacked.append((at / 1000, (at + length) / 1000, person["name"]))
    assert sorted(unpacked) == sorted((row["start_s"], row["end_s"], row["actor"]) for row in rows)


@given(rows=SPANS)
def test_the_time_that_two_people_are_together_is_symmetric(rows: list[dict[str, Any]]) -> None:
    film = map_of(rows, 100.0)
    for one in film.people:
        for other, seconds in seconds_together(film, one).items():
            assert seconds_together(film, other)[one] == pytest.approx(seconds)
            grid = [tick / 4 for tick in range(400)]
            names = [{film.people[film.person[p]].actor for p in film.appearances_at(instant)} for instant in grid]
            assert seconds == pytest.approx(sum({one.actor, other.actor} <= on for on in names) / 4)


def test_a_film_of_two_hours_takes_under_300_kb_compressed() -> None:
    rows = appearances_of(seed=1)
    content = to_json(page_data(map_of(rows, DURATION_S)))
    assert len(rows) == 4000
    assert len(gzip.compress(content, 6)) < 300_000


def test_tables_of_two_different_runs_are_inconsistent() -> None:
    film = library_row("007")
    parts = (full("appearances", APPEARANCES), full("minute_appearances", MINUTES))
    assert build_film_map(film, *parts, full("screen_time", SCREEN_TIME), {}, 1).consistent
    assert not build_film_map(film, *parts, full("screen_time", SCREEN_TIME[:2]), {}, 1).consistent
    assert not build_film_map(film, parts[0][:2], parts[1], full("screen_time", SCREEN_TIME), {}, 1).consistent


def test_a_person_is_shown_by_the_best_chip_of_the_surest_appearances() -> None:
    row = {"actor": "A", "kind": "cast", "appearance": 0}
    rows = [
        {**row, "start_s": 0.0, "end_s": 1.0, "best_face": 1, "probability": 0.99},
        {**row, "start_s": 2.0, "end_s": 3.0, "best_face": 2, "probability": 0.95},
        {**row, "start_s": 4.0, "end_s": 5.0, "best_face": None, "probability": 1.0},
    ]
    made = build_film_map(library_row("f"), full("appearances", rows), [], [], {1: 0.2, 2: 0.9}, 1)
    assert made.people[0].face == 2
