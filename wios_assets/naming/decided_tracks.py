"""Matches people's decisions about faces to a film's tracks, and applies them to the tracks' outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.naming.evidence import Tracks
from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.frames import records
from wios_assets.vision.boxes import iou

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
"""Columns of a table of decisions: the face (instant, box, and embedding with the hash of its model), the verdict
(`is`, `is_not`, `not_a_face` or `hidden`), the person's name, and whether `is` holds for similar unnamed tracks."""

DECIDED = "a person decided so"
NOT_A_FACE = "not a face, as a person decided"
HIDDEN = "not shown, as a person decided"
"""Reasons given for tracks that were decided on."""
FOLLOWS = "like track {track}, which a person named"
"""Reason given for a track that follows a decision on another."""
NEARBY_S = 0.5
"""A face is looked for within this many seconds of the instant of the decision."""
SAME_BOX_IOU = 0.3
"""Least intersection over union with the box of the decision."""
SAME_FACE_DISTANCE = 0.45
"""Largest distance to the embedding of the decision, where no box matches and the models are the same."""


@dataclass(frozen=True)
class DecidedOutcome:
    """A track's outcome by a decision.

    `outcome` is named, unknown (`person` is unknown:<n>, one of the film's people) or weak (`person` is None). That
    two unknown people are one does not say whether they are of the cast: its probability is None.
    """

    person: str | None
    outcome: str
    probability: float | None
    reason: str


@dataclass(frozen=True)
class TrackDecisions:
    """The decisions on one track combined: a later one overrules an earlier one.

    Attributes:
        person: who the track shows, a name or unknown:<n>, or None where that is not decided.
        everywhere: whether that holds for every similar unnamed track.
        refused: people that the track does not show.
        not_a_face: whether the track counts as no face: it shows none, or nobody who is to be shown.
        hidden: whether it is the latter.
    """

    person: str | None = None
    everywhere: bool = False
    refused: frozenset[str] = frozenset()
    not_a_face: bool = False
    hidden: bool = False

    def then(self, verdict: str, person: str | None, everywhere: bool = False) -> TrackDecisions:
        """These decisions and one more, whose `verdict` is `is`, `is_not`, `not_a_face` or `hidden`.

        Raises:
            ValueError: another verdict, or a verdict on a person without the person.
        """
        if verdict in ("not_a_face", "hidden"):
            return TrackDecisions(refused=self.refused, not_a_face=True, hidden=verdict == "hidden")
        if person is None or verdict not in ("is", "is_not"):
            raise ValueError(f"no decision: {verdict} {person}")
        if verdict == "is":
            return TrackDecisions(person, everywhere, self.refused - {person})
        refused = replace(self, refused=self.refused | {person})
        return replace(refused, person=None, everywhere=False) if self.person == person else refused

    def outcome(self, actor: str | None) -> DecidedOutcome | None:
        """The track's outcome by these decisions; None where they leave the automatic name `actor` as it is."""
        if self.not_a_face:
            return DecidedOutcome(None, "weak", 0.0, HIDDEN if self.hidden else NOT_A_FACE)
        if self.person is not None and is_unknown(self.person):
            return DecidedOutcome(self.person, "unknown", None, DECIDED)
        if self.person is not None:
            return DecidedOutcome(self.person, "named", 1.0, DECIDED)
        if actor in self.refused:
            return DecidedOutcome(None, "weak", 0.0, f"not {actor}, as a person decided")
        return None

    def confirms(self, actor: str) -> bool | None:
        """Whether the name `actor` is right by these decisions; None where they do not say."""
        if (self.not_a_face and not self.hidden) or actor in self.refused:
            return False
        return None if self.person is None else self.person == actor


UNDECIDED = TrackDecisions()


def find_decided(
    decisions: pd.DataFrame | None, known: Tracks, tracks: pd.DataFrame, faces: pd.DataFrame
) -> dict[int, TrackDecisions]:
    """The decisions on each track that has any, by the track's index in `known`.

    Args:
        decisions: columns `COLUMNS`, in the order in which they were made; None for none.
        known: the film's tracks with embeddings.
        tracks: rows of `tables.FACE_TRACKS`.
        faces: rows of `tables.FACES`.
    """
    decided: dict[int, TrackDecisions] = {}
    if decisions is None or not len(decisions):
        return decided
    face_index = FaceIndex.of(known, tracks, faces)
    for decision in records(decisions):
        track = face_index.find(decision)
        if track is not None:
            before = decided.get(track, UNDECIDED)
            decided[track] = before.then(decision["verdict"], decision["person"], bool(decision["everywhere"]))
    return decided


@dataclass(frozen=True)
class FaceIndex:
    """A film's faces by time and position, to find the tracks that decisions concern.

    Attributes:
        known: the tracks with embeddings.
        times: float64 [faces], seconds.
        boxes: float64 [faces, 4], left, top, right, bottom in pixels.
        owner: int64 [faces], the index in `known` of the track that a face belongs to, or -1.
    """

    known: Tracks
    times: NDArray[np.float64]
    boxes: NDArray[np.float64]
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, known: Tracks, tracks: pd.DataFrame, faces: pd.DataFrame) -> FaceIndex:
        """Rows of `tables.FACE_TRACKS` and `tables.FACES`."""
        owner = {
            int(face): index for index, row in enumerate(known.rows.tolist()) for face in tracks["faces"].iloc[row]
        }
        return cls(
            known,
            faces["time_s"].to_numpy(np.float64),
            faces[["left", "top", "right", "bottom"]].to_numpy(np.float64),
            np.asarray([owner.get(face, -1) for face in faces["face"].tolist()], dtype=np.int64),
        )

    def find(self, decision: Mapping[str, Any]) -> int | None:
        """The track that a decision concerns, as an index in `known`; None where its face is not found any more.

        A decision is anchored to a face rather than to a track number, so that it survives a new analysis: to the
        track that has a face at this instant and position, else to the track around this instant whose embedding is
        nearest.

        Args:
            decision: values of the columns `COLUMNS`.
        """
        nearby = np.flatnonzero((np.abs(self.times - decision["time_s"]) <= NEARBY_S) & (self.owner >= 0))
        track = self._by_box(decision, nearby)
        if track is None and decision["model_hash"] == self.known.model_hash:
            track = self._by_embedding(decision, sorted(set(self.owner[nearby].tolist())))
        return track

    def _by_box(self, decision: Mapping[str, Any], nearby: NDArray[np.int64]) -> int | None:
        """Track of the face nearest in time whose box matches; of several at one instant, the best match."""
        box = np.asarray([decision[edge] for edge in ("left", "top", "right", "bottom")], dtype=np.float64)
        ious = iou(box, self.boxes[nearby])
        fits = [
            (-abs(self.times[face] - decision["time_s"]), shared, face)
            for face, shared in zip(nearby.tolist(), ious.tolist(), strict=True)
            if shared >= SAME_BOX_IOU
        ]
        return int(self.owner[max(fits, key=lambda fit: fit[:2])[2]]) if fits else None

    def _by_embedding(self, decision: Mapping[str, Any], tracks: Sequence[int]) -> int | None:
        if not tracks or decision["embedding"] is None:
            return None
        embedding = np.asarray(decision["embedding"], dtype=np.float64)
        distances = np.linalg.norm(self.known.vectors[tracks] - embedding[None], axis=1)
        return tracks[int(distances.argmin())] if distances.min() <= SAME_FACE_DISTANCE else None
