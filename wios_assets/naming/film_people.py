"""Groups a film's tracks into people, by how alike their faces are within the film.

Faces of one film share its light, its make-up and its grain, and are nearer to each other than photos are. Two faces
in one picture are different people; they show how near different people are in this film.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from wios_assets.naming.options import NamingOptions

LEAST_QUALITY = 0.01
DIFFERENT = 1e4
"""Cost of two tracks that cannot be one person; far beyond any score, so that no mean with it allows a join."""


def tracks_beside(samples: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """The other tracks that share a sample with each track.

    Args:
        samples: samples in which each track is seen.
    """
    tracks_of: dict[int, list[int]] = {}
    for track, own in enumerate(samples):
        for sample in own:
            tracks_of.setdefault(sample, []).append(track)
    return [
        frozenset(other for sample in own for other in tracks_of[sample] if other != track)
        for track, own in enumerate(samples)
    ]


def likeness(
    vectors: NDArray[np.float64],
    quality: NDArray[np.float64],
    means: NDArray[np.float64],
    spread: float,
    beside: Sequence[frozenset[int]],
    options: NamingOptions,
) -> NDArray[np.float32]:
    """How alike tracks are, float32 [tracks, tracks]: standard deviations above the mean of different people.

    A pair's distance is compared with the mean distance of both to other people, as poor pictures look alike whoever
    they show. Faces of one film look more alike as well: that shift is estimated as the mean over faces that share a
    picture, with the usual shift as a prior.

    Args:
        vectors: mean embeddings of the tracks, float64 [tracks, length].
        quality: quality of each track's best chip, float64 [tracks].
        means: each track's mean distance to other people, float64 [tracks].
        spread: standard deviation of a track's distances to other people.
        beside: tracks that share a sample with each.
        options: the usual values.
    """
    tracks = len(vectors)
    if not tracks:
        return np.zeros((0, 0), dtype=np.float32)
    embeddings = vectors.astype(np.float32)
    squares = (embeddings**2).sum(axis=1)
    result = embeddings @ embeddings.T
    result *= -2.0
    result += squares[:, None]
    result += squares[None, :]
    np.maximum(result, 0.0, out=result)
    np.sqrt(result, out=result)
    result *= np.float32(-1.0 / spread)
    clear = options.film_quality * np.log(np.maximum(quality, LEAST_QUALITY) / 0.1)
    own = ((means / spread + clear - options.film_mean) / 2.0).astype(np.float32)
    result += own[:, None]
    result += own[None, :]
    pairs = [(track, other) for track, others in enumerate(beside) for other in others if other < track]
    together = float(sum(result[pair] for pair in pairs))
    shift = (together + options.film_shift * options.film_pairs) / (len(pairs) + options.film_pairs)
    result -= np.float32(shift)
    return np.asarray(result, dtype=np.float32)


def group_tracks(
    alike: NDArray[np.float32],
    beside: Sequence[frozenset[int]],
    different: Iterable[tuple[int, int]],
    options: NamingOptions,
) -> NDArray[np.int64]:
    """The person of the film that each track shows, int64 [tracks], numbered from 0 in the tracks' order.

    Agglomerative clustering by average linkage. Tracks that share a sample never become one person.

    Args:
        alike: as `likeness` gives it.
        beside: tracks that share a sample with each.
        different: further pairs of tracks that are two people.
        options: the limit.
    """
    tracks = len(alike)
    if tracks < 2:
        return np.zeros(tracks, dtype=np.int64)
    costs = -alike
    rows = [track for track, others in enumerate(beside) for _ in others]
    columns = [other for others in beside for other in others]
    costs[rows, columns] = DIFFERENT * tracks
    for one, other in different:
        costs[one, other] = costs[other, one] = DIFFERENT * tracks
    # Linkage wants distances; a shift of all costs leaves the order of joins as it is.
    least = float(costs.min())
    costs -= np.float32(least)
    np.fill_diagonal(costs, 0.0)
    condensed = scipy.spatial.distance.squareform(costs, checks=False)
    hierarchy = scipy.cluster.hierarchy
    clusters = hierarchy.fcluster(hierarchy.linkage(condensed, "average"), -options.same_person - least, "distance")
    numbers: dict[int, int] = {}
    return np.asarray([numbers.setdefault(int(cluster), len(numbers)) for cluster in clusters], dtype=np.int64)


def person_likeness(alike: NDArray[np.float32], person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean likeness of the tracks of each two people of the film, float64 [people, people].

    Args:
        alike: as `likeness` gives it.
        person: as `group_tracks` gives it.
    """
    people = int(person.max()) + 1 if len(person) else 0
    members = scipy.sparse.csr_array((np.ones(len(person), np.float32), (person, np.arange(len(person)))))
    sizes = np.bincount(person, minlength=people).astype(np.float64)
    sums = np.asarray(members @ (members @ alike).T, dtype=np.float64)
    return sums / np.outer(sizes, sizes)
