"""What confident tracks of a film add to the photos: the actor as this role looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.metric import distances
from wios_assets.naming.options import NamingOptions


def taught_ratios(
    vectors: NDArray[np.float64],
    ratios: NDArray[np.float64],
    photos_only: NDArray[np.float64],
    apart: NDArray[np.float64],
    options: NamingOptions,
) -> NDArray[np.float64]:
    """Log-likelihood ratios after tracks that are certain by the photos alone have vouched for others.

    Only tracks named by photos vouch, never one that was vouched for, and only for a track that is not far from the
    same actor's photos and nearer to this voucher than to any other actor's: so nothing drifts from film to film or
    from track to track.

    Args:
        vectors: mean embeddings of the tracks, float64 [tracks, length].
        ratios: log-likelihood ratios by photos, float64 [tracks, actors].
        photos_only: probabilities by photos, float64 [tracks, actors + 1].
        apart: distances to the actors' photos, float64 [tracks, actors].
        options: limits.
    """
    actors = ratios.shape[1]
    best = photos_only[:, :-1].argmax(axis=1)
    teaches = photos_only[np.arange(len(best)), best] >= options.teaches
    if not teaches.any():
        return ratios
    between = distances(vectors, vectors)
    np.fill_diagonal(between, np.inf)
    nearest = np.full((len(vectors), actors), np.inf)
    for actor in range(actors):
        own = np.flatnonzero(teaches & (best == actor))
        if len(own):
            nearest[:, actor] = between[:, own].min(axis=1)
    gain = options.slope * np.maximum(options.taught - nearest, 0.0)
    gain[(apart > options.taught_farthest) | (nearest > nearest.min(axis=1, keepdims=True))] = 0.0
    return ratios + gain
