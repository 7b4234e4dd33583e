"""The colours of what somebody wears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from wios_assets.vision.clothing import BINS, CLOTHING_LENGTH, PATCH, clothing_colours, clothing_patch

FACE = np.array([140, 40, 180, 80], dtype=np.float32)


def picture_with_shirt(shirt: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A grey room, 320 × 240, with somebody whose face is at FACE."""
    picture = np.full((240, 320, 3), 128, dtype=np.uint8)
    picture[40:80, 140:180] = (200, 150, 130)
    picture[90:200, 110:210] = shirt
    return picture


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    roots = [colours / np.linalg.norm(colours.astype(float)) for colours in (one, other)]
    return float(np.sqrt(max(0.0, 1.0 - float(roots[0] @ roots[1]))))


def test_the_patch_shows_what_is_worn_below_the_face() -> None:
    patch = clothing_patch(picture_with_shirt((180, 30, 40)), FACE)
    assert patch is not None
    assert patch.shape == (PATCH, PATCH, 3)
    assert (patch == (180, 30, 40)).all()


@pytest.mark.parametrize("shift", [(0, 130), (-190, 0), (170, 0)])
def test_a_body_out_of_the_picture_has_no_clothing(shift: tuple[int, int]) -> None:
    assert (
        clothing_patch(picture_with_shirt((180, 30, 40)), FACE + np.array([*shift, *shift], dtype=np.float32)) is None
    )


def test_a_body_cut_by_the_edge_of_the_picture_still_has_clothing() -> None:
    beside = FACE + np.array([-150, 0, -150, 0], dtype=np.float32)
    patch = clothing_patch(picture_with_shirt((180, 30, 40)), beside)
    assert patch is not None
    assert patch.shape == (PATCH, PATCH, 3)


def test_a_tiny_face_and_an_empty_box_have_no_clothing() -> None:
    picture = picture_with_shirt((180, 30, 40))
    for box in ([10, 10, 12, 12], [50, 50, 50, 50], [50, 60, 40, 50]):
        assert clothing_patch(picture, np.array(box, dtype=np.float32)) is None


def test_the_same_shirt_is_near_and_another_far() -> None:
    red, dim_red, blue = (
        clothing_colours(np.full((PATCH, PATCH, 3), colour, dtype=np.uint8))
        for colour in ((180, 30, 40), (172, 28, 40), (30, 40, 160))
    )
    assert apart(red, dim_red) < 0.5
    assert apart(red, blue) > 0.99


def test_black_grey_and_white_are_told_apart() -> None:
    shades = [clothing_colours(np.full((PATCH, PATCH, 3), grey, dtype=np.uint8)) for grey in (15, 128, 240)]
    assert min(apart(shades[i], shades[j]) for i, j in ((0, 1), (0, 2), (1, 2))) > 0.9


def test_a_plain_colour_counts_for_the_bins_around_it_alone() -> None:
    white = clothing_colours(np.full((4, 4, 3), 255, dtype=np.uint8)).reshape(BINS)
    assert white[-1, BINS[1] // 2, BINS[2] // 2] >= 250
    assert np.count_nonzero(white) <= 8


@given(arrays(np.uint8, (6, 6, 3), elements=st.integers(0, 255)))
def test_the_shares_of_any_patch_sum_to_one(patch: NDArray[np.uint8]) -> None:
    colours = clothing_colours(patch)
    assert colours.shape == (CLOTHING_LENGTH,)
    assert ((colours / 255.0) ** 2).sum() == pytest.approx(1.0, abs=0.1)
