from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.timeline.coverage import is_readable, unreadable_minutes, unreadable_warning

SPANS = [(2.0, 4.5), (58.0, 63.0)]


def test_a_stretch_includes_its_start_and_excludes_its_end() -> None:
    assert [is_readable(SPANS, t) for t in (1.99, 2.0, 4.49, 4.5, 60.0, 63.0)] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_each_minute_has_its_own_unreadable_seconds() -> None:
    assert unreadable_minutes(SPANS, 90.0) == {0: 4.5, 1: 3.0}
    assert unreadable_minutes(SPANS, 61.0) == {0: 4.5, 1: 1.0}
    assert unreadable_minutes([], 90.0) == {}


@given(st.lists(st.floats(0.0, 7200.0), min_size=2, max_size=20, unique=True))
def test_the_minutes_add_up_to_what_is_unreadable(bounds: list[float]) -> None:
    ordered = sorted(bounds)
    spans = list(zip(ordered[::2], ordered[1::2], strict=False))
    minutes = unreadable_minutes(spans, 7200.0)
    assert math.isclose(sum(minutes.values()), sum(end - start for start, end in spans), abs_tol=1e-6)
    assert all(seconds <= 60.0 + 1e-6 for seconds in minutes.values())


@pytest.mark.parametrize(("seconds", "warns"), [(0.0, False), (1.0, False), (1.25, True), (100.0, True)])
def test_a_run_warns_once_more_than_a_hundredth_is_unreadable(seconds: float, warns: bool) -> None:
    spans = [(0.0, seconds)] if seconds else []
    assert (unreadable_warning("f", spans, 100.0) is not None) == warns


def test_the_warning_names_the_first_stretches_and_the_remedy() -> None:
    spans = [(10.0 * k, 10.0 * k + 2) for k in range(5)]
    assert unreadable_warning("f", spans, 100.0) == (
        "f: 10 % of the film (10.0 s) is not readable, so nobody is seen there: 00:00:00 to 00:00:02, "
        "00:00:10 to 00:00:12, 00:00:20 to 00:00:22 and 2 stretches more; copy the file again"
    )
