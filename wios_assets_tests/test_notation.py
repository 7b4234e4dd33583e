from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.errors import WiosError
from wios_assets.notation import format_clock, format_length, format_minute, format_percent, parse_clock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("75", 75.0),
        ("75.5", 75.5),
        ("1:15", 75.0),
        (" 01:15 ", 75.0),
        ("90:00", 5400.0),
        ("01:02:03", 3723.0),
        ("01:02:03.5", 3723.5),
        ("0", 0.0),
        ("100:00:00", 360000.0),
    ],
)
def test_a_time_is_read_in_every_form_that_people_write(text: str, seconds: float) -> None:
    assert parse_clock(text) == seconds


JUNK = "|soon|1:75|1:5|1:60:00|1:2:03|1:2:3:04|1h15|75,5|1:15:|:15|nan|inf|1e3|0x10|٧٥|1 15|99999999999"


@pytest.mark.parametrize("text", JUNK.split("|"))
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(WiosError, match="hh:mm:ss"):
        parse_clock(text)


@pytest.mark.parametrize("text", ["-1", "-1:15", "−5"])
def test_a_negative_time_is_before_the_film(text: str) -> None:
    with pytest.raises(WiosError, match="before the film's start"):
        parse_clock(text)


@given(st.text(alphabet="0123456789:.-+ eh", max_size=14))
def test_any_text_gives_seconds_or_a_clear_error(text: str) -> None:
    try:
        seconds = parse_clock(text)
    except WiosError:
        return
    assert 0 <= seconds < 1e9


@given(st.integers(0, 359_999_999))
def test_a_written_clock_reads_back_to_the_millisecond(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_clock(format_clock(seconds, decimals=3)) == pytest.approx(seconds, abs=1e-6)


@given(st.floats(0, 1e6), st.integers(0, 6))
def test_a_written_clock_is_off_by_at_most_half_a_unit(seconds: float, decimals: int) -> None:
    assert abs(parse_clock(format_clock(seconds, decimals)) - seconds) <= 0.5 * 10**-decimals + 1e-6


@given(st.floats(0, 359_000), st.floats(0, 359_000))
def test_clocks_sort_as_their_times_do(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert format_clock(earlier, 3) <= format_clock(later, 3)


@given(st.integers(0, 5999), st.integers(0, 5999))
def test_minutes_sort_as_text(one: int, other: int) -> None:
    assert (format_minute(one) < format_minute(other)) == (one < other)


def test_a_second_that_rounds_up_carries_into_the_minute() -> None:
    assert format_clock(59.9996, 3) == "00:01:00.000"
    assert format_clock(3599.5) == "01:00:00"
    assert format_minute(61) == "01:01"


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
def test_no_clock_is_written_for_what_is_no_time(seconds: float) -> None:
    with pytest.raises(ValueError):
        format_clock(seconds)


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0.0, 0, "0 s"),
        (0.42, 0, "0.4 s"),
        (12.4, 0, "12 s"),
        (8.53, 1, "8.5 s"),
        (59.4, 0, "59 s"),
        (59.6, 0, "00:01:00"),
        (59.96, 1, "00:01:00"),
        (123.0, 1, "00:02:03"),
    ],
)
def test_a_length_is_in_seconds_below_a_minute(seconds: float, decimals: int, text: str) -> None:
    assert format_length(seconds, decimals) == text


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0.0, 0, "0 %"),
        (0.004, 0, "< 1 %"),
        (0.004, 1, "0.4 %"),
        (0.0004, 1, "< 0.1 %"),
        (0.954, 0, "95 %"),
        (0.996, 0, "> 99 %"),
        (0.996, 1, "99.6 %"),
        (0.9996, 1, "> 99.9 %"),
        (1.0, 0, "100 %"),
        (1.5, 0, "150 %"),
        (None, 0, "–"),
        (float("nan"), 0, "–"),
    ],
)
def test_a_share_neither_rounds_up_to_all_nor_down_to_nothing(share: float | None, decimals: int, text: str) -> None:
    assert format_percent(share, decimals) == text
