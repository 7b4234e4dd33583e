"""Ways of recognising, compared on the same splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from wios_assets.naming.evidence import Gallery
from wios_assets.naming.selection import (
    RECOGNISERS,
    Recogniser,
    SelectionOptions,
    compare_recognisers,
    picture_groups,
    recognise,
    split_pictures,
    true_acceptance,
)
from wios_assets_tests.naming.people import People

CAST = [f"person {number}" for number in range(8)]


def test_pictures_to_train_on_and_to_ask_about_do_not_overlap() -> None:
    people = People()
    rows = people.gallery(CAST, photos=5)
    twins = rows.groupby("actor").head(1).assign(photo_hash=lambda t: t["photo_hash"] + "b")
    twins["embedding"] = [vector + np.float32(0.005) for vector in twins["embedding"]]
    gallery = Gallery.of(pd.concat([rows, twins], ignore_index=True))
    groups = picture_groups(gallery, 0.25)
    assert len(np.unique(groups)) == 8 * 5
    for seed in range(8):
        train, test = split_pictures(gallery, groups, 1 / 3, np.random.default_rng(seed))
        assert sorted([*train, *test]) == list(range(len(gallery.owner)))
        assert not set(groups[train]) & set(groups[test])
        assert set(gallery.owner[train]) == set(range(8))
        assert set(gallery.owner[test]) == set(range(8))


def test_a_person_with_one_picture_is_only_trained_on() -> None:
    gallery = Gallery.of(People().gallery(CAST, photos=1))
    train, test = split_pictures(gallery, np.arange(8), 1 / 3, np.random.default_rng(0))
    assert (len(train), len(test)) == (8, 0)


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda recogniser: recogniser.name)
def test_every_recogniser_scores_the_people_it_was_trained_on(recogniser: Recogniser) -> None:
    gallery = Gallery.of(People().gallery(CAST, photos=5))
    train, asked = np.flatnonzero(gallery.owner < 6), np.flatnonzero(gallery.owner >= 6)
    scores = recognise(recogniser, gallery, train, asked)
    assert scores.shape == (10, 8)
    assert np.isfinite(scores[:, :6]).all()
    assert np.isneginf(scores[:, 6:]).all()


@pytest.mark.parametrize("kind", ["nearest", "svc"])
def test_two_people_are_distinguished(kind: str) -> None:
    gallery = Gallery.of(People().gallery(CAST[:2], photos=6))
    train, asked = split_pictures(gallery, np.arange(12), 1 / 3, np.random.default_rng(0))
    recogniser = Recogniser(kind, neighbours=1, kernel="linear", c=10.0)
    assert (recognise(recogniser, gallery, train, asked).argmax(axis=1) == gallery.owner[asked]).all()


def test_the_names_of_recognisers_are_distinct() -> None:
    assert len({recogniser.name for recogniser in RECOGNISERS}) == len(RECOGNISERS)


def test_true_acceptance_is_read_at_the_strangers_limit() -> None:
    asked = pd.DataFrame(
        {
            "known": [True] * 4 + [False] * 4,
            "right": [True, True, True, False] + [False] * 4,
            "score": [0.9, 0.7, 0.3, 0.95, 0.8, 0.5, 0.4, 0.1],
        }
    )
    assert true_acceptance(asked, 0.0) == 0.25
    assert true_acceptance(asked, 1.0) == 0.75
    assert np.isnan(true_acceptance(asked[asked["known"]], 0.01))


def test_a_comparison_has_a_row_a_recogniser_and_the_default_wins_a_tie() -> None:
    compared = compare_recognisers(People().gallery(CAST, photos=5), SelectionOptions(seeds=2))
    assert set(compared.settings["recogniser"]) == {recogniser.name for recogniser in RECOGNISERS}
    assert all(compared.settings[column].between(0.0, 1.0).all() for column in ("top1", "top3"))
    assert (compared.settings["top3"] >= compared.settings["top1"]).all()
    assert compared.winner == Recogniser("nearest", neighbours=3)
    assert set(compared.actors["actor"]) == set(CAST)
    nearest = compared.curve[compared.curve["recogniser"] == "nearest photo"]
    assert nearest["true_acceptance"].is_monotonic_increasing


def test_the_same_seeds_give_the_same_figures() -> None:
    rows, some = People().gallery(CAST, photos=4), RECOGNISERS[:6]
    first, second = (compare_recognisers(rows, SelectionOptions(seeds=2), some) for _ in range(2))
    assert first.settings.equals(second.settings)


@pytest.mark.parametrize(("people", "photos"), [(1, 5), (6, 1), (0, 0)])
def test_too_few_pictures_have_no_winner(people: int, photos: int) -> None:
    assert compare_recognisers(People().gallery(CAST[:people], photos), SelectionOptions(seeds=1)).winner is None
