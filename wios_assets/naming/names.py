"""Which name a track is given: an actor's, an unknown person's, or none where the evidence is weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.errors import Conflict
from wios_assets.naming.clothing_evidence import Clothing
from wios_assets.naming.clustering import recurring_people
from wios_assets.naming.decided_tracks import UNDECIDED, TrackDecisions, find_decided
from wios_assets.naming.evidence import Gallery, Tracks, nearest_photos, person_distances
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.outcomes import Claim, claims
from wios_assets.naming.scale import Scale, scale_of_gallery
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.frames import table_frame

UNKNOWN = "unknown:"


def name_tracks(
    tracks: pd.DataFrame,
    faces: pd.DataFrame,
    face_embeddings: pd.DataFrame,
    gallery_embeddings: pd.DataFrame,
    cast: pd.DataFrame,
    options: NamingOptions,
    cohort: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    decisions_revision: int = 0,
) -> pd.DataFrame:
    """Names of a film's tracks.

    A track's mean embedding is compared with the photos of every cast member; the distances become probabilities
    (`belief`); tracks that the photos make certain vouch for others that look alike (`film_teaching`) or are dressed
    alike in the same scene (`clothing_teaching`); no actor is given two faces of one sample (`exclusion`); unnamed
    people are grouped (`recurring`). Names are given from the probability on at which the film's share of wrong ones,
    by their own probabilities, stays within `options.wrong_names`.

    Args:
        tracks: rows of `tables.FACE_TRACKS`.
        faces: rows of `tables.FACES`.
        face_embeddings: rows of `tables.FACE_EMBEDDINGS`; `chip` is not needed.
        gallery_embeddings: rows of `tables.GALLERY_EMBEDDINGS`: the cast's usable photos.
        cast: rows of `tables.CAST`; people outside it are never named.
        options: limits.
        cohort: rows of `tables.GALLERY_EMBEDDINGS` of people who are not in this film, such as the casts of others;
            they sharpen the limits and are never named. Rows of people of the cast are left out.
        decisions: what people have decided about faces, columns `decisions.COLUMNS`; they overrule everything else.
        decisions_revision: which state of them this is.

    Returns:
        Data frame with the columns of `tables.TRACK_NAMES` without `film`, a row for each track, in their order.
        `probability` of a weak row is that of its likeliest actor, given in `nearest` or in the reason.

    Raises:
        WiosError: embeddings of more than one model were given.
    """
    gallery = Gallery.of(gallery_embeddings, list(dict.fromkeys(cast.sort_values("billing", kind="stable")["actor"])))
    known = Tracks.of(tracks, face_embeddings)
    if len(known) and len(gallery) and known.model_hash != gallery.model_hash:
        raise Conflict(
            f"embeddings of the film ({known.model_hash}) and of the galleries ({gallery.model_hash}) come from "
            "different models; materialise the galleries or the faces again"
        )
    others = Gallery.of(_outside(cohort, cast, gallery_embeddings, gallery.model_hash))
    samples = samples_of(tracks, faces)
    seen = [samples[row] for row in known.rows.tolist()]
    scale = scale_of_gallery(gallery.joined(others), set(gallery_embeddings["engine"]), options)
    decided = find_decided(decisions, known, tracks, faces)
    worn = Clothing.of(known, tracks, face_embeddings)
    found = claims(known, gallery, others, scale, seen, decided, options, worn)
    found, names = _named(found, known, gallery, scale, seen, decided, options)

    place_of = {row: place for place, row in enumerate(known.rows.tolist())}
    apart = person_distances(known.vectors, gallery, options.nearest_photos)
    rows = []
    for row, track in enumerate(tracks["track"].tolist()):
        place = place_of.get(row)
        if place is None:
            rows.append(_without_evidence(int(track)))
            continue
        claim = found[place]
        rows.append(
            {
                "track": int(track),
                "actor": names.get(place),
                "decision": claim.decision,
                "probability": claim.probability,
                **_evidence(known.vectors[place], apart[place], gallery, claim, options),
                "reason": claim.reason,
                "model_hash": known.model_hash,
            }
        )
    return table_frame(({**row, "decisions": decisions_revision} for row in rows), TRACK_NAMES)


def _named(
    found: list[Claim],
    known: Tracks,
    gallery: Gallery,
    scale: Scale,
    seen: Sequence[frozenset[int]],
    decided: Mapping[int, TrackDecisions],
    options: NamingOptions,
) -> tuple[list[Claim], dict[int, str]]:
    """The claims with what people have decided, and each track's name; unnamed people get numbers by first sight."""
    found = list(found)
    names: dict[int, str] = {}
    for place, claim in enumerate(found):
        name = gallery.people[claim.actor] if claim.decision == "named" else None
        outcome = decided.get(place, UNDECIDED).outcome(name)
        if outcome is not None:
            found[place] = Claim(claim.actor, outcome.outcome, outcome.probability, outcome.reason)
            name = outcome.person
        if name is not None:
            names[place] = name
    everywhere = {place for place, own in decided.items() if own.everywhere}
    limit = options.same_person / scale.factor
    loose = [
        place
        for place, claim in enumerate(found)
        if place in everywhere or (claim.decision != "named" and not decided.get(place, UNDECIDED).not_a_face)
    ]
    alike = recurring_people(known.vectors[loose], [seen[place] for place in loose], limit)
    teachers = {group: place for place, group in zip(loose, alike.tolist(), strict=True) if place in everywhere}
    for place, group in zip(loose, alike.tolist(), strict=True):
        if group in teachers and place not in names:
            name = names[teachers[group]]
            taken = any(other == name and seen[place] & seen[track] for track, other in names.items())
            if not taken and name not in decided.get(place, UNDECIDED).refused:
                reason = f"like track {known.numbers[teachers[group]]}, which a person named"
                found[place] = replace(
                    found[place], decision="named", probability=options.certain_unknown, reason=reason
                )
                names[place] = name
    unknown = [place for place, claim in enumerate(found) if claim.decision == "unknown"]
    people = recurring_people(known.vectors[unknown], [seen[place] for place in unknown], limit)
    names.update((place, f"{UNKNOWN}{number + 1}") for place, number in zip(unknown, people.tolist(), strict=True))
    return found, names


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


def samples_of(tracks: pd.DataFrame, faces: pd.DataFrame) -> list[frozenset[int]]:
    """Samples in which each track is seen: of rows of `tables.FACE_TRACKS` and `tables.FACES`."""
    sample_of = dict(zip(faces["face"].tolist(), faces["sample"].tolist(), strict=True))
    return [frozenset(sample_of[face] for face in own) for own in tracks["faces"]]


def _evidence(
    vector: NDArray[np.float64], apart: NDArray[np.float64], gallery: Gallery, claim: Claim, options: NamingOptions
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
