"""What confident tracks of a film add to the photos: the actor as this role looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.distances import distances
from wios_assets.naming.options import NamingOptions


@dataclass(frozen=True)
class Lessons:
    """What a film's certain tracks say of the others.

    Attributes:
        ratios: log-likelihood ratios with what the vouchers add, float64 [tracks, actors].
        teaches: the actor whom the photos make certain of each track, which may vouch for others, or -1:
            int64 [tracks].
        strangers: tracks that the photos make certain of people outside the cast, bool [tracks].
        voucher: the track that vouches for each track's name, or -1: int64 [tracks].
        actor: the actor vouched for, or -1: int64 [tracks].
        dressed: tracks that are vouched for by their clothing, not by their face: bool [tracks].
    """

    ratios: NDArray[np.float64]
    teaches: NDArray[np.int64]
    strangers: NDArray[np.bool_]
    voucher: NDArray[np.int64]
    actor: NDArray[np.int64]
    dressed: NDArray[np.bool_]


def learn(
    vectors: NDArray[np.float64],
    ratios: NDArray[np.float64],
    photos_only: NDArray[np.float64],
    apart: NDArray[np.float64],
    rescale: float,
    options: NamingOptions,
) -> Lessons:
    """Let tracks that are certain by the photos alone vouch for others.

    Only tracks named by photos vouch, never one that was vouched for, and only for a track that is not far from the
    same actor's photos and that has no nearer voucher for another actor. So whatever a track teaches is at most one
    step away from the photos, and nothing drifts.

    Args:
        vectors: mean embeddings of the tracks, float64 [tracks, length].
        ratios: log-likelihood ratios by photos, float64 [tracks, actors].
        photos_only: probabilities by photos, float64 [tracks, actors + 1].
        apart: scaled distances to the actors' photos, float64 [tracks, actors].
        rescale: factor from the engine's distances to scaled ones.
        options: limits.
    """
    tracks = len(vectors)
    best = photos_only[:, :-1].argmax(axis=1)
    rows = np.arange(tracks)
    certain = (photos_only[rows, best] >= options.teaches) & (apart[rows, best] <= options.farthest)
    teachers = np.flatnonzero(certain)
    voucher = np.full(tracks, -1, dtype=np.int64)
    actor = np.full(tracks, -1, dtype=np.int64)
    taught = ratios.copy()
    if len(teachers):
        between = rescale * distances(vectors, vectors[teachers])
        between[teachers, np.arange(len(teachers))] = np.inf
        nearest = between.argmin(axis=1)
        near = between[rows, nearest]
        whose = best[teachers[nearest]]
        vouched = (near <= options.taught) & (apart[rows, whose] <= options.taught_farthest)
        vouched[teachers] = False
        voucher[vouched], actor[vouched] = teachers[nearest[vouched]], whose[vouched]
        taught[rows[vouched], whose[vouched]] += options.taught_weight * (options.taught - near[vouched])
    strangers = photos_only[:, -1] >= options.certain_unknown
    return Lessons(taught, np.where(certain, best, -1), strangers, voucher, actor, np.zeros(tracks, dtype=bool))
