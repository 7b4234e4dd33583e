"""What distances mean: an engine's, and a way's of comparing, put on the scale that the levels of naming stand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.evidence import Gallery, person_distances
from wios_assets.naming.options import NamingOptions

FAMILIAR_ENGINES = frozenset({"dlib", "onnx"})
"""Engines with dlib's embedder and SFace, on whose distances the default levels stand."""

FEWEST_PEOPLE = 3
"""People with photos that an unfamiliar scale is learnt from, at least."""

LEAST_SPREAD = 0.1
"""Medians of genuine and impostor pairs that differ by a smaller share teach no scale: the photos are in disorder."""


@dataclass(frozen=True)
class Scale:
    """Straight line from distances to those that the levels of `NamingOptions` stand on."""

    shift: float
    factor: float

    def __call__(self, apart: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances on the scale of the levels."""
        return self.shift + self.factor * apart


def scale_of_gallery(gallery: Gallery, engines: set[str], options: NamingOptions) -> Scale:
    """The line learnt from genuine and impostor pairs: each photo against its own person's other photos, and against
    every other person's.

    It takes the medians of the two to the known ones. Where the levels were fitted to this engine and this way of
    comparing, these count as `photos_people` people themselves, so that a few odd photos move little; else the pairs
    alone decide, where there are photos of `FEWEST_PEOPLE` people.

    Args:
        gallery: photos of the cast and of people outside it.
        engines: names of the engines behind the embeddings.
        options: medians and their weight, and how photos are compared.
    """
    familiar = engines <= FAMILIAR_ENGINES and options.nearest_photos == NamingOptions().nearest_photos
    genuine, impostor = pair_distances(gallery, options.nearest_photos)
    taught = len(gallery) >= FEWEST_PEOPLE and len(genuine) > 0
    weight = 0.0 if taught and not familiar else options.photos_people
    paired = int((np.bincount(gallery.owner) > 1).sum())
    one = _held(genuine, paired, options.photos_of_one, weight)
    two = _held(impostor, len(gallery), options.photos_of_two, weight)
    if two - one < LEAST_SPREAD * two:
        return Scale(0.0, 1.0)
    factor = (options.photos_of_two - options.photos_of_one) / (two - one)
    return Scale(options.photos_of_one - factor * one, factor)


def pair_distances(gallery: Gallery, nearest: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of each photo to its own person's other photos, and to each other person's: two flat arrays.

    Args:
        gallery: photos of several people.
        nearest: as in `person_distances`.
    """
    every = person_distances(gallery.vectors, gallery, nearest)
    own = np.zeros(every.shape, dtype=bool)
    own[np.arange(len(every)), gallery.owner] = True
    genuine = []
    for photo, person in enumerate(gallery.owner.tolist()):
        rest = (gallery.owner == person) & (np.arange(len(gallery.owner)) != photo)
        if rest.any():
            alone = Gallery(
                (gallery.people[person],), np.zeros(int(rest.sum()), np.int64), gallery.vectors[rest], (), ""
            )
            genuine.append(float(person_distances(gallery.vectors[photo][None], alone, nearest)[0, 0]))
    return np.asarray(genuine), every[~own]


def _held(pairs: NDArray[np.float64], people: int, known: float, weight: float) -> float:
    """Median of the pairs' distances, held to the known one with its weight in people."""
    if not len(pairs):
        return known
    return float((np.median(pairs) * people + known * weight) / (people + weight))
