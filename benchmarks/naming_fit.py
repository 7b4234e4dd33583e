"""How the levels of naming are fitted: the probability that they give to what is truly on screen.

Nobody has said which track is whose, only who is on screen when. So a track counts as right with all the probability
that its rows give to people who are visible during it, strangers included (learning from partial labels). Photos of
one known person, and of strangers, count like tracks of a film of their own. Every film counts a second time with
casts drawn at random, whose missing half are strangers that look like somebody: levels fitted to full casts alone
never meet one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from wios_assets.naming.likelihood import log_ratios, posteriors
from wios_assets.naming.options import NamingOptions

FITTED = ("own", "own_spread", "strange", "strange_spread", "follows")
STEPS = (0.02, 0.006, 0.015, 0.006, 0.1)
LEAST_SPREAD = 0.015
ROUNDS = 250
FLOOR = 1e-3
"""Least probability that a track can give to the truth: two people joined in one track by mistake fit no levels."""


@dataclass(frozen=True)
class Case:
    """Tracks of a film, or faces of photos, with what is known of them.

    Attributes:
        apart: scaled distances to the cast, float64 [tracks, actors].
        possible: who each may truly be, bool [tracks, actors + 1], the last column for a stranger.
        weight: what each track counts for.
    """

    apart: NDArray[np.float64]
    possible: NDArray[np.bool_]
    weight: float = 1.0


def loss(cases: Sequence[Case], options: NamingOptions) -> float:
    """Negative log-likelihood of the truth, summed over tracks; a track that may be anybody says nothing."""
    total = 0.0
    for case in cases:
        if not len(case.apart):
            continue
        ratios = log_ratios(case.apart, np.zeros((len(case.apart), 0)), options)
        belief, _ = posteriors(ratios, options)
        right = (belief * case.possible).sum(axis=1)
        total -= case.weight * float(np.log(np.maximum(right, FLOOR)).sum())
    return total


def fitted(cases: Sequence[Case], start: NamingOptions) -> NamingOptions:
    """The levels of least loss, from those of `start` on (Nelder and Mead)."""
    first = np.asarray([getattr(start, name) for name in FITTED])

    def with_levels(levels: NDArray[np.float64]) -> NamingOptions:
        return replace(start, **dict(zip(FITTED, levels.tolist(), strict=True)))

    def of_levels(levels: NDArray[np.float64]) -> float:
        if min(levels[1], levels[3]) < LEAST_SPREAD:
            return 1e9
        return loss(cases, with_levels(levels))

    simplex = np.vstack([first, *(first + step for step in np.diag(STEPS))])
    found = minimize(
        of_levels,
        first,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": ROUNDS, "xatol": 1e-3, "fatol": 1e-2},
    )
    return with_levels(found.x)


def fitted_without(cases: Mapping[str, Sequence[Case]], start: NamingOptions) -> dict[str, NamingOptions]:
    """For each film, or the photos, the levels fitted to all the others."""
    return {
        left_out: fitted([case for name, own in cases.items() if name != left_out for case in own], start)
        for left_out in cases
    }
