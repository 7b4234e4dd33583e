"""Which name a track is given: an actor's, an unknown person's, or none where the evidence is weak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.naming.belief import log_ratios, posteriors
from wios_assets.naming.evidence import Gallery, Tracks, nearest_photos, person_distances
from wios_assets.naming.exclusion import assign
from wios_assets.naming.film_teaching import taught_ratios
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.recurring import recurring_people
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.frames import table_frame

UNKNOWN = "unknown:"
CANDIDATES = 3
"""Actors that a track may still be given when another face on screen has the better claim to the first."""


@dataclass(frozen=True)
class _Claim:
    """What was found for one track with an embedding."""

    actor: int
    decision: str
    probability: float
    reason: str


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

    Raises:
        WiosError: embeddings of more than one model were given.
    """
    actors = list(dict.fromkeys(cast.sort_values("billing", kind="stable")["actor"]))
    gallery = Gallery.of(gallery_embeddings, actors)
    known = Tracks.of(tracks, face_embeddings)
    others = Gallery.of(_outside(cohort, cast, gallery_embeddings))
    if others.model_hash != gallery.model_hash:
        others = Gallery.of(None)
    if len(known) and len(gallery) and known.model_hash != gallery.model_hash:
        raise WiosError(
            f"embeddings of the film ({known.model_hash}) and of the galleries ({gallery.model_hash}) come from "
            "different models; materialise the galleries or the faces again"
        )
    samples = _samples(tracks, faces)
    seen = [samples[row] for row in known.rows.tolist()]
    apart = person_distances(known.vectors, gallery, options.nearest_photos)
    claims = _claims(known, gallery, others, apart, seen, options)
    unknown = [place for place, claim in enumerate(claims) if claim.decision == "unknown"]
    people = recurring_people(known.vectors[unknown], [seen[place] for place in unknown], options.same_person)
    called = {place: f"{UNKNOWN}{number + 1}" for place, number in zip(unknown, people.tolist(), strict=True)}

    place_of = {row: place for place, row in enumerate(known.rows.tolist())}
    rows = []
    for row, track in enumerate(tracks["track"].tolist()):
        place = place_of.get(row)
        if place is None:
            rows.append(_without_evidence(int(track)))
            continue
        claim = claims[place]
        name = gallery.people[claim.actor] if claim.decision == "named" else called.get(place)
        evidence = _evidence(known.vectors[place], apart[place], gallery, claim, options)
        rows.append(
            {
                "track": int(track),
                "actor": name,
                "decision": claim.decision,
                "probability": claim.probability,
                **evidence,
                "reason": claim.reason,
                "model_hash": known.model_hash,
            }
        )
    return table_frame(rows, TRACK_NAMES)


def _outside(cohort: pd.DataFrame | None, cast: pd.DataFrame, gallery_embeddings: pd.DataFrame) -> pd.DataFrame | None:
    """The cohort without people of the cast, by name, nconst or photo, each photo once."""
    if cohort is None or not len(cohort):
        return None
    inside = (
        cohort["actor"].isin(cast["actor"])
        | cohort["nconst"].isin(cast["nconst"].dropna())
        | cohort["photo_hash"].isin(gallery_embeddings["photo_hash"])
    )
    same_people = cohort.loc[inside, "actor"]
    return cohort[~cohort["actor"].isin(same_people)].drop_duplicates(["actor", "photo_hash"])


def _samples(tracks: pd.DataFrame, faces: pd.DataFrame) -> list[frozenset[int]]:
    sample_of = dict(zip(faces["face"].tolist(), faces["sample"].tolist(), strict=True))
    return [frozenset(sample_of[face] for face in own) for own in tracks["faces"]]


def _claims(
    known: Tracks,
    gallery: Gallery,
    others: Gallery,
    apart: NDArray[np.float64],
    seen: Sequence[frozenset[int]],
    options: NamingOptions,
) -> list[_Claim]:
    """What each track is: the actor with the best claim that no other face on screen has a better claim to."""
    if not len(gallery):
        return [_Claim(-1, "unknown", 1.0, "nobody of the cast has a usable photo") for _ in range(len(known))]
    if not len(known):
        return []
    ratios = log_ratios(apart, person_distances(known.vectors, others, options.nearest_photos), options)
    photos_only, _ = posteriors(ratios, options)
    ratios = taught_ratios(known.vectors, ratios, photos_only, apart, options)
    belief, _ = posteriors(ratios, options)
    chosen = assign(_gains(belief), seen)
    alone = np.where(belief[:, :-1].max(axis=1) > belief[:, -1], belief[:, :-1].argmax(axis=1), -1)
    return [
        _decide(place, int(chosen[place]), int(alone[place]), belief[place], apart[place], gallery, options)
        for place in range(len(known))
    ]


def _gains(belief: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of each track's few best actors against a stranger; the rest cannot be chosen."""
    actors = belief[:, :-1]
    gains = np.log(np.maximum(actors, 1e-12)) - np.log(np.maximum(belief[:, -1:], 1e-12))
    if actors.shape[1] > CANDIDATES:
        floor = np.partition(actors, -CANDIDATES, axis=1)[:, -CANDIDATES][:, None]
        gains = np.where(actors >= floor, gains, -1.0)
    return gains


def _decide(
    place: int,
    chosen: int,
    alone: int,
    belief: NDArray[np.float64],
    apart: NDArray[np.float64],
    gallery: Gallery,
    options: NamingOptions,
) -> _Claim:
    nearest = int(apart.argmin())
    if chosen != alone and alone >= 0:
        name = gallery.people[alone]
        return _Claim(alone, "weak", 1.0 - float(belief[alone]), f"{name} is another face on screen at the same time")
    if chosen < 0:
        probability = float(belief[-1])
        if probability >= options.certain:
            return _Claim(-1, "unknown", probability, f"no cast member is near; the nearest is at {apart[nearest]:.2f}")
        return _Claim(nearest, "weak", float(belief[nearest]), f"{gallery.people[nearest]} is possible, not likely")
    name, probability = gallery.people[chosen], float(belief[chosen])
    if probability < options.certain:
        rival = int(np.argsort(-belief[:-1])[1]) if len(belief) > 2 else -1
        why = (
            f"{gallery.people[rival]} is nearly as likely"
            if rival >= 0 and belief[rival] > belief[-1]
            else "a stranger is nearly as likely"
        )
        return _Claim(chosen, "weak", probability, f"{name} at {apart[chosen]:.2f}, but {why}")
    if apart[chosen] > options.farthest:
        return _Claim(chosen, "weak", probability, f"{name} at {apart[chosen]:.2f} is too far for a name")
    return _Claim(chosen, "named", probability, f"{name} at {apart[chosen]:.2f} from the nearest photos")


def _evidence(
    vector: NDArray[np.float64],
    apart: NDArray[np.float64],
    gallery: Gallery,
    claim: _Claim,
    options: NamingOptions,
) -> dict[str, Any]:
    """Nearest actor (of a named track, its actor), runner-up, and the photos that matched."""
    if not len(gallery):
        return {"nearest": None, "distance": None, "runner_up": None, "runner_up_distance": None, "photos": []}
    order = np.argsort(apart, kind="stable").tolist()
    first = claim.actor if claim.decision == "named" else order[0]
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
