"""Probabilities that each person of the film is each actor, or somebody outside the cast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.options import NamingOptions

ROUNDS = 25

LEAST_QUALITY = 1e-6

Floats = NDArray[np.float64]


def photo_evidence(scores: Floats, quality: Floats, options: NamingOptions) -> Floats:
    """Log-likelihood ratios of each actor against a stranger, float64 [faces, actors].

    Strangers' scores fall off exponentially beyond two standard deviations, the actors' own are spread over a wide
    range; so the ratio's logarithm is a straight line in the score. That holds for faces that can be recognised. A face
    of quality q can be with probability q / (q + `recognisable`); otherwise it is as far from its actor as from anybody
    else, and its score says nothing. So evidence for an actor is that of the mixture. Evidence against is left as it
    is: most tiny faces are strangers', and their share of the film is estimated from it (`posteriors`).

    Args:
        scores: as `ImpostorModel.scores` gives them, float64 [faces, actors].
        quality: quality of each face, 0 to 1, float64 [faces].
        options: the line and its bounds.
    """
    level = options.photo_level + options.photo_quality * quality[:, None]
    ratio = np.clip(options.photo_slope * (scores - level), options.photo_least, options.photo_most)
    clear = np.maximum(quality, LEAST_QUALITY)[:, None]
    share = clear / (clear + options.recognisable)
    return np.asarray(np.minimum(ratio, np.log((1.0 - share) + share * np.exp(ratio))))


def film_evidence(alike: Floats, options: NamingOptions) -> Floats:
    """Log-likelihood ratios that two people of the film are the same, from the likeness of their tracks.

    No ratio is below 0: low likeness is no evidence, as one person looks different from another side or in other light.
    """
    return np.clip(options.film_slope * (alike - options.film_level), 0.0, options.film_most)


def mean_evidence(evidence: Floats) -> Floats:
    """Evidence of several looks at one person combined: float64 [actors], from float64 [looks, actors].

    The likelihood ratios are averaged: one good look decides, at the price of the number of looks, and looks that
    share a mistake are not counted twice. The mean of e-values is one, however they depend on each other (Vovk and
    Wang, E-values: calibration, combination and applications, Annals of Statistics 2021).
    """
    most = evidence.max(axis=0)
    return np.asarray(most + np.log(np.exp(evidence - most).mean(axis=0)))


def posteriors(evidence: Floats, tracks: Floats, options: NamingOptions) -> Floats:
    """Probabilities float64 [people, actors + 1], the last column for a person outside the cast.

    The prior probability of each actor and of strangers is their share of the film's tracks. It is estimated from the
    film (expectation-maximisation), with the expected shares counted as `strangers_tracks` further tracks; actors'
    shares are drawn towards their mean. In a film where nobody resembles the cast, more evidence is needed for a name.

    Args:
        evidence: log-likelihood ratios against a stranger, float64 [people, actors].
        tracks: tracks of each person, float64 [people].
        options: expected shares.
    """
    people, actors = evidence.shape
    if not actors:
        return np.ones((people, 1))
    expected = np.append(np.full(actors, (1.0 - options.strangers) / actors), options.strangers)
    full = np.concatenate([evidence, np.zeros((people, 1))], axis=1)
    shares = expected
    result = np.zeros_like(full)
    for _ in range(ROUNDS):
        logits = full + np.log(shares)
        result = np.exp(logits - logits.max(axis=1, keepdims=True))
        result /= result.sum(axis=1, keepdims=True)
        seen = tracks @ result + options.strangers_tracks * expected
        updated = seen / seen.sum()
        updated[:-1] = options.own_share * updated[:-1] + (1.0 - options.own_share) * updated[:-1].mean()
        moved = float(np.abs(updated - shares).max())
        shares = updated
        if moved < 1e-6:
            break
    return result
