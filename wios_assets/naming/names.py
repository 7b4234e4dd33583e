"""Names a film's tracks: with an actor, the number of an unknown person, or nothing where the evidence is too weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.errors import Conflict
from wios_assets.naming.decided_tracks import FOLLOWS, UNDECIDED, FaceIndex, TrackDecisions, find_decided
from wios_assets.naming.evidence import Gallery, Tracks, nearest_photos, person_distances
from wios_assets.naming.film_people import tracks_beside
from wios_assets.naming.normalisation import ImpostorModel
from wios_assets.naming.numbering import ANCHOR, earlier_numbers, number_people
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.outcomes import FilmOutcomes, Outcome, track_outcomes
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.appearances import UNKNOWN, is_unknown
from wios_assets.timeline.frames import records, table_frame


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
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Names of a film's tracks.

    Tracks that look alike become people of the film (`film_people`). Each person is compared with the photos of every
    cast member, and the distances are judged by those to other people (`normalisation`); this becomes evidence and
    probabilities (`likelihood`). No actor is given two faces of one sample (`assignment`). A track is named where its
    probability reaches a threshold, set so that the expected share of wrong names in the film stays within
    `options.wrong_names`; below it, the likeliest names are listed in `perhaps`.

    Args:
        tracks: rows of `tables.FACE_TRACKS`.
        faces: rows of `tables.FACES`.
        face_embeddings: rows of `tables.FACE_EMBEDDINGS`; `chip` is not needed.
        gallery_embeddings: rows of `tables.GALLERY_EMBEDDINGS`: the cast's usable photos.
        cast: rows of `tables.CAST`; people outside it are never named.
        options: limits.
        cohort: rows of `tables.GALLERY_EMBEDDINGS` of people who are not in this film, such as the casts of others;
            they sharpen the limits and are never named. Rows of people of the cast are left out.
        decisions: what people have decided about faces, columns `decided_tracks.COLUMNS`; they overrule everything
            else.
        decisions_revision: revision number of the decisions.
        earlier: rows of `tables.TRACK_NAMES` of an earlier run, whose unknown people keep their numbers.

    Returns:
        Data frame with the columns of `tables.TRACK_NAMES` without `film`, a row for each track, in their order.
        `probability` of a weak row is that of its likeliest actor, given in `nearest` or in the reason.

    Raises:
        Conflict: embeddings of more than one model were given.
    """
    gallery = Gallery.of(gallery_embeddings, list(dict.fromkeys(cast.sort_values("billing", kind="stable")["actor"])))
    known = Tracks.of(tracks, face_embeddings)
    if len(known) and len(gallery) and known.model_hash != gallery.model_hash:
        raise Conflict(
            f"embeddings of the film ({known.model_hash}) and of the galleries ({gallery.model_hash}) come from "
            "different models; materialise the galleries or the faces again"
        )
    others = Gallery.of(_outside(cohort, cast, gallery_embeddings, gallery.model_hash))
    samples_of_all = samples_of(tracks, faces)
    samples = [samples_of_all[row] for row in known.rows.tolist()]
    impostors = ImpostorModel.of(gallery.joined(others), set(gallery_embeddings["engine"]), options)
    decided = find_decided(decisions, known, tracks, faces)
    result = track_outcomes(known, gallery, others, impostors, samples, decided, options)
    outcomes, names = _with_decisions(result, known, gallery, samples, decided, options)
    numbers = _numbers(outcomes, names, result.person, known, earlier, FaceIndex.of(known, tracks, faces))
    names.update((track, f"{UNKNOWN}{own[0]}") for track, own in enumerate(numbers) if own and track not in names)

    index_of = {row: index for index, row in enumerate(known.rows.tolist())}
    distances = person_distances(known.vectors, gallery, options.nearest_photos)
    anchors = _anchors(tracks, faces)
    rows = []
    for row, number in enumerate(tracks["track"].tolist()):
        index = index_of.get(row)
        if index is None:
            rows.append({**_without_evidence(int(number)), **anchors[row]})
            continue
        outcome, name = outcomes[index], names.get(index)
        rows.append(
            {
                "track": int(number),
                "actor": name,
                "decision": outcome.outcome,
                "probability": outcome.probability,
                **_evidence(known.vectors[index], distances[index], gallery, outcome, name, options),
                "reason": outcome.reason,
                "perhaps": [
                    {"actor": gallery.people[actor], "probability": probability}
                    for actor, probability in outcome.perhaps
                ],
                "numbers": numbers[index],
                **anchors[row],
                "model_hash": known.model_hash,
            }
        )
    return table_frame(({**row, "decisions": decisions_revision} for row in rows), TRACK_NAMES)


def _with_decisions(
    result: FilmOutcomes,
    known: Tracks,
    gallery: Gallery,
    samples: Sequence[frozenset[int]],
    decided: Mapping[int, TrackDecisions],
    options: NamingOptions,
) -> tuple[list[Outcome], dict[int, str]]:
    """The outcomes with what people have decided, and the names of named tracks."""
    outcomes = list(result.outcomes)
    names: dict[int, str] = {}
    for track, outcome in enumerate(outcomes):
        own = decided.get(track, UNDECIDED)
        name = gallery.people[outcome.actor] if outcome.outcome == "named" else None
        by_person = own.outcome(name)
        if by_person is not None:
            name = by_person.person
            outcomes[track] = (
                Outcome(
                    outcome.actor,
                    by_person.outcome,
                    by_person.probability,
                    by_person.reason,
                    counts=not own.not_a_face,
                )
                if by_person.probability is not None
                else _nameless(outcome, by_person.reason)
            )
        if name is not None:
            names[track] = name
    beside = tracks_beside(samples)
    for teacher, decision in decided.items():
        name = decision.person
        if name is None:
            continue
        for track in np.flatnonzero(result.person == result.person[teacher]).tolist():
            own = decided.get(track, UNDECIDED)
            named_by_photos = outcomes[track].outcome == "named" and names.get(track) == name
            wanted = decision.everywhere and outcomes[track].outcome != "named"
            if own.person is not None or own.not_a_face or not (named_by_photos or wanted):
                continue
            if any(names.get(other) == name for other in beside[track]) or name in own.refused:
                continue
            reason = FOLLOWS.format(track=known.numbers[teacher])
            if is_unknown(name):
                outcomes[track] = _nameless(outcomes[track], reason)
            else:
                actor = gallery.people.index(name) if name in gallery.people else -1
                outcomes[track] = Outcome(actor, "named", options.as_decided, reason)
            names[track] = name
    return outcomes, names


def _nameless(outcome: Outcome, reason: str) -> Outcome:
    """The outcome of a track that somebody put to an unknown person: what the photos say of it stays."""
    probability = outcome.probability if outcome.outcome == "unknown" else 0.0
    return Outcome(-1, "unknown", probability, reason, outcome.perhaps)


def _numbers(
    outcomes: Sequence[Outcome],
    names: dict[int, str],
    person: NDArray[np.int64],
    known: Tracks,
    earlier: pd.DataFrame | None,
    index: FaceIndex,
) -> list[list[int]]:
    """Numbers of unknown people for each track; none for an unnamed track that does not count (`Outcome.counts`).

    A track that a decision puts to `unknown:<n>` keeps the numbers of its own, so that it has them again once the
    decision is taken back.
    """
    merged = {track: int(name.removeprefix(UNKNOWN)) for track, name in names.items() if is_unknown(name)}
    unknown = [track not in names and outcome.counts for track, outcome in enumerate(outcomes)]
    had: list[int] = []
    if earlier is not None and "numbers" in earlier:
        had = [int(number) for own in earlier["numbers"] if own is not None for number in own]
    highest = max([*had, *merged.values()], default=0)
    before = earlier_numbers(earlier, index)
    numbers = number_people(person, unknown, known.end_s - known.start_s, before, highest)
    for track in merged:
        numbers[track] = list(dict.fromkeys(before.get(track, ())))
    return [own if track in names or unknown[track] else [] for track, own in enumerate(numbers)]


def _anchors(tracks: pd.DataFrame, faces: pd.DataFrame) -> list[dict[str, float | None]]:
    """Instant and position of each track's best face, by the row of the track."""
    places = {int(row.pop("face")): row for row in records(faces[["face", *ANCHOR]])}
    nowhere: dict[str, float | None] = dict.fromkeys(ANCHOR)
    return [nowhere if pd.isna(face) else places.get(int(face), nowhere) for face in tracks["best_face"].tolist()]


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
    vector: NDArray[np.float64],
    distances: NDArray[np.float64],
    gallery: Gallery,
    outcome: Outcome,
    name: str | None,
    options: NamingOptions,
) -> dict[str, Any]:
    """The outcome's actor (else the nearest) with its distance, the next actor, and the photos that matched.

    A name from a decision on a person without photos has no matching photos and no distance.
    """
    nobody: dict[str, Any] = {
        "nearest": None,
        "distance": None,
        "runner_up": None,
        "runner_up_distance": None,
        "photos": [],
    }
    if not len(gallery) or (outcome.outcome == "named" and name not in gallery.people):
        return nobody
    order = np.argsort(distances, kind="stable").tolist()
    first = order[0] if outcome.actor < 0 else outcome.actor
    if outcome.outcome == "named" and name is not None:
        first = gallery.people.index(name)
    second = next((actor for actor in order if actor != first), None)
    return {
        "nearest": gallery.people[first],
        "distance": float(distances[first]),
        "runner_up": None if second is None else gallery.people[second],
        "runner_up_distance": None if second is None else float(distances[second]),
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
        "perhaps": [],
        "numbers": [],
        "model_hash": None,
    }
