"""What people have decided about faces, found again in the tracks of any later run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from wios_assets.naming.evidence import Tracks
from wios_assets.timeline.frames import records
from wios_assets.vision.tracks import overlap

COLUMNS = (
    "time_s",
    "left",
    "top",
    "right",
    "bottom",
    "embedding",
    "model_hash",
    "verdict",
    "person",
    "everywhere",
)
"""Columns of a table of decisions: the face decided on (its instant, box and embedding with its model), the verdict
(`is`, `is_not` or `not_a_face`), the person's name, and whether `is` holds for every like unnamed track."""

DECIDED = "a person decided so"
NOT_A_FACE = "not a face, as a person decided"
"""Reasons of tracks that were decided on."""
NEAR_S = 0.5
"""A face is looked for within so many seconds of the instant decided on."""
SAME_PLACE = 0.3
"""Least overlap with the box decided on."""
SAME_FACE = 0.45
"""Largest distance to the embedding decided on, where the models are the same and the place has nobody."""


@dataclass
class Decided:
    """Decisions by the track they concern, a place in `Tracks`.

    Attributes:
        names: the person that a track is said to be.
        everywhere: tracks whose name holds for every like unnamed track.
        refused: people that a track is said not to be.
        not_faces: tracks that show no face.
    """

    names: dict[int, str] = field(default_factory=dict)
    everywhere: set[int] = field(default_factory=set)
    refused: dict[int, set[str]] = field(default_factory=dict)
    not_faces: set[int] = field(default_factory=set)


def find_decided(decisions: pd.DataFrame | None, known: Tracks, tracks: pd.DataFrame, faces: pd.DataFrame) -> Decided:
    """The tracks that decisions concern; a later decision on the same track overrides an earlier one.

    Args:
        decisions: columns `COLUMNS`, in the order in which they were made; None for none.
        known: the film's tracks with embeddings.
        tracks: rows of `tables.FACE_TRACKS`.
        faces: rows of `tables.FACES`.
    """
    decided = Decided()
    if decisions is None or not len(decisions):
        return decided
    index = FaceIndex.of(known, tracks, faces)
    for decision in records(decisions):
        place = index.place(decision)
        if place is not None:
            _take(decided, place, decision)
    return decided


@dataclass(frozen=True)
class FaceIndex:
    """Where a film's faces are, to find the tracks that decisions concern.

    Attributes:
        known: the tracks with embeddings.
        times: float64 [faces], seconds. boxes: float64 [faces, 4], left, top, right, bottom.
        owner: int64 [faces], the place in `known` of the track that a face belongs to, or -1.
    """

    known: Tracks
    times: np.ndarray
    boxes: np.ndarray
    owner: np.ndarray

    @classmethod
    def of(cls, known: Tracks, tracks: pd.DataFrame, faces: pd.DataFrame) -> FaceIndex:
        """Rows of `tables.FACE_TRACKS` and `tables.FACES`."""
        place_of_face = {
            int(face): place for place, row in enumerate(known.rows.tolist()) for face in tracks["faces"].iloc[row]
        }
        return cls(
            known,
            faces["time_s"].to_numpy(np.float64),
            faces[["left", "top", "right", "bottom"]].to_numpy(np.float64),
            np.asarray([place_of_face.get(face, -1) for face in faces["face"].tolist()], dtype=np.int64),
        )

    def place(self, decision: Mapping[str, Any]) -> int | None:
        """The track that a decision concerns, as a place in `known`; None where its face is found no more.

        A decision is anchored to a face, not to a number: to the track that has a face at that instant and place, or
        else to the likest one around that instant.

        Args:
            decision: what `COLUMNS` says of the face.
        """
        near = np.flatnonzero((np.abs(self.times - decision["time_s"]) <= NEAR_S) & (self.owner >= 0))
        place = _by_place(decision, near, self.times, self.boxes, self.owner)
        if place is None and decision["model_hash"] == self.known.model_hash:
            place = _by_face(decision, sorted(set(self.owner[near].tolist())), self.known)
        return place


def _by_place(
    decision: Mapping[str, Any], near: np.ndarray, times: np.ndarray, boxes: np.ndarray, owner: np.ndarray
) -> int | None:
    wanted = np.asarray([decision[edge] for edge in ("left", "top", "right", "bottom")], dtype=np.float64)
    fits = [(overlap(wanted, boxes[row]), -abs(times[row] - decision["time_s"]), row) for row in near.tolist()]
    fits = [fit for fit in fits if fit[0] >= SAME_PLACE]
    return int(owner[max(fits, key=lambda fit: (fit[1], fit[0]))[2]]) if fits else None


def _by_face(decision: Mapping[str, Any], places: list[int], known: Tracks) -> int | None:
    if not places or decision["embedding"] is None:
        return None
    apart = np.linalg.norm(known.vectors[places] - np.asarray(decision["embedding"], dtype=np.float64)[None], axis=1)
    return places[int(apart.argmin())] if apart.min() <= SAME_FACE else None


def _take(decided: Decided, place: int, decision: dict[str, Any]) -> None:
    if decision["verdict"] == "is":
        decided.names[place] = decision["person"]
        decided.not_faces.discard(place)
        decided.refused.get(place, set()).discard(decision["person"])
        decided.everywhere.discard(place)
        if decision["everywhere"]:
            decided.everywhere.add(place)
    elif decision["verdict"] == "is_not":
        decided.refused.setdefault(place, set()).add(decision["person"])
        if decided.names.get(place) == decision["person"]:
            del decided.names[place]
    elif decision["verdict"] == "not_a_face":
        decided.not_faces.add(place)
        decided.names.pop(place, None)
