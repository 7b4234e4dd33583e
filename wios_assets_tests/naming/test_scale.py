"""What an engine's distances mean, learnt from galleries."""

from __future__ import annotations

import numpy as np
import pytest

from wios_assets.naming.evidence import Gallery
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.scale import pair_distances, scale_of_gallery
from wios_assets_tests.naming.people import People

OPTIONS = NamingOptions()
CAST = [f"person {number}" for number in range(12)]


def test_no_photo_is_compared_with_itself() -> None:
    genuine, impostor = pair_distances(Gallery.of(People().gallery(CAST, photos=4)), 3)
    assert len(genuine) == 48
    assert len(impostor) == 48 * 11
    assert genuine.min() > 0.3
    assert np.median(genuine) < 0.5 < np.median(impostor)


def test_a_person_with_one_photo_gives_no_genuine_pair() -> None:
    genuine, impostor = pair_distances(Gallery.of(People().gallery(CAST, photos=1)), 3)
    assert len(genuine) == 0
    assert len(impostor) == 12 * 11


def test_an_unfamiliar_engine_is_brought_to_the_known_medians() -> None:
    gallery = Gallery.of(People().gallery(CAST, factor=3.0))
    scale = scale_of_gallery(gallery, {"other"}, OPTIONS)
    genuine, impostor = pair_distances(gallery, 3)
    assert np.median(scale(genuine)) == pytest.approx(OPTIONS.photos_of_one)
    assert np.median(scale(impostor)) == pytest.approx(OPTIONS.photos_of_two)


def test_few_photos_of_the_familiar_engine_move_little() -> None:
    scale = scale_of_gallery(Gallery.of(People().gallery(CAST[:2], photos=2)), {"onnx"}, OPTIONS)
    assert scale.factor == pytest.approx(1.0, abs=0.1)
    assert scale(np.asarray([0.55]))[0] == pytest.approx(0.55, abs=0.03)


def test_galleries_in_disorder_and_no_galleries_teach_nothing() -> None:
    rows = People().gallery(CAST)
    rows["actor"] = np.random.default_rng(0).permutation(rows["actor"])
    assert scale_of_gallery(Gallery.of(rows), {"other"}, OPTIONS).factor == 1.0
    empty = scale_of_gallery(Gallery.of(None), {"onnx"}, OPTIONS)
    assert (empty.shift, empty.factor) == (pytest.approx(0.0), pytest.approx(1.0))
