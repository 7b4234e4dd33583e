"""How likely each actor, or somebody outside the cast, is on each track, given the distances.

A track's distance to its own actor may be anything up to a level and seldom lies beyond it; to a stranger it seldom
lies under another level. Both tails are Gaussian, and the second level follows the track: a picture that is near to
everybody, as blurred ones are, must come nearer still. Bayes' rule over the whole cast and a stranger turns the ratio
of the two densities into probabilities: the limit tightens with the size of the cast, and a close runner-up takes its
share.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from wios_assets.naming.options import NamingOptions

ROUNDS = 25


def log_ratios(actors: NDArray[np.float64], others: NDArray[np.float64], options: NamingOptions) -> NDArray[np.float64]:
    """Log-likelihood ratios of each actor against a stranger, float64 [tracks, actors].

    Args:
        actors: distances to the actors' photos, float64 [tracks, actors].
        others: distances to the photos of people outside the cast, float64 [tracks, people]; there may be none.
        options: the two densities.
    """
    # What a track's distances to people it is not look like: everybody but the actor in question.
    totals = actors.sum(axis=1, keepdims=True) - actors + others.sum(axis=1, keepdims=True)
    people = actors.shape[1] - 1 + others.shape[1]
    mean = (totals + options.typical * options.typical_people) / (people + options.typical_people)
    strange = options.strange + options.follows * (mean - options.typical)
    own = -0.5 * (np.maximum(actors - options.own, 0.0) / options.own_spread) ** 2 - np.log(options.own_spread)
    below = np.maximum(strange - actors, 0.0) / options.strange_spread
    # Linear from `strange_reach` on: no small margin decides between two actors who are both near.
    reach = np.minimum(below, options.strange_reach)
    other = -0.5 * reach**2 - options.strange_reach * (below - reach) - np.log(options.strange_spread)
    return own - other


def posteriors(ratios: NDArray[np.float64], options: NamingOptions) -> tuple[NDArray[np.float64], float]:
    """Probabilities float64 [tracks, actors + 1], the last column for a stranger, and the film's share of strangers.

    The share is the film's own (expectation-maximisation), held to the expected one as if `strangers_tracks` tracks
    had been seen before: in a film where nobody resembles the cast the limit tightens.
    """
    tracks, actors = ratios.shape
    share = options.strangers
    result = np.ones((tracks, actors + 1))
    for _ in range(ROUNDS):
        logits = np.concatenate(
            [ratios + np.log((1.0 - share) / max(actors, 1)), np.full((tracks, 1), np.log(share))], axis=1
        )
        result = np.exp(logits - scipy.special.logsumexp(logits, axis=1, keepdims=True))
        seen = float(result[:, -1].sum())
        updated = (seen + options.strangers * options.strangers_tracks) / (tracks + options.strangers_tracks)
        if abs(updated - share) < 1e-6:
            break
        share = updated
    return result, share


def stated(probability: float, options: NamingOptions) -> float:
    """A probability as it is stated: never surer than `options.surest`."""
    return float(min(probability, options.surest))
