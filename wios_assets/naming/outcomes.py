"""Outcome of each track, decided for the whole film at once, person by person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wios_assets.naming.assignment import assign
from wios_assets.naming.decided_tracks import TrackDecisions
from wios_assets.naming.evidence import Gallery, Tracks, person_distances
from wios_assets.naming.film_people import group_tracks, likeness, person_likeness, tracks_beside
from wios_assets.naming.likelihood import film_evidence, mean_evidence, photo_evidence, posteriors
from wios_assets.naming.normalisation import ImpostorModel
from wios_assets.naming.options import NamingOptions
from wios_assets.notation import format_clock
from wios_assets.timeline.appearances import is_unknown

NO_DOUBT = 100.0
"""Evidence of a person's decision: so large that nothing else matters."""

CANDIDATES = 3
"""Number of a track's likeliest actors that it may be given: another face on screen may take the first."""

LISTED = 3
"""Names listed for an unnamed track, at the most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """Result of naming for one track.

    Attributes:
        actor: index in the gallery, or -1.
        outcome: named, unknown or weak.
        probability: that it is `actor`; for unknown tracks, that it is nobody of the cast.
        reason: the outcome in a sentence.
        perhaps: the likeliest actors of an unnamed track, indices in the gallery with their probabilities.
        counts: whether the track, if unnamed, gets the number of an unknown person. It does not where another face on
            screen is likelier to be its likeliest actor, as one of the two is mistaken.
    """

    actor: int
    outcome: str
    probability: float
    reason: str
    perhaps: tuple[tuple[int, float], ...] = ()
    counts: bool = True


@dataclass(frozen=True)
class FilmOutcomes:
    """Result of naming for all tracks of a film.

    Attributes:
        outcomes: one for each track.
        person: the person of the film that each track shows, int64 [tracks].
        belief: probabilities of each track, float64 [tracks, actors + 1], the last column for somebody outside the
            cast.
    """

    outcomes: list[Outcome]
    person: NDArray[np.int64]
    belief: Floats


@dataclass(frozen=True)
class _People:
    """The people of a film with the evidence for each actor.

    Attributes:
        tracks: the film's tracks. person: each track's person, int64 [tracks].
        distances: of each track to the actors, float64 [tracks, actors].
        pooled: of each person's mean embedding to the actors, float64 [people, actors].
        posterior: probabilities, float64 [people, actors + 1].
        witness: track of another person of the film that is evidence for the likeliest actor, int64 [people]; or -1.
    """

    tracks: Tracks
    person: NDArray[np.int64]
    distances: Floats
    pooled: Floats
    posterior: Floats
    witness: NDArray[np.int64]


def track_outcomes(
    tracks: Tracks,
    gallery: Gallery,
    others: Gallery,
    impostors: ImpostorModel,
    samples: Sequence[frozenset[int]],
    decided: Mapping[int, TrackDecisions],
    options: NamingOptions,
) -> FilmOutcomes:
    """Outcome of each track: no actor is given to two faces on screen at once.

    Tracks that look alike within the film become its people. The photos' evidence for a person is combined over all of
    its tracks. People whom the photos identify with certainty are then evidence for others that look like them; nobody
    else is, so all evidence is at most one step away from the photos.

    Args:
        tracks: the film's tracks.
        gallery: the cast's photos.
        others: photos of people outside the cast.
        impostors: distribution of faces' distances to people whom they do not show.
        samples: samples in which each track is seen.
        decided: what people have decided about tracks, by their index.
        options: limits.
    """
    if not len(tracks):
        return FilmOutcomes([], np.zeros(0, np.int64), np.zeros((0, len(gallery) + 1)))
    beside = tracks_beside(samples)
    distances = person_distances(tracks.vectors, gallery, options.nearest_photos)
    outside = person_distances(tracks.vectors, others, options.nearest_photos)
    means = impostors.face_means(np.concatenate([distances, outside], axis=1))
    alike = likeness(tracks.vectors, tracks.quality, means, impostors.spread, beside, options)
    person = group_tracks(alike, beside, _decided_apart(decided), options)
    if not len(gallery):
        nobody = Outcome(-1, "unknown", 1.0, "nobody of the cast has a usable photo")
        return FilmOutcomes([nobody] * len(tracks), person, np.ones((len(tracks), 1)))

    members = [np.flatnonzero(person == number) for number in range(int(person.max()) + 1)]
    weights = np.sqrt(np.maximum(tracks.quality, 1e-3) * np.asarray([len(chips) for chips in tracks.chips]))
    vectors = np.stack([np.average(tracks.vectors[own], axis=0, weights=weights[own]) for own in members])
    pooled = person_distances(vectors, gallery, options.nearest_photos)
    pooled_outside = person_distances(vectors, others, options.nearest_photos)
    by_track = photo_evidence(impostors.scores(distances, outside), tracks.quality, options)
    best = np.asarray([tracks.quality[own].max() for own in members])
    by_person = photo_evidence(impostors.scores(pooled, pooled_outside), best, options)
    photos = np.stack(
        [
            mean_evidence(np.vstack([by_person[number], by_track[own]])) if len(own) > 1 else by_person[number]
            for number, own in enumerate(members)
        ]
    )
    photos += _screen_time_evidence(tracks, members, options)[:, None]
    photos = _as_decided(photos, members, gallery, decided)
    sizes = np.asarray([len(own) for own in members], dtype=np.float64)
    first = posteriors(photos, sizes, options)
    evidence, witness = _with_film(photos, first, person_likeness(alike, person), members, person, beside, options)
    posterior = posteriors(_as_decided(evidence, members, gallery, decided), sizes, options)

    people = _People(tracks, person, distances, pooled, posterior, witness)
    belief = posterior[person]
    chosen = assign(_gains(belief), samples)
    certain = _certain(belief[np.arange(len(tracks)), chosen][chosen >= 0], options)
    outcomes = [_outcome(track, int(chosen[track]), people, gallery, certain, options) for track in range(len(tracks))]
    return FilmOutcomes(outcomes, person, belief)


def _decided_apart(decided: Mapping[int, TrackDecisions]) -> list[tuple[int, int]]:
    """Pairs of tracks that decisions make two people: two names, a name and its refusal, a face and no face."""
    return [
        (one, other)
        for one, first in decided.items()
        for other, second in decided.items()
        if one < other
        and (
            first.not_a_face
            or second.not_a_face
            or (first.person is not None and second.person is not None and first.person != second.person)
            or first.person in second.refused
            or second.person in first.refused
        )
    ]


def _as_decided(
    evidence: Floats,
    members: Sequence[NDArray[np.intp]],
    gallery: Gallery,
    decided: Mapping[int, TrackDecisions],
) -> Floats:
    """The evidence with decisions made certain: a decision about a track holds for its person."""
    if not decided:
        return evidence
    index = {name: actor for actor, name in enumerate(gallery.people)}
    evidence = evidence.copy()
    for number, own in enumerate(members):
        decisions = [decided[track] for track in own.tolist() if track in decided]
        for decision in decisions:
            evidence[number, [index[name] for name in decision.refused if name in index]] = -NO_DOUBT
            if decision.not_a_face and len(own) == 1:
                evidence[number] = -NO_DOUBT
        for decision in decisions:
            # That somebody is one of the film's unknown people does not say that nobody of the cast is meant.
            if decision.person is not None and not is_unknown(decision.person):
                evidence[number] = -NO_DOUBT
                if decision.person in index:
                    evidence[number, index[decision.person]] = NO_DOUBT
    return evidence


def _screen_time_evidence(tracks: Tracks, members: Sequence[NDArray[np.intp]], options: NamingOptions) -> Floats:
    """Evidence that a person is one of the cast, by time on screen, float64 [people]; nothing for faces of a photo."""
    seconds = np.asarray([(tracks.end_s[own] - tracks.start_s[own]).sum() for own in members])
    if np.isnan(seconds).any() or not (seconds > 0).any():
        return np.zeros(len(members))
    return options.screen_time * np.log(np.maximum(seconds / max(float(np.median(seconds)), 1e-3), 1.0))


def _with_film(
    photos: Floats,
    first: Floats,
    alike: Floats,
    members: Sequence[NDArray[np.intp]],
    person: NDArray[np.int64],
    beside: Sequence[frozenset[int]],
    options: NamingOptions,
) -> tuple[Floats, NDArray[np.int64]]:
    """Evidence of photos and of people whom the photos identify with certainty, and each person's witness track.

    Such a person is evidence for its actor where another looks like it, and against it where both share a picture.
    """
    people, actors = photos.shape
    best = first[:, :-1].argmax(axis=1)
    certain = first[np.arange(people), best] >= options.teaches
    evidence, witness = photos.copy(), np.full(people, -1, dtype=np.int64)
    teachers = np.flatnonzero(certain)
    if not len(teachers):
        return evidence, witness
    by_likeness = film_evidence(alike[:, teachers], options)
    together = np.zeros((people, people), dtype=bool)
    for track, others in enumerate(beside):
        together[person[track], person[list(others)]] = True
    spoken = np.zeros((people, actors))
    speaker = np.full((people, actors), -1, dtype=np.int64)
    for actor in np.unique(best[teachers]).tolist():
        own = np.flatnonzero(best[teachers] == actor)
        likest = by_likeness[:, own].argmax(axis=1)
        spoken[:, actor] = by_likeness[np.arange(people), own[likest]]
        speaker[:, actor] = teachers[own[likest]]
        evidence[:, actor] += spoken[:, actor] + options.together * together[:, teachers[own]].any(axis=1)
    evidence[certain] = photos[certain]
    likeliest = evidence.argmax(axis=1)
    for number in np.flatnonzero(~certain).tolist():
        if spoken[number, likeliest[number]] > 0:
            witness[number] = members[speaker[number, likeliest[number]]][0]
    return evidence, witness


def _gains(belief: Floats) -> Floats:
    """Log-odds of each track's few likeliest actors against a stranger; the rest cannot be chosen."""
    actors = np.maximum(belief[:, :-1], 1e-12)
    gains = np.log(actors) - np.log(np.maximum(belief[:, -1:], 1e-12))
    if actors.shape[1] > CANDIDATES:
        floor = np.partition(actors, -CANDIDATES, axis=1)[:, -CANDIDATES][:, None]
        gains = np.where(actors >= floor, gains, -1.0)
    return np.asarray(gains)


def _certain(probabilities: Floats, options: NamingOptions) -> float:
    """Least probability for a name, so that among all named tracks no more than `wrong_names` are expected wrong.

    The surest tracks are taken for as long as the mean of their error probabilities stays within the aim: Bayesian
    control of the false discovery rate (Newton et al., Biostatistics 2004). The aim holds over many films; so a few
    tracks are judged as if `sure_names` sure ones stood beside them.
    """
    errors = np.sort(1.0 - probabilities[probabilities >= options.certain])
    within = np.cumsum(errors) <= options.wrong_names * (np.arange(1, len(errors) + 1) + options.sure_names)
    if within.all():
        return options.certain
    first_left_out = errors[int(within.argmin())]
    return float(np.nextafter(1.0 - first_left_out, 2.0))


def _outcome(
    track: int, chosen: int, film_people: _People, gallery: Gallery, certain: float, options: NamingOptions
) -> Outcome:
    number = int(film_people.person[track])
    belief, distances, people = film_people.posterior[number], film_people.distances[track], gallery.people
    likeliest = int(belief.argmax())
    if likeliest < len(people) and chosen != likeliest:
        reason = f"{people[likeliest]} is another face on screen at the same time"
        return Outcome(likeliest, "weak", 0.0, reason, counts=False)
    probability = min(float(belief[chosen]), options.surest)
    if chosen >= 0 and probability >= certain:
        return Outcome(chosen, "named", probability, _evidence_for(track, chosen, film_people, people))
    perhaps = _perhaps(belief, options)
    if not perhaps:
        reason = f"nobody of the cast is near; the nearest is at {distances.min():.2f}"
        return Outcome(-1, "unknown", min(float(belief[-1]), options.surest), reason)
    likeliest, probability = perhaps[0]
    if chosen < 0:
        reason = f"{people[likeliest]} at {distances[likeliest]:.2f} is possible, a stranger is likelier"
        return Outcome(likeliest, "weak", probability, reason, perhaps)
    rest = belief.copy()
    rest[chosen] = 0.0
    rival = int(rest.argmax())
    other = people[rival] if rival < len(people) else "somebody outside the cast"
    reason = f"{_evidence_for(track, chosen, film_people, people)}, but it may be {other}"
    return Outcome(chosen, "weak", probability, reason, perhaps)


def _perhaps(belief: Floats, options: NamingOptions) -> tuple[tuple[int, float], ...]:
    """The likeliest actors with their probabilities; nobody where all are unlikely."""
    order = np.argsort(-belief[:-1], kind="stable")[:LISTED].tolist()
    if belief[order[0]] < options.perhaps:
        return ()
    return tuple(
        (actor, min(float(belief[actor]), options.surest)) for actor in order if belief[actor] >= options.perhaps_listed
    )


def _evidence_for(track: int, actor: int, film_people: _People, people: Sequence[str]) -> str:
    """Evidence for the actor, in words."""
    number = int(film_people.person[track])
    own, pooled = film_people.distances[track, actor], film_people.pooled[number, actor]
    others = int((film_people.person == number).sum()) - 1
    words = f"{people[actor]} at {own:.2f} from the nearest photos"
    if others:
        likest = int(film_people.distances[film_people.person == number, actor].argmin())
        nearest = int(np.flatnonzero(film_people.person == number)[likest])
        closest = min(float(pooled), float(film_people.distances[nearest, actor]))
        if closest < own - 0.01:
            at = f"{_called(film_people.tracks, nearest)} at {film_people.distances[nearest, actor]:.2f}"
            words += f"; {others} other tracks of the film show the same person" if others > 1 else ""
            words += f", {at}" if others > 1 else f"; the same person as {at}"
    witness = int(film_people.witness[number])
    if witness >= 0:
        words += f", and {_called(film_people.tracks, witness)}, which the photos name, is like it"
    return words


def _called(tracks: Tracks, index: int) -> str:
    """A track's number, with its start where it belongs to a film."""
    start_s = float(tracks.start_s[index])
    return f"track {tracks.numbers[index]}" + ("" if math.isnan(start_s) else f" at {format_clock(int(start_s))}")
