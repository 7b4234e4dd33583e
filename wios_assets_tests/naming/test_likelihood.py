"""Evidence and the probabilities that follow from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wios_assets.naming.likelihood import film_evidence, mean_evidence, photo_evidence, posteriors
from wios_assets.naming.options import NamingOptions

OPTIONS = NamingOptions()


def test_a_clear_picture_must_come_nearer_than_a_poor_one() -> None:
    poor, clear = photo_evidence(np.asarray([[3.0], [3.0]]), np.asarray([0.2, 1.0]), OPTIONS)[:, 0]
    assert poor - clear == pytest.approx(0.8 * OPTIONS.photo_slope * OPTIONS.photo_quality, abs=0.1)


def test_a_face_too_poor_to_be_recognised_is_no_strong_evidence_for_an_actor() -> None:
    likely = np.full((3, 1), OPTIONS.photo_level + 2.0)
    tiny, small, clear = photo_evidence(likely, np.asarray([0.001, 0.01, 0.1]), OPTIONS)[:, 0]
    assert tiny < clear - 1.5
    assert tiny < small < clear
    options = replace(OPTIONS, recognisable=0.0)
    assert photo_evidence(likely, np.asarray([0.001, 0.01, 0.1]), options).min() > clear - 0.2


def test_a_poor_face_unlike_an_actor_still_speaks_for_a_stranger() -> None:
    unlike = np.full((2, 1), -1.0)
    tiny, clear = photo_evidence(unlike, np.asarray([0.001, 0.1]), OPTIONS)[:, 0]
    assert tiny == pytest.approx(clear, abs=0.2)


def test_no_single_score_decides_without_bounds() -> None:
    scores = np.asarray([[-50.0, 50.0]])
    (least, most), *_ = photo_evidence(scores, np.ones(1), OPTIONS).tolist()
    assert (least, most) == (OPTIONS.photo_least, pytest.approx(OPTIONS.photo_most, abs=0.02))
    assert film_evidence(scores, OPTIONS).tolist() == [[0.0, OPTIONS.film_most]]


def test_one_good_look_decides_at_the_price_of_the_number_of_looks() -> None:
    looks = np.asarray([[8.0], [-2.0], [-3.0], [-5.0]])
    assert mean_evidence(looks)[0] == pytest.approx(8.0 - np.log(4), abs=0.01)
    assert mean_evidence(np.full((10, 1), 2.0))[0] == pytest.approx(2.0), "the same look again adds nothing"


def test_probabilities_add_up_and_a_runner_up_takes_its_share() -> None:
    posterior = posteriors(np.asarray([[6.0, 6.0, -5.0]]), np.ones(1), OPTIONS)
    assert posterior.sum() == pytest.approx(1.0)
    assert posterior[0, 0] == pytest.approx(posterior[0, 1])
    assert posterior[0, 0] < 0.5


def test_a_larger_cast_needs_more_evidence() -> None:
    small, large = (
        posteriors(np.append(4.0, np.full(actors - 1, -5.0))[None], np.ones(1), OPTIONS)[0, 0] for actors in (2, 40)
    )
    assert large < small


def test_where_nobody_resembles_the_cast_a_name_needs_more_evidence() -> None:
    strangers = np.full((20, 3), -5.0)
    alone = posteriors(np.asarray([[3.0, -5.0, -5.0]]), np.ones(1), OPTIONS)[0, 0]
    among = posteriors(np.vstack([[3.0, -5.0, -5.0], strangers]), np.ones(21), OPTIONS)[0, 0]
    assert among < alone - 0.1


def test_an_actor_who_is_surely_in_the_film_is_likelier_elsewhere_in_it() -> None:
    sure = np.asarray([[12.0, -5.0]] * 6 + [[-5.0, 12.0]])
    open_ = np.asarray([[2.0, 2.0]])
    posterior = posteriors(np.vstack([sure, open_]), np.ones(8), replace(OPTIONS, own_share=0.5))[-1]
    assert posterior[0] > posterior[1]


def test_without_a_cast_everybody_is_a_stranger() -> None:
    assert posteriors(np.zeros((3, 0)), np.ones(3), OPTIONS).tolist() == [[1.0]] * 3
