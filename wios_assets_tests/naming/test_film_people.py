"""Tracks that show one person of the film."""

from __future__ import annotations

import numpy as np

from wios_assets.naming.film_people import group_tracks, likeness, person_likeness, tracks_beside
from wios_assets.naming.options import NamingOptions
from wios_assets_tests.naming.people import People

OPTIONS = NamingOptions()


def people_of(vectors: np.ndarray, samples: list[frozenset[int]], quality: float = 0.3) -> list[int]:
    beside = tracks_beside(samples)
    tracks = len(vectors)
    alike = likeness(vectors, np.full(tracks, quality), np.full(tracks, 0.76), 0.032, beside, OPTIONS)
    people: list[int] = group_tracks(alike, beside, (), OPTIONS).tolist()
    return people


def test_people_are_numbered_in_the_order_of_tracks() -> None:
    people = People()
    order = ["x", "y", "x", "z", "y"]
    vectors = np.stack([people.picture(person, 0.012) for person in order]).astype(np.float64)
    assert people_of(vectors, [frozenset({index}) for index in range(5)]) == [0, 1, 0, 2, 1]


def test_however_alike_two_faces_of_one_sample_are_two_people() -> None:
    people = People()
    vectors = np.stack([people.picture("x", 0.001) for _ in range(40)]).astype(np.float64)
    grouped = people_of(vectors, [frozenset({index // 2}) for index in range(40)])
    assert all(grouped[index] != grouped[index + 1] for index in range(0, 40, 2))


def test_tracks_that_a_decision_separates_are_two_people() -> None:
    people = People()
    vectors = np.stack([people.picture("x", 0.001) for _ in range(3)]).astype(np.float64)
    beside = tracks_beside([frozenset({index}) for index in range(3)])
    alike = likeness(vectors, np.full(3, 0.3), np.full(3, 0.76), 0.032, beside, OPTIONS)
    grouped = group_tracks(alike, beside, [(0, 2)], OPTIONS)
    assert grouped[0] != grouped[2]


def test_poor_pictures_must_be_more_alike_than_clear_ones() -> None:
    people = People()
    vectors = np.stack([people.picture("x", 0.0253) for _ in range(2)]).astype(np.float64)
    samples = [frozenset({0}), frozenset({1})]
    assert people_of(vectors, samples, quality=0.8) == [0, 0]
    assert people_of(vectors, samples, quality=0.01) == [0, 1]


def test_a_film_whose_people_look_alike_tells_them_apart_more_strictly() -> None:
    people = People()
    for person in "abcdef":
        people.put(person, 0.35 * people.mean(person) + 0.65 * people.mean("light"))
    vectors = np.stack([people.picture(person, 0.008) for person in "abcdef"]).astype(np.float64)
    alone = people_of(vectors, [frozenset({index}) for index in range(6)])
    together = people_of(vectors, [frozenset({index // 2}) for index in range(6)])
    assert len(set(together)) > len(set(alone))


def test_likeness_of_people_is_the_mean_over_their_tracks() -> None:
    corner = np.arange(16, dtype=np.float32).reshape(4, 4)
    alike = ((corner + corner.T) / 2).astype(np.float32)
    mean = person_likeness(alike, np.asarray([0, 1, 1, 0]))
    assert mean[0, 1] == np.mean([alike[0, 1], alike[0, 2], alike[3, 1], alike[3, 2]])
    assert mean[0, 1] == mean[1, 0]


def test_nobody_and_one_track_need_no_clustering() -> None:
    assert people_of(np.zeros((0, 256)), []) == []
    assert people_of(np.zeros((1, 256)), [frozenset({1})]) == [0]
