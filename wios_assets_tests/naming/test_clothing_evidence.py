"""Whom a face is by what is worn in its scene: ada is seen from the front in one shot and from the side in the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wios_assets.naming.clothing_evidence import Clothing, learn_by_clothing
from wios_assets.naming.evidence import Tracks
from wios_assets.naming.film_evidence import Lessons
from wios_assets.naming.options import NamingOptions
from wios_assets_tests.naming.people import MODEL, RATE, People, Seen, film_of
from wios_assets_tests.naming.test_names import CAST, named

OPTIONS = NamingOptions()
RED, BLUE, GREEN = (170, 40, 40), (40, 60, 150), (50, 120, 60)
Shirt = tuple[int, int, int] | None


def the_side(
    front: Shirt = RED,
    side: Shirt = RED,
    others: Sequence[Seen] = (),
    cut: int = 8,
    away: float = 1.0,
    options: NamingOptions = OPTIONS,
) -> pd.Series:
    """What ada is called in a second shot, from sample `cut` on, where she is too far from her photos to be named.

    `away` is how far; at 1 her photos are nearest, but a name needs more than they say.
    """
    people = People()
    gallery = people.gallery(CAST)
    people.put("ada, from the side", people.place("ada") + np.random.default_rng(3).normal(0.0, 0.045, 128) * away)
    seen = [
        Seen("ada", range(8), within=0.02, shirt=front),
        Seen("ada, from the side", range(cut, cut + 8), within=0.005, shirt=side),
        *others,
    ]
    film = film_of(people, seen, cuts=sorted({8, cut}))
    (place,) = (row for row, faces in enumerate(film.tracks["faces"]) if 1000 * cut + 1 in faces)
    return named(film, gallery, options=options).iloc[place]


def test_alone_the_photos_leave_the_face_from_the_side_open() -> None:
    row = the_side(side=None)
    assert row["decision"] == "weak"
    assert row["nearest"] == "ada"
    assert OPTIONS.farthest < row["distance"] < OPTIONS.dressed_farthest


def test_a_face_of_the_same_scene_that_is_dressed_alike_is_named() -> None:
    row = the_side()
    assert (row["actor"], row["decision"]) == ("ada", "named")
    assert "track 0 at 00:00:00, which the photos name, of the same scene is dressed alike" in row["reason"]
    assert row["probability"] <= OPTIONS.surest


@pytest.mark.parametrize(("front", "side"), [(RED, BLUE), (None, RED), (RED, None), (None, None)])
def test_other_clothes_or_none_vouch_for_nobody(front: Shirt, side: Shirt) -> None:
    assert the_side(front, side)["decision"] == "weak"


def test_clothes_say_nothing_of_another_scene() -> None:
    late = int((OPTIONS.scene_s + 10) * RATE)
    assert the_side(cut=late)["decision"] == "weak"
    assert the_side(cut=late - int(20 * RATE))["decision"] == "named"


def test_no_clothes_give_a_name_to_a_face_far_from_the_photos() -> None:
    row = the_side(away=1.3)
    assert row["distance"] > OPTIONS.dressed_farthest
    assert row["decision"] != "named"


@pytest.mark.parametrize("other", ["ben", "somebody who is not in the cast"])
def test_where_somebody_else_is_dressed_alike_clothes_say_nothing(other: str) -> None:
    alike = [Seen(other, range(8), left=400.0, within=0.02, shirt=RED)]
    unlike = [replace(alike[0], shirt=GREEN)]
    assert the_side(others=unlike)["actor"] == "ada"
    assert the_side(others=alike)["decision"] == "weak"


def test_nobody_is_named_for_the_clothes_of_a_person_who_stands_beside_him() -> None:
    beside = [Seen("ada", range(8, 16), left=400.0, within=0.02, shirt=RED)]
    assert the_side(others=beside)["decision"] == "weak"


@pytest.mark.parametrize(("likeness", "worth"), [(0.0, 6.0), (0.4, 5.0), (0.479, 3.025), (0.49, 0.0)])
def test_the_nearer_the_clothes_the_more_they_are_worth_up_to_a_bound(likeness: float, worth: float) -> None:
    colours = np.array([[1.0, 0.0], [1 - likeness**2, np.sqrt(1 - (1 - likeness**2) ** 2)]], dtype=np.float32)
    places, vectors = np.arange(2), np.zeros((2, 1))
    known = Tracks(
        places, places, 2.0 * places, 2.0 * places + 2.0, vectors, np.ones(2), tuple(vectors[:, None]), MODEL
    )
    faces = Lessons(
        ratios=np.zeros((2, 1)),
        teaches=np.array([0, -1]),
        strangers=np.zeros(2, dtype=bool),
        voucher=np.array([-1, -1]),
        actor=np.array([-1, -1]),
        dressed=np.zeros(2, dtype=bool),
    )
    options = replace(OPTIONS, dressed=0.48, dressed_least=3.0, dressed_weight=25.0, dressed_most=6.0)
    seen, apart = [frozenset({0}), frozenset({8})], np.full((2, 1), 0.6)
    taught = learn_by_clothing(faces, known, Clothing(colours), seen, apart, options)
    assert taught.ratios[1, 0] == pytest.approx(worth, abs=0.01)
    assert taught.dressed.tolist() == [False, worth > 0]
    assert faces.ratios[1, 0] == 0
