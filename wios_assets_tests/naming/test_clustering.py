"""Unnamed tracks that show one person."""

from __future__ import annotations

import numpy as np

from wios_assets.naming.clustering import recurring_people
from wios_assets_tests.naming.people import People


def test_people_are_numbered_by_first_sight() -> None:
    people = People()
    order = ["x", "y", "x", "z", "y"]
    vectors = np.stack([people.picture(person, 0.015) for person in order])
    samples = [frozenset({place}) for place in range(len(order))]
    assert recurring_people(vectors, samples, 0.4).tolist() == [0, 1, 0, 2, 1]


def test_however_alike_two_faces_of_one_sample_are_two_people() -> None:
    people = People()
    vectors = np.stack([people.picture("x", 0.001) for _ in range(40)])
    samples = [frozenset({place // 2}) for place in range(40)]
    found = recurring_people(vectors, samples, 0.4)
    assert all(found[place] != found[place + 1] for place in range(0, 40, 2))


def test_nobody_and_one_track_need_no_clustering() -> None:
    assert recurring_people(np.zeros((0, 128)), [], 0.4).tolist() == []
    assert recurring_people(np.zeros((1, 128)), [frozenset({1})], 0.4).tolist() == [0]
