"""Which unnamed tracks show the same unknown person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from wios_assets.naming.distances import distances

APART = 1e6


def recurring_people(
    vectors: NDArray[np.float64], samples: Sequence[frozenset[int]], limit: float
) -> NDArray[np.int64]:
    """A person's number, from 0 in order of the tracks, for each track.

    Agglomerative clustering by average linkage; two tracks that share a sample never end in one cluster.

    Args:
        vectors: mean embeddings of the tracks, float64 [tracks, length], in order of time.
        samples: samples in which each track is seen.
        limit: mean distance up to which two clusters are one person.
    """
    if len(vectors) < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    apart = distances(vectors, vectors)
    seen: dict[int, list[int]] = {}
    for track, own in enumerate(samples):
        for sample in own:
            seen.setdefault(sample, []).append(track)
    for together in seen.values():
        apart[np.ix_(together, together)] = APART
    np.fill_diagonal(apart, 0.0)
    hierarchy, pairs = scipy.cluster.hierarchy, scipy.spatial.distance.squareform(apart, checks=False)
    found = hierarchy.fcluster(hierarchy.linkage(pairs, "average"), limit, criterion="distance")
    numbers: dict[int, int] = {}
    return np.asarray([numbers.setdefault(int(cluster), len(numbers)) for cluster in found], dtype=np.int64)
