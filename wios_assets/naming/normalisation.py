"""Distances to an actor's photos as scores, normalised by distances to other people.

A blurred or dark face is near to everybody, a clear one far from everybody else. So a distance is compared with the
same face's distances to people whom it does not show: cast members and people of other films (T-norm; Auckenthaler,
Carey and Lloyd-Thomas, Score normalization for text-independent speaker verification systems, Digital Signal Processing
2000). Where there are few such people, their mean and spread are drawn towards known values, as in a hierarchical
Gaussian model, and the score shrinks with the uncertainty of the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.evidence import Gallery, person_distances
from wios_assets.naming.options import NamingOptions

Floats = NDArray[np.float64]

FAMILIAR_ENGINES = frozenset({"dlib", "onnx"})
"""Engines whose embedder the numbers of `NamingOptions` were measured with."""

FEWEST_PEOPLE = 3
"""Least number of people with photos from which the scale of an unfamiliar engine is learnt."""

NEAREST_OTHER = 2.0
"""The nearest other person counts as at most this many standard deviations below the mean: it may be the one shown."""


@dataclass(frozen=True)
class ImpostorModel:
    """Distribution of a face's distances to people whom it does not show (impostors).

    Attributes:
        mean: mean distance. mean_spread: standard deviation of a face's own mean. spread: standard deviation of one
            face's distances.
        follows: share of a face's deviation from `mean` that its actors' distances share.
        spread_people: weight of `spread`, as a number of people, beside those that a face is compared with.
    """

    mean: float
    mean_spread: float
    spread: float
    follows: float
    spread_people: float

    @classmethod
    def of(cls, gallery: Gallery, engines: set[str], options: NamingOptions) -> ImpostorModel:
        """The model at an engine's distance scale, which is learnt from photos.

        The scale is the ratio of the median distance between photos of two people to the known one. Where the numbers
        were measured with this engine and this way of comparing, the known one counts as `photo_people` people, so
        that a few odd photos change little; else the photos alone decide, given `FEWEST_PEOPLE` people.

        Args:
            gallery: photos of the cast and of people outside it.
            engines: names of the engines behind the embeddings.
            options: known values and their weights.
        """
        familiar = engines <= FAMILIAR_ENGINES and options.nearest_photos == NamingOptions().nearest_photos
        pairs = impostor_distances(gallery, options.nearest_photos)
        held = options.photo_people if familiar or len(gallery) < FEWEST_PEOPLE else 0.0
        scale = 1.0
        if len(pairs):
            median = (float(np.median(pairs)) * len(gallery) + options.photo_pairs * held) / (len(gallery) + held)
            scale = median / options.photo_pairs if median > 0 else 1.0
        return cls(
            scale * options.impostor_mean,
            scale * options.impostor_mean_spread,
            scale * options.impostor_spread,
            options.follows,
            options.spread_people,
        )

    @property
    def _mean_people(self) -> float:
        """Weight of `mean`, as a number of people, in the estimate of a face's own mean."""
        return (self.spread / self.mean_spread) ** 2

    def face_means(self, distances: Floats) -> Floats:
        """Each face's mean distance to people whom it does not show, float64 [n], of its distances to people, [n, m].

        The nearest person may be the one shown, and counts for no less than `NEAREST_OTHER` spreads below the mean.
        """
        held, people = self._mean_people, distances.shape[1]
        if not people:
            return np.full(len(distances), self.mean)
        nearest = distances.min(axis=1)
        rest = (distances.sum(axis=1) - nearest + held * self.mean) / (people - 1 + held)
        nearest = np.maximum(nearest, rest - NEAREST_OTHER * self.spread)
        return np.asarray((rest * (people - 1 + held) + nearest) / (people + held))

    def scores(self, actors: Floats, others: Floats) -> Floats:
        """Standard deviations by which each face is nearer to each actor than to other people, float64 [n, actors].

        Args:
            actors: distances to the cast, float64 [n, actors].
            others: distances to people outside it, float64 [n, people]; there may be none.
        """
        faces, count = actors.shape
        everybody = np.concatenate([actors, others], axis=1)
        people = everybody.shape[1] - 1
        held = self._mean_people
        result = np.empty((faces, count))
        for actor in range(count):
            mean, variance = np.full(faces, self.mean), np.full(faces, self.spread**2)
            if people:
                mean = self.face_means(np.delete(everybody, actor, axis=1))
                deviations = np.maximum(everybody - mean[:, None], -NEAREST_OTHER * self.spread) ** 2
                squares = deviations.sum(axis=1) - deviations[:, actor]
                variance = (squares + self.spread_people * self.spread**2) / (people + self.spread_people)
            expected = self.mean + self.follows * (mean - self.mean)
            result[:, actor] = (expected - actors[:, actor]) / np.sqrt(variance * (1.0 + 1.0 / (people + held)))
        return result


def impostor_distances(gallery: Gallery, nearest: int) -> Floats:
    """Distances of each photo to every other person's photos, flat; `nearest` as in `person_distances`."""
    distances = person_distances(gallery.vectors, gallery, nearest)
    own = np.zeros(distances.shape, dtype=bool)
    own[np.arange(len(distances)), gallery.owner] = True
    return distances[~own]
