from __future__ import annotations

from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.tables import APPEARANCES, SCREEN_TIME
from wios_assets.timeline.minutes import screen_time
from wios_assets.timeline.people_on_screen import OnScreen, actor_screen_time, character_presence, film_pairs
from wios_assets.timeline.scenes import LONGEST_PAUSE_S
from wios_assets.timeline.spans import Span, union
from wios_assets_tests.timeline.films import appearance_table

DURATION_S = 100.0
FILM = {"film": "heat", "title": "Heat", "year": 1995, "duration_s": DURATION_S}
PEOPLE = ["Grace Hopper", "Eileen Collins", "Zoë Q", "unknown:1"]

# Quarters of a second are exact in sums, so that expected values are equal and not only close.
times = st.integers(0, int(DURATION_S * 4)).map(lambda quarters: quarters / 4)
spans = st.tuples(times, times).map(lambda pair: (min(pair), max(pair))).filter(lambda span: span[1] > span[0])
shown = st.lists(st.tuples(st.sampled_from(PEOPLE), spans), max_size=25)


def tables(shown: list[tuple[str, Span]]) -> tuple[dict[str, Any], pa.Table, OnScreen]:
    frame = appearance_table(*((who, start, end, 0.9) for who, (start, end) in shown))
    totals = screen_time(frame, DURATION_S)
    schemas = (table.stored_schema for table in (APPEARANCES, SCREEN_TIME))
    appearances, seconds = (
        pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
        for rows, schema in zip((frame, totals), schemas, strict=True)
    )
    return FILM, seconds, OnScreen.of(appearances)


def by_actor(shown: list[tuple[str, Span]]) -> dict[str, list[Span]]:
    cast = {who for who, _ in shown if not who.startswith("unknown")}
    return {actor: union(span for who, span in shown if who == actor) for actor in cast}


def scenes(spans: list[Span]) -> int:
    return len(union((start, end + LONGEST_PAUSE_S) for start, end in spans))


@given(shown)
def test_an_actor_has_the_seconds_and_the_scenes_of_all_appearances(shown: list[tuple[str, Span]]) -> None:
    rows = actor_screen_time(*tables(shown)).to_pylist()
    expected = by_actor(shown)
    assert {row["actor"]: row["scenes"] for row in rows} == {actor: scenes(own) for actor, own in expected.items()}
    for row in rows:
        assert row["seconds"] == sum(end - start for start, end in expected[row["actor"]])
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows == sorted(rows, key=lambda row: -row["seconds"])


@given(shown)
def test_the_tenths_of_a_film_hold_the_seconds_that_fall_into_them(shown: list[tuple[str, Span]]) -> None:
    rows = character_presence(*tables(shown)).to_pylist()
    expected = {}
    for actor, own in by_actor(shown).items():
        for tenth in range(10):
            low, high = tenth * DURATION_S / 10, (tenth + 1) * DURATION_S / 10
            seconds = sum(max(0.0, min(end, high) - max(start, low)) for start, end in own)
            if seconds:
                expected[actor, tenth] = seconds
    assert {(row["actor"], row["tenth"]): row["seconds"] for row in rows} == expected
    assert all(row["share"] == row["seconds"] / (DURATION_S / 10) for row in rows)


@given(shown)
def test_a_pair_has_the_time_that_both_are_on_screen(shown: list[tuple[str, Span]]) -> None:
    rows = {(row["actor"], row["other"]): row for row in film_pairs(*tables(shown)).to_pylist()}
    people = by_actor(shown)
    expected = {}
    for first, second in combinations(sorted(people), 2):
        shared = [(max(a, c), min(b, d)) for a, b in people[first] for c, d in people[second] if max(a, c) < min(b, d)]
        if shared:
            expected[first, second] = (sum(b - a for a, b in shared), scenes(shared), min(shared)[0])
    assert {pair: (row["seconds"], row["scenes"], row["first_s"]) for pair, row in rows.items()} == expected


def test_people_are_described_as_in_the_films_screen_time() -> None:
    shown = [("Grace Hopper", (0.0, 10.0)), ("Eileen Collins", (5.0, 20.0))]
    film, seconds, on_screen = tables(shown)
    seconds = seconds.set_column(seconds.column_names.index("nconst"), "nconst", pa.array(["nm2", "nm1"], pa.string()))
    (pair,) = film_pairs(film, seconds, on_screen).to_pylist()
    assert (pair["film"], pair["year"]) == ("heat", 1995)
    assert (pair["actor"], pair["nconst"], pair["other"], pair["other_nconst"]) == (
        "Eileen Collins", "nm2", "Grace Hopper", "nm1",
    )  # fmt: skip
    assert {row["nconst"] for row in character_presence(film, seconds, on_screen).to_pylist()} == {"nm1", "nm2"}


@pytest.mark.parametrize("duration_s", [None, 0.0])
def test_a_film_whose_length_is_unknown_has_no_tenths(duration_s: float | None) -> None:
    film, seconds, on_screen = tables([("Grace Hopper", (0.0, 10.0))])
    assert character_presence({**film, "duration_s": duration_s}, seconds, on_screen).num_rows == 0
