from __future__ import annotations

from wios_assets.timeline.checks import (
    neither_cast_nor_unknown,
    outside_film,
    over_a_minute,
    sums_differ,
    twice_at_once,
)
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets_tests.timeline.films import appearance_table, cast_table

GRACE, EILEEN = "Grace Hopper", "Eileen Collins"


def test_what_leaves_the_film_is_found() -> None:
    table = appearance_table((GRACE, -0.5, 2), (GRACE, 3, 4), (EILEEN, 58, 61), (EILEEN, 5, 5))
    assert [row["start_s"] for row in outside_film(table, 60)] == [-0.5, 5, 58]


def test_a_person_who_is_there_twice_is_found_even_behind_a_short_appearance() -> None:
    table = appearance_table((GRACE, 0, 10), (GRACE, 1, 2), (EILEEN, 3, 4), (GRACE, 9, 12), (GRACE, 12, 13))
    assert [row["start_s"] for row in twice_at_once(table)] == [1, 9]


def test_different_people_may_be_there_at_once() -> None:
    assert twice_at_once(appearance_table((GRACE, 0, 10), (EILEEN, 0, 10))) == []


def test_a_person_outside_the_cast_is_found() -> None:
    table = appearance_table((GRACE, 0, 1), ("Somebody Else", 1, 2), ("unknown:4", 2, 3))
    assert [row["actor"] for row in neither_cast_nor_unknown(table, cast_table())] == ["Somebody Else"]
    table.loc[0, "kind"] = "unknown"
    assert [row["actor"] for row in neither_cast_nor_unknown(table, cast_table())] == [GRACE, "Somebody Else"]


def test_a_minute_with_too_many_seconds_or_no_share_is_found() -> None:
    minutes = minute_appearances(appearance_table((GRACE, 0, 60), (EILEEN, 5, 6)), 120)
    assert over_a_minute(minutes) == []
    minutes.loc[0, "seconds"] = 60.5
    minutes.loc[1, "share"] = float("nan")
    assert [row["actor"] for row in over_a_minute(minutes)] == [GRACE, EILEEN]


def test_sums_that_differ_by_a_millisecond_or_a_person_are_found() -> None:
    table = appearance_table((GRACE, 0, 50), (GRACE, 70, 80), (EILEEN, 5, 6))
    minutes, totals = minute_appearances(table, 120), screen_time(table, 120)
    assert sums_differ(table, minutes) == sums_differ(table, totals) == []
    minutes.loc[minutes["minute"] == 1, "seconds"] += 0.001
    assert [row["actor"] for row in sums_differ(table, minutes)] == [GRACE]
    assert sums_differ(table, totals[totals["actor"] != EILEEN]) == [
        {"actor": EILEEN, "appearances_s": 1.0, "table_s": 0.0}
    ]
