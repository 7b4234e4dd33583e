"""Distances judged by those to other people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wios_assets.naming.evidence import Gallery, person_distances
from wios_assets.naming.normalisation import ImpostorModel, impostor_distances
from wios_assets.naming.options import NamingOptions
from wios_assets_tests.naming.people import People

OPTIONS = NamingOptions()
CAST = [f"person {number}" for number in range(12)]


def test_no_photo_is_compared_with_its_own_person() -> None:
    distances = impostor_distances(Gallery.of(People().gallery(CAST, photos=4)), 3)
    assert len(distances) == 48 * 11
    assert distances.min() > 0.6


def test_scores_do_not_depend_on_an_engines_unit() -> None:
    scores = []
    for factor in (1.0, 3.0):
        people = People()
        gallery = Gallery.of(people.gallery(CAST, factor=factor))
        model = ImpostorModel.of(gallery, {"other"}, OPTIONS)
        face = person_distances(people.picture("person 3")[None].astype(np.float64) * factor, gallery, 3)
        scores.append(model.scores(face, np.zeros((1, 0)))[0])
    assert scores[0] == pytest.approx(scores[1], abs=0.01)
    assert scores[0].argmax() == 3
    assert scores[0][3] > 6 > 3 > np.delete(scores[0], 3).max()


def test_few_odd_photos_of_the_familiar_engine_change_little() -> None:
    odd = Gallery.of(People().gallery(CAST[:2], photos=2, factor=2.0))
    familiar, other = (ImpostorModel.of(odd, {engine}, OPTIONS) for engine in ("onnx", "other"))
    assert familiar.mean == pytest.approx(OPTIONS.impostor_mean, rel=0.15)
    assert other.mean == familiar.mean, "two people teach no scale"


def test_without_photos_the_known_scale_holds() -> None:
    model = ImpostorModel.of(Gallery.of(None), {"other"}, OPTIONS)
    assert (model.mean, model.spread) == (OPTIONS.impostor_mean, OPTIONS.impostor_spread)


def test_a_face_near_to_everybody_must_come_nearer() -> None:
    model = ImpostorModel.of(Gallery.of(None), {"onnx"}, replace(OPTIONS, follows=1.0))
    others = np.full((1, 20), 0.76)
    clear = model.scores(np.asarray([[0.6]]), others)[0, 0]
    blurred = model.scores(np.asarray([[0.6]]), others - 0.1)[0, 0]
    assert clear - blurred > 2.0


def test_more_people_to_compare_with_make_a_score_surer() -> None:
    model = ImpostorModel.of(Gallery.of(None), {"onnx"}, OPTIONS)
    scores = [model.scores(np.asarray([[0.6]]), np.full((1, people), 0.758))[0, 0] for people in (0, 1, 5, 50)]
    assert scores == sorted(scores)
    assert scores[0] < 0.75 * scores[-1]


def test_the_person_on_screen_hardly_moves_the_mean_of_others() -> None:
    model = ImpostorModel.of(Gallery.of(None), {"onnx"}, OPTIONS)
    distances = np.full((1, 5), 0.76)
    distances[0, 2] = 0.3
    assert model.face_means(distances)[0] == pytest.approx(0.75, abs=0.02)
    assert model.face_means(np.zeros((2, 0))).tolist() == [model.mean] * 2
