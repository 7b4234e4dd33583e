"""Which name a track is given: an actor's, an unknown person's, or none where the evidence is weak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.naming.belief import log_ratios, posteriors, stated
from wios_assets.naming.evidence import Gallery, Tracks, nearest_photos, person_distances
from wios_assets.naming.exclusion import assign
from wios_assets.naming.film_teaching import Lessons, learn
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.recurring import recurring_people
from wios_assets.naming.scale import FAMILIAR_ENGINES, Scale, scale_from_pairs
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.frames import table_frame

UNKNOWN = "unknown:"
CANDIDATES = 3
"""Actors that a track may still be given when another face on screen has the better claim to the first."""

HIDDEN_ACTOR = "{name} is another face on screen at the same time"


@dataclass(frozen=True)
class _Claim:
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
        numbers: track numbers, int64 [tracks].
        certain: probability from which on this film's tracks are named.
    """

    gallery: Gallery
    apart: NDArray[np.float64]
    scaled: NDArray[np.float64]
    belief: NDArray[np.float64]
    lessons: Lessons
    numbers: NDArray[np.int64]
    certain: float


def name_tracks(
    tracks: pd.DataFrame,
    faces: pd.DataFrame,
    face_embeddings: pd.DataFrame,
    gallery_embeddings: pd.DataFrame,
    cast: pd.DataFrame,
    options: NamingOptions,
    cohort: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Names of a film's tracks.

    A track's mean embedding is compared with the photos of every cast member; the distances become probabilities
    (`belief`); tracks that the photos make certain vouch for others (`film_teaching`); no actor is given two faces of
    one sample (`exclusion`); unnamed people are grouped (`recurring`). Names are given from the probability on at
    which the film's share of wrong ones, by their own probabilities, stays within `options.wrong_names`.

    Args:
        tracks: rows of `tables.FACE_TRACKS`.
        faces: rows of `tables.FACES`.
        face_embeddings: rows of `tables.FACE_EMBEDDINGS`; `chip` is not needed.
        gallery_embeddings: rows of `tables.GALLERY_EMBEDDINGS`: the cast's usable photos.
        cast: rows of `tables.CAST`; people outside it are never named.
        options: limits.
        cohort: rows of `tables.GALLERY_EMBEDDINGS` of people who are not in this film, such as the casts of others;
            they sharpen the limits and are never named. Rows of people of the cast are left out.

    Returns:
        Data frame with the columns of `tables.TRACK_NAMES` without `film`, a row for each track, in their order.
        `probability` of a weak row is that of its likeliest actor, given in `nearest` or in the reason.

    Raises:
        WiosError: embeddings of more than one model were given.
    """
    gallery = Gallery.of(gallery_embeddings, list(dict.fromkeys(cast.sort_values("billing", kind="stable")["actor"])))
    known = Tracks.of(tracks, face_embeddings)
    if len(known) and len(gallery) and known.model_hash != gallery.model_hash:
        raise WiosError(
            f"embeddings of the film ({known.model_hash}) and of the galleries ({gallery.model_hash}) come from "
            "different models; materialise the galleries or the faces again"
        )
    others = Gallery.of(_outside(cohort, cast, gallery_embeddings, gallery.model_hash))
    samples = _samples(tracks, faces)
    seen = [samples[row] for row in known.rows.tolist()]
    apart = person_distances(known.vectors, gallery, options.nearest_photos)
    scale = _scale(gallery, others, gallery_embeddings, options)
    claims = _claims(known, gallery, others, apart, scale, seen, options)
    unknown = [place for place, claim in enumerate(claims) if claim.decision == "unknown"]
    limit = options.same_person / (scale.factor if scale else 1.0)
    people = recurring_people(known.vectors[unknown], [seen[place] for place in unknown], limit)
    called = {place: f"{UNKNOWN}{number + 1}" for place, number in zip(unknown, people.tolist(), strict=True)}

    place_of = {row: place for place, row in enumerate(known.rows.tolist())}
    rows = []
    for row, track in enumerate(tracks["track"].tolist()):
        place = place_of.get(row)
        if place is None:
            rows.append(_without_evidence(int(track)))
            continue
        claim = claims[place]
        rows.append(
            {
                "track": int(track),
                "actor": gallery.people[claim.actor] if claim.decision == "named" else called.get(place),
                "decision": claim.decision,
                "probability": claim.probability,
                **_evidence(known.vectors[place], apart[place], gallery, claim, options),
                "reason": claim.reason,
                "model_hash": known.model_hash,
            }
        )
    return table_frame(rows, TRACK_NAMES)


def _outside(
    cohort: pd.DataFrame | None, cast: pd.DataFrame, gallery_embeddings: pd.DataFrame, model_hash: str
) -> pd.DataFrame | None:
    """The cohort without people of the cast, by name, nconst or photo, each photo once, of the same model only."""
    if cohort is None or not len(cohort):
        return None
    inside = (
        cohort["actor"].isin(cast["actor"])
        | cohort["nconst"].isin(cast["nconst"].dropna())
        | cohort["photo_hash"].isin(gallery_embeddings["photo_hash"])
    )
    left = cohort[~cohort["actor"].isin(cohort.loc[inside, "actor"]) & (cohort["model_hash"] == model_hash)]
    return left.drop_duplicates(["actor", "photo_hash"])


def _samples(tracks: pd.DataFrame, faces: pd.DataFrame) -> list[frozenset[int]]:
    sample_of = dict(zip(faces["face"].tolist(), faces["sample"].tolist(), strict=True))
    return [frozenset(sample_of[face] for face in own) for own in tracks["faces"]]


def _scale(gallery: Gallery, others: Gallery, gallery_embeddings: pd.DataFrame, options: NamingOptions) -> Scale | None:
    if not len(gallery):
        return None
    vectors = np.concatenate([gallery.vectors, others.vectors]) if len(others) else gallery.vectors
    owner = np.concatenate([gallery.owner, others.owner + len(gallery)])
    familiar = set(gallery_embeddings["engine"]) <= FAMILIAR_ENGINES
    return scale_from_pairs(vectors, owner, familiar, options)


def _claims(
    known: Tracks,
    gallery: Gallery,
    others: Gallery,
    apart: NDArray[np.float64],
    scale: Scale | None,
    seen: Sequence[frozenset[int]],
    options: NamingOptions,
) -> list[_Claim]:
    """What each track is: the actor with the best claim that no other face on screen has a better claim to."""
    if not len(gallery):
        return [_Claim(-1, "unknown", 1.0, "nobody of the cast has a usable photo") for _ in range(len(known))]
    if scale is None:
        reason = "too few photos to know what this engine's distances mean"
        return [_Claim(int(row.argmin()), "weak", 0.0, reason) for row in apart]
    if not len(known):
        return []
    scaled = scale(apart)
    strangers = scale(person_distances(known.vectors, others, options.nearest_photos))
    ratios = log_ratios(scaled, strangers, options)
    photos_only, _ = posteriors(ratios, options)
    lessons = learn(known.vectors, ratios, photos_only, scaled, scale.factor, options)
    belief, _ = posteriors(lessons.ratios, options)
    chosen = assign(_gains(belief), seen)
    certain = _certain(belief[np.arange(len(belief)), chosen][chosen >= 0], options)
    case = _Case(gallery, apart, scaled, belief, lessons, known.numbers, certain)
    return [_decide(place, int(chosen[place]), case, options) for place in range(len(known))]


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
    control of the false discovery rate (Newton et al., Biostatistics 2004).
    """
    errors = np.sort(1.0 - probabilities[probabilities >= options.certain])
    within = np.cumsum(errors) <= options.wrong_names * np.arange(1, len(errors) + 1)
    if within.all():
        return options.certain
    return float(1.0 - errors[: int(within.argmin())].max(initial=options.wrong_names))


def _decide(place: int, chosen: int, case: _Case, options: NamingOptions) -> _Claim:
    belief, apart, people = case.belief[place], case.apart[place], case.gallery.people
    likeliest = int(belief.argmax())
    if likeliest < len(people) and chosen != likeliest:
        return _Claim(likeliest, "weak", 0.0, HIDDEN_ACTOR.format(name=people[likeliest]))
    if chosen < 0:
        probability, nearest = stated(belief[-1], options), int(apart.argmin())
        if probability >= options.certain_unknown:
            return _Claim(
                -1, "unknown", probability, f"nobody of the cast is near; the nearest is at {apart[nearest]:.2f}"
            )
        likeliest = int(belief[:-1].argmax())
        return _Claim(
            likeliest,
            "weak",
            stated(belief[likeliest], options),
            f"{people[likeliest]} at {apart[likeliest]:.2f} is possible, a stranger is likelier",
        )
    name, probability = people[chosen], stated(belief[chosen], options)
    where = f"{name} at {apart[chosen]:.2f}"
    vouched = case.lessons.actor[place] == chosen
    if vouched:
        where += f", and track {case.numbers[case.lessons.voucher[place]]}, which the photos name, is like it"
    if probability < case.certain:
        rest = belief.copy()
        rest[chosen] = 0.0
        rival = int(rest.argmax())
        other = people[rival] if rival < len(people) else "somebody outside the cast"
        return _Claim(chosen, "weak", probability, f"{where}, but it may be {other}")
    if case.scaled[place, chosen] > (options.taught_farthest if vouched else options.farthest):
        return _Claim(chosen, "weak", probability, f"{where} is too far for a name")
    return _Claim(chosen, "named", probability, f"{where} from the nearest photos" if not vouched else where)


def _evidence(
    vector: NDArray[np.float64], apart: NDArray[np.float64], gallery: Gallery, claim: _Claim, options: NamingOptions
) -> dict[str, Any]:
    """The claim's actor (else the nearest) with its distance, the next actor, and the photos that matched."""
    if not len(gallery):
        return {"nearest": None, "distance": None, "runner_up": None, "runner_up_distance": None, "photos": []}
    order = np.argsort(apart, kind="stable").tolist()
    first = claim.actor if claim.actor >= 0 else order[0]
    second = next((actor for actor in order if actor != first), None)
    return {
        "nearest": gallery.people[first],
        "distance": float(apart[first]),
        "runner_up": None if second is None else gallery.people[second],
        "runner_up_distance": None if second is None else float(apart[second]),
        "photos": nearest_photos(vector, gallery, first, options.nearest_photos),
    }


def _without_evidence(track: int) -> dict[str, Any]:
    return {
        "track": track,
        "actor": None,
        "decision": "weak",
        "probability": 0.0,
        "nearest": None,
        "distance": None,
        "runner_up": None,
        "runner_up_distance": None,
        "photos": [],
        "reason": "no face of it was good enough for an embedding",
        "model_hash": None,
    }
