from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from matplotlib import colors
from matplotlib._pylab_helpers import Gcf
from numpy.typing import NDArray
from PIL import Image

from wios_assets.timeline.drawing import NAMED, UNNAMED
from wios_assets.timeline.pictures import timeline_picture
from wios_assets_tests.timeline.films import appearance_table

ANN, BO = "Ann", "Bo"


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def in_colour(picture: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Pixels of a colour in the left, larger panel."""
    wanted = np.round(np.array(colors.to_rgb(colour)) * 255)
    near: NDArray[np.bool_] = (np.abs(picture.astype(int) - wanted) <= 3).all(axis=2)
    return near[:, : round(picture.shape[1] * 0.8)]


def test_a_bar_covers_its_share_of_the_lane() -> None:
    short = in_colour(pixels(timeline_picture(appearance_table((ANN, 0, 10, 1.0)), 100, "Film")), NAMED)
    long = in_colour(pixels(timeline_picture(appearance_table((ANN, 0, 40, 1.0)), 100, "Film")), NAMED)
    assert 3.8 < long.sum() / short.sum() < 4.2


def test_a_bar_stands_where_its_time_is() -> None:
    early = in_colour(pixels(timeline_picture(appearance_table((ANN, 0, 20, 1.0)), 100, "Film")), NAMED)
    late = in_colour(pixels(timeline_picture(appearance_table((ANN, 80, 100, 1.0)), 100, "Film")), NAMED)
    assert np.flatnonzero(early.any(axis=0)).max() < np.flatnonzero(late.any(axis=0)).min()


def test_unknown_people_are_grey_and_below_the_cast() -> None:
    picture = pixels(timeline_picture(appearance_table((ANN, 0, 5, 1.0), ("unknown:1", 0, 90, 1.0)), 100, "Film"))
    named, unnamed = (np.flatnonzero(in_colour(picture, colour).any(axis=1)) for colour in (NAMED, UNNAMED))
    assert named.max() < unnamed.min()


def test_a_weak_name_is_paler_than_a_sure_one() -> None:
    picture = pixels(timeline_picture(appearance_table((ANN, 0, 50, 0.6)), 100, "Film"))
    assert in_colour(picture, NAMED).sum() == 0


def test_a_moment_in_a_long_film_is_still_seen() -> None:
    picture = pixels(timeline_picture(appearance_table((ANN, 3600, 3600.25, 1.0)), 7200, "Film"))
    pale = (picture[:, :, 2].astype(int) - picture[:, :, 0]) > 40
    assert pale[:, : round(picture.shape[1] * 0.8)].sum() > 5


def test_sixty_actors_over_two_hours_have_a_lane_each() -> None:
    rows = [(f"Actor {n:02d}", 100.0 * n, 100.0 * n + 60, 1.0) for n in range(60)]
    picture = pixels(timeline_picture(appearance_table(*rows), 7200, "Film"))
    bars = in_colour(picture, NAMED)
    starts = np.flatnonzero(np.diff(bars.any(axis=1).astype(int)) == 1)
    assert len(starts) == 60
    assert np.diff(starts).min() >= 18


def test_people_beyond_the_last_lane_share_it() -> None:
    rows = [(f"unknown:{n}", 10.0 * n, 10.0 * n + 5) for n in range(40)]
    full = pixels(timeline_picture(appearance_table(*rows), 400, "Film"))
    few = pixels(timeline_picture(appearance_table(*rows), 400, "Film", most_lanes=10))
    assert few.shape[0] < full.shape[0] / 2


def test_names_with_dollars_and_of_other_scripts_are_drawn_as_they_are() -> None:
    table = appearance_table(("A$AP $ter_ling", 0, 5), ("章子怡", 2, 6), ("x" * 200, 3, 5))
    assert pixels(timeline_picture(table, 60, r"$\frac{1}$")).shape[1] == 1540


def test_a_film_with_nobody_has_a_picture_too() -> None:
    picture = pixels(timeline_picture(appearance_table(), 60, "Film"))
    assert in_colour(picture, NAMED).sum() == 0


def test_pictures_made_at_once_are_those_made_alone_and_leave_no_figure_open() -> None:
    tables = [appearance_table((ANN, 0, 5.0 * n), (BO, 10, 30)) for n in range(1, 7)]
    alone = [timeline_picture(table, 60, "Film") for table in tables]
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(lambda table: timeline_picture(table, 60, "Film"), tables))
    assert at_once == alone
    assert Gcf.get_num_fig_managers() == 0
