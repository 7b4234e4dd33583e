from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.timeline.checks import over_a_minute, sums_differ
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets.timeline.spans import split_by_minute, union
from wios_assets_tests.timeline.films import appearance_table

GRACE, EILEEN = "Grace Hopper", "Eileen Collins"
PEOPLE = [GRACE, EILEEN, "unknown:1"]

times = st.floats(0, 400, allow_nan=False)
spans = st.tuples(times, times).map(lambda pair: (min(pair), max(pair)))
people = st.lists(
    st.tuples(st.sampled_from(PEOPLE), spans, st.floats(0, 1)).map(lambda t: (t[0], t[1][0], t[1][1], t[2])),
    max_size=20,
)


def test_an_appearance_over_a_minutes_end_counts_in_both() -> None:
    frame = minute_appearances(appearance_table((GRACE, 50, 75)), 200)
    assert list(frame["minute"]) == [0, 1]
    assert list(frame["clock"]) == ["00:00", "00:01"]
    assert list(frame["seconds"]) == [10, 15]
    assert list(frame["share"]) == [pytest.approx(10 / 60), 0.25]


def test_the_last_minute_is_as_long_as_the_film_has_it() -> None:
    frame = minute_appearances(appearance_table((GRACE, 60, 75)), 75)
    assert (frame["seconds"][0], frame["share"][0]) == (15, 1)


def test_an_appearance_that_ends_on_a_minute_does_not_touch_the_next() -> None:
    assert list(minute_appearances(appearance_table((GRACE, 30, 60)), 90)["minute"]) == [0]


def test_clocks_sort_past_the_hour() -> None:
    frame = minute_appearances(appearance_table((GRACE, 0, 7300)), 7300)
    assert len(frame) == 122
    assert list(frame["clock"]) == sorted(frame["clock"])
    assert frame["clock"].iloc[-1] == "02:01"


def test_probabilities_of_a_minute_are_weighted_by_seconds() -> None:
    frame = minute_appearances(appearance_table((GRACE, 0, 10, 0.5), (GRACE, 20, 50, 0.9)), 60)
    assert frame["highest_probability"][0] == 0.9
    assert frame["mean_probability"][0] == pytest.approx(0.8)


def test_the_cast_comes_before_unknown_people_and_the_longest_first() -> None:
    frame = minute_appearances(appearance_table(("unknown:1", 0, 60), (GRACE, 0, 5), (EILEEN, 0, 9)), 60)
    assert list(frame["actor"]) == [EILEEN, GRACE, "unknown:1"]


def test_overlapping_appearances_of_one_person_count_once() -> None:
    table = appearance_table((GRACE, 10, 40), (GRACE, 30, 50))
    assert list(minute_appearances(table, 60)["seconds"]) == [40]
    assert list(screen_time(table, 60)["seconds"]) == [40]


def test_screen_time_ranks_people_and_tells_first_last_and_longest() -> None:
    frame = screen_time(appearance_table((EILEEN, 70, 80), (GRACE, 5, 25), (GRACE, 130, 140)), 200)
    assert list(zip(frame["rank"], frame["actor"], frame["seconds"], strict=True)) == [(1, GRACE, 30), (2, EILEEN, 10)]
    first = frame.iloc[0]
    assert (first["appearances"], first["first_minute"], first["last_minute"]) == (2, 0, 2)
    assert (first["longest_s"], first["share"]) == (20, 0.15)


def test_a_film_without_appearances_has_empty_tables() -> None:
    empty = appearance_table()
    assert len(minute_appearances(empty, 60)) == 0
    assert len(screen_time(empty, 60)) == 0


@pytest.mark.parametrize("duration", [0, -1, float("nan")])
def test_a_film_without_length_is_an_error(duration: float) -> None:
    with pytest.raises(ValueError):
        minute_appearances(appearance_table((GRACE, 0, 1)), duration)


@given(spans)
def test_the_pieces_of_a_span_add_up_to_it(span: tuple[float, float]) -> None:
    pieces = split_by_minute(span)
    assert math.fsum(seconds for _, seconds in pieces) == pytest.approx(span[1] - span[0], abs=1e-7)
    assert all(0 < seconds <= 60 + 1e-9 for _, seconds in pieces)
    assert [minute for minute, _ in pieces] == sorted({minute for minute, _ in pieces})


@given(st.lists(spans, max_size=12), times)
def test_a_union_holds_the_same_instants_and_no_overlap(some: list[tuple[float, float]], instant: float) -> None:
    joined = union(some)
    assert any(s <= instant < e for s, e in some) == any(s <= instant < e for s, e in joined)
    assert all(before[1] < after[0] for before, after in pairwise(joined))


@given(people, st.floats(400, 500))
def test_sums_agree_with_appearances_for_any_film(rows: list[tuple[str, float, float, float]], duration: float) -> None:
    table = appearance_table(*(row for row in rows if row[2] - row[1] > 1e-6))
    minutes, totals = minute_appearances(table, duration), screen_time(table, duration)
    assert sums_differ(table, minutes) == []
    assert sums_differ(table, totals) == []
    assert over_a_minute(minutes) == []
    assert set(totals["actor"]) == set(table["actor"])
    for row in totals.to_dict("records"):
        seen = minutes.loc[minutes["actor"] == row["actor"], "minute"]
        assert (row["first_minute"], row["last_minute"]) == (seen.min(), seen.max())
        assert 0 <= row["mean_probability"] <= 1


@given(people, st.floats(1, 400))
def test_what_lies_outside_the_film_does_not_count(
    rows: list[tuple[str, float, float, float]], duration: float
) -> None:
    table = appearance_table(*rows)
    minutes = minute_appearances(table, duration)
    assert (minutes["minute"] * 60 + minutes["seconds"] <= duration + 1e-6).all()
    assert minutes["share"].between(0, 1).all()
