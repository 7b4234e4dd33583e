from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from wios_assets.timeline.colours import NAMED, UNNAMED
from wios_assets.timeline.pictures import LANE, NAMES_WIDTH, WIDTH, timeline_svg
from wios_assets_tests.timeline.films import appearance_table

ANN, BO = "Ann", "Bo"
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Bar:
    """A bar of a lane, in pixels."""

    x: float
    y: float
    width: float
    colour: str
    opacity: float


def bars(svg: str) -> list[Bar]:
    """Bars of the lanes, from top to bottom and left to right."""

    def each() -> Iterator[Bar]:
        for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
            if "fill" in path.attrib:
                for x, y, width in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v", path.attrib["d"]):
                    opacity = float(path.attrib["fill-opacity"])
                    yield Bar(float(x), float(y), float(width), path.attrib["fill"], opacity)

    return sorted(each(), key=lambda bar: (bar.y, bar.x))


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_bar_covers_its_share_of_the_lane() -> None:
    short, long = bars(timeline_svg(appearance_table((ANN, 0, 10, 1.0), (BO, 0, 40, 1.0)), 100, "Film"))[::-1]
    assert long.width / short.width == pytest.approx(4.0, rel=0.01)


def test_a_bar_stands_where_its_time_is() -> None:
    first, last = bars(timeline_svg(appearance_table((ANN, 0, 20, 1.0), (ANN, 80, 100, 1.0)), 100, "Film"))
    assert first.x == NAMES_WIDTH
    assert (last.x - first.x) / (last.x + last.width - first.x) == pytest.approx(0.8, abs=0.001)


def test_unknown_people_are_grey_and_below_the_cast() -> None:
    upper, lower = bars(timeline_svg(appearance_table((ANN, 0, 5, 1.0), ("unknown:1", 0, 90, 1.0)), 100, "Film"))
    assert (upper.colour, lower.colour) == (NAMED, UNNAMED)


def test_a_weak_name_is_paler_than_a_sure_one() -> None:
    sure, weak = bars(timeline_svg(appearance_table((ANN, 0, 50, 1.0), (ANN, 60, 70, 0.6)), 100, "Film"))
    assert sure.opacity == 1.0
    assert weak.opacity == pytest.approx(0.4)


def test_a_moment_in_a_long_film_is_still_seen() -> None:
    (moment,) = bars(timeline_svg(appearance_table((ANN, 3600, 3600.25, 1.0)), 7200, "Film"))
    assert moment.width >= 0.8


def test_sixty_actors_over_two_hours_have_a_lane_each() -> None:
    rows = [(f"Actor {n:02d}", 100.0 * n, 100.0 * n + 60, 1.0) for n in range(60)]
    lanes = [bar.y for bar in bars(timeline_svg(appearance_table(*rows), 7200, "Film"))]
    assert len(lanes) == 60
    assert [after - before for before, after in pairwise(lanes)] == [LANE] * 59


def test_people_beyond_the_last_lane_share_it() -> None:
    rows = [(f"unknown:{n}", 10.0 * n, 10.0 * n + 5) for n in range(40)]
    few = timeline_svg(appearance_table(*rows), 400, "Film", most_lanes=10)
    assert len({bar.y for bar in bars(few)}) == 10
    assert len(bars(few)) == 40
    assert "31 more" in texts(few)


def test_names_with_markup_and_of_other_scripts_are_shown_as_they_are() -> None:
    names = ["A$AP $ter_ling", "章子怡", "<b>&\"'"]
    svg = timeline_svg(appearance_table(*((name, 0, 5) for name in names)), 60, r"$\frac{1}$ <script>")
    assert {*names, r"$\frac{1}$ <script>"} <= {*texts(svg)}


@pytest.mark.parametrize(("name", "shown"), [("x" * 200, "x" * 29 + "…"), ("章" * 40, "章" * 14 + "…")])
def test_a_long_name_is_cut_to_the_width_that_it_has(name: str, shown: str) -> None:
    assert shown in texts(timeline_svg(appearance_table((name, 0, 5)), 60, "Film"))


def test_characters_that_xml_does_not_have_are_left_out() -> None:
    svg = timeline_svg(appearance_table((ANN, 0, 5)), 60, "Fi\x00lm\x1b\ud800")
    assert "Film" in texts(svg)
    assert svg.encode()


def test_a_film_with_nobody_has_a_picture_too() -> None:
    svg = timeline_svg(appearance_table(), 60, "Film")
    assert bars(svg) == []
    assert "Nobody was seen" in texts(svg)


def test_a_picture_of_two_hours_with_four_thousand_appearances_stays_small() -> None:
    rows = [(f"Actor {n % 60:02d}", 1.8 * n, 1.8 * n + 1.5, 0.9 + n % 10 / 100) for n in range(4000)]
    svg = timeline_svg(appearance_table(*rows), 7200, "Film")
    assert len(svg) < 250_000
    assert max(bar.x + bar.width for bar in bars(svg)) < WIDTH
