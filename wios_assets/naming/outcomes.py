"""Whose face each track is, as far as its evidence carries: the decision behind a name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.assignment import assign
from wios_assets.naming.clothing_evidence import Clothing, learn_by_clothing
from wios_assets.naming.decided_tracks import TrackDecisions
from wios_assets.naming.evidence import Gallery, Tracks, person_distances
from wios_assets.naming.film_evidence import Lessons, learn
from wios_assets.naming.likelihood import log_ratios, posteriors, stated
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.scale import Scale
from wios_assets.timeline.clock import format_clock

NO_DOUBT = 100.0
"""Log-odds of what a person has decided."""

CANDIDATES = 3
"""Actors that a track may still be given when another face on screen has the better claim to the first."""


@dataclass(frozen=True)
class Claim:
    """What was found for one track with an embedding; `actor` is a place in the gallery, or -1."""

    actor: int
    decision: str
    probability: float
    reason: str


@dataclass(frozen=True)
class _Case:
    """Everything that speaks for and against each track's names.

    Attributes:
        gallery: the cast's photos.
        apart: distances to the actors, float64 [tracks, actors].
        scaled: the same on the scale of the levels.
        belief: probabilities, float64 [tracks, actors + 1].
        lessons: who vouches for whom.
        tracks: the tracks.
        certain: probability from which on this film's tracks are named.
    """

    gallery: Gallery
    apart: NDArray[np.float64]
    scaled: NDArray[np.float64]
    belief: NDArray[np.float64]
    lessons: Lessons
    tracks: Tracks
    certain: float


def claims(
    known: Tracks,
    gallery: Gallery,
    others: Gallery,
    scale: Scale,
    seen: Sequence[frozenset[int]],
    decided: Mapping[int, TrackDecisions],
    options: NamingOptions,
    worn: Clothing | None = None,
) -> list[Claim]:
    """What each track is: the actor with the best claim that no other face on screen has a better claim to.

    Args:
        known: the tracks.
        gallery: the cast's photos.
        others: photos of people outside the cast.
        scale: what distances mean.
        seen: samples in which each track is seen.
        decided: what people have decided.
        options: limits.
        worn: clothing of the tracks; None where there is none to go by, as on a photo.
    """
    if not len(known):
        return []
    if not len(gallery):
        return [Claim(-1, "unknown", 1.0, "nobody of the cast has a usable photo") for _ in range(len(known))]
    apart = person_distances(known.vectors, gallery, options.nearest_photos)
    scaled = scale(apart)
    strangers = scale(person_distances(known.vectors, others, options.nearest_photos))
    ratios = _as_decided(log_ratios(scaled, strangers, options), gallery, decided)
    photos_only, _ = posteriors(ratios, options)
    lessons = learn(known.vectors, ratios, photos_only, scaled, scale.factor, options)
    if worn is not None:
        lessons = learn_by_clothing(lessons, known, worn, seen, scaled, options)
    belief, _ = posteriors(_as_decided(lessons.ratios, gallery, decided), options)
    chosen = assign(_gains(belief), seen)
    certain = _certain(belief[np.arange(len(belief)), chosen][chosen >= 0], options)
    case = _Case(gallery, apart, scaled, belief, lessons, known, certain)
    return [_decide(place, int(chosen[place]), case, options) for place in range(len(known))]


def _as_decided(
    ratios: NDArray[np.float64], gallery: Gallery, decided: Mapping[int, TrackDecisions]
) -> NDArray[np.float64]:
    """Log-likelihood ratios that leave no doubt where people have decided."""
    place_of = {person: place for place, person in enumerate(gallery.people)}
    ratios = ratios.copy()
    for track, own in decided.items():
        ratios[track, [place_of[person] for person in own.refused if person in place_of]] = -NO_DOUBT
        if own.not_a_face or own.person is not None:
            ratios[track] = -NO_DOUBT
        if own.person in place_of:
            ratios[track, place_of[own.person]] = NO_DOUBT
    return ratios


def _gains(belief: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of each track's few best actors against a stranger; the rest cannot be chosen."""
    actors = np.maximum(belief[:, :-1], 1e-12)
    gains = np.log(actors) - np.log(np.maximum(belief[:, -1:], 1e-12))
    if actors.shape[1] > CANDIDATES:
        floor = np.partition(actors, -CANDIDATES, axis=1)[:, -CANDIDATES][:, None]
        gains = np.where(actors >= floor, gains, -1.0)
    return gains


def _certain(probabilities: NDArray[np.float64], options: NamingOptions) -> float:
    """Least probability for a name, so that among all named tracks no more than `wrong_names` are expected wrong.

    The surest tracks are taken up for as long as the mean of their error probabilities stays within the aim: Bayesian
    control of the false discovery rate (Newton et al., Biostatistics 2004). The aim holds over many films; so a few
    tracks are judged as if `sure_names` sure ones stood beside them.
    """
    errors = np.sort(1.0 - probabilities[probabilities >= options.certain])
    within = np.cumsum(errors) <= options.wrong_names * (np.arange(1, len(errors) + 1) + options.sure_names)
    if within.all():
        return options.certain
    first_left_out = errors[int(within.argmin())]
    return float(np.nextafter(1.0 - first_left_out, 2.0))


def _decide(place: int, chosen: int, case: _Case, options: NamingOptions) -> Claim:
    belief, apart, people = case.belief[place], case.apart[place], case.gallery.people
    likeliest = int(belief.argmax())
    if likeliest < len(people) and chosen != likeliest:
        return Claim(likeliest, "weak", 0.0, f"{people[likeliest]} is another face on screen at the same time")
    if chosen < 0:
        probability, nearest = stated(belief[-1], options), int(apart.argmin())
        if probability >= options.certain_unknown:
            return Claim(
                -1, "unknown", probability, f"nobody of the cast is near; the nearest is at {apart[nearest]:.2f}"
            )
        likeliest = int(belief[:-1].argmax())
        return Claim(
            likeliest,
            "weak",
            stated(belief[likeliest], options),
            f"{people[likeliest]} at {apart[likeliest]:.2f} is possible, a stranger is likelier",
        )
    name, probability = people[chosen], stated(belief[chosen], options)
    where = f"{name} at {apart[chosen]:.2f}"
    vouched, farthest = case.lessons.actor[place] == chosen, options.farthest
    if vouched:
        dressed = case.lessons.dressed[place]
        like = "of the same scene is dressed alike" if dressed else "is like it"
        where += f", and {_called(case.tracks, int(case.lessons.voucher[place]))}, which the photos name, {like}"
        farthest = options.dressed_farthest if dressed else options.taught_farthest
    if belief[chosen] < case.certain:
        rest = belief.copy()
        rest[chosen] = 0.0
        rival = int(rest.argmax())
        other = people[rival] if rival < len(people) else "somebody outside the cast"
        return Claim(chosen, "weak", probability, f"{where}, but it may be {other}")
    if case.scaled[place, chosen] > farthest:
        return Claim(chosen, "weak", probability, f"{where} is too far for a name")
    return Claim(chosen, "named", probability, f"{where} from the nearest photos" if not vouched else where)


def _called(tracks: Tracks, place: int) -> str:
    """A track's number, with its first second where it is of a film."""
    start_s = float(tracks.start_s[place])
    return f"track {tracks.numbers[place]}" + ("" if math.isnan(start_s) else f" at {format_clock(int(start_s))}")
