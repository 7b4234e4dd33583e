"""What an engine's distances mean, learnt from pairs of gallery photos: of one person, and of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.metric import distances
from wios_assets.naming.options import NamingOptions

FAMILIAR_ENGINES = frozenset({"dlib", "onnx"})
"""Engines with dlib's embedder, on whose distances the default levels stand."""

FEWEST_PEOPLE = 3
"""People with photos that an unfamiliar engine's scale is learnt from, at least."""


@dataclass(frozen=True)
class Scale:
    """Straight line from an engine's distances to those that the levels of `NamingOptions` stand on."""

    shift: float
    factor: float

    def __call__(self, apart: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances on the scale of the levels."""
        return self.shift + self.factor * apart


def scale_from_pairs(
    vectors: NDArray[np.float64], owner: NDArray[np.int64], familiar: bool, options: NamingOptions
) -> Scale | None:
    """The line that takes the galleries' two medians, of one person's photos and of two people's, to the known ones.

    For a familiar engine the known medians count as `photos_people` people, so that a few odd photos move little. For
    another one the pairs alone decide.

    Args:
        vectors: embeddings of all photos, cast and cohort, float64 [photos, length].
        owner: whose photo each is, int64 [photos].
        familiar: whether the levels were fitted to this engine.
        options: medians and their weight.

    Returns:
        None where an unfamiliar engine has photos of fewer than `FEWEST_PEOPLE` people, or none has two.
    """
    apart = distances(vectors, vectors)
    upper = np.triu(np.ones(apart.shape, dtype=bool), 1)
    same = owner[:, None] == owner[None, :]
    people, photos = np.unique(owner, return_counts=True)
    weight = options.photos_people if familiar else 0.0
    if not familiar and (len(people) < FEWEST_PEOPLE or (photos > 1).sum() == 0):
        return None
    one = _held(apart[upper & same], float((photos > 1).sum()), options.photos_of_one, weight)
    two = _held(apart[upper & ~same], float(len(people)), options.photos_of_two, weight)
    if two - one < 1e-6:
        return None
    factor = (options.photos_of_two - options.photos_of_one) / (two - one)
    return Scale(options.photos_of_one - factor * one, factor)


def _held(pairs: NDArray[np.float64], people: float, known: float, weight: float) -> float:
    """Median of the pairs' distances, held to the known one with its weight in people."""
    if not len(pairs):
        return known
    return float((np.median(pairs) * people + known * weight) / (people + weight))
