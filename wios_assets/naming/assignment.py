"""Assigns actors to tracks so that no actor has two faces on screen at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray


def assign(gains: NDArray[np.float64], samples: Sequence[frozenset[int]]) -> NDArray[np.int64]:
    """The actor of each track, or -1: no actor is twice in one sample, and the sum of gains is the largest possible.

    Tracks that share a sample and could have the same actor are assigned by an integer programme, solved exactly
    (HiGHS); every other track takes its best actor.

    Args:
        gains: gain of naming each track as each actor, float64 [tracks, actors]; only pairs with a positive gain are
            chosen.
        samples: samples in which each track is seen.
    """
    tracks, actors = gains.shape
    best = gains.argmax(axis=1) if actors else np.zeros(tracks, dtype=np.int64)
    chosen = np.where(gains.max(axis=1, initial=0.0) > 0, best, -1)
    wants: dict[tuple[int, int], list[int]] = {}
    for track in range(tracks):
        for wish in np.flatnonzero(gains[track] > 0).tolist():
            for sample in samples[track]:
                wants.setdefault((sample, wish), []).append(track)
    limits = {(*group, actor) for (_, actor), group in wants.items() if len(group) > 1}
    involved = sorted({track for limit in limits for track in limit[:-1]})
    if not involved:
        return chosen.astype(np.int64)
    wanted = {track: np.flatnonzero(gains[track] > 0).tolist() for track in involved}
    pairs = [(track, actor) for track in involved for actor in wanted[track]]
    column = {pair: index for index, pair in enumerate(pairs)}
    groups = [[column[track, actor] for actor in wanted[track]] for track in involved]
    groups += [[column[track, limit[-1]] for track in limit[:-1]] for limit in sorted(limits)]
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    columns = np.concatenate([np.asarray(group, dtype=np.int64) for group in groups])
    matrix = scipy.sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(groups), len(pairs))).tocsr()
    solved = scipy.optimize.milp(
        c=-np.asarray([gains[pair] for pair in pairs]),
        constraints=scipy.optimize.LinearConstraint(matrix, -np.inf, 1.0),
        integrality=np.ones(len(pairs)),
        bounds=scipy.optimize.Bounds(0.0, 1.0),
    )
    chosen[involved] = -1
    for (track, actor), taken in zip(pairs, solved.x, strict=True):
        if taken > 0.5:
            chosen[track] = actor
    return chosen.astype(np.int64)
