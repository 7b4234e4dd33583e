"""Tracks that a person should look at: those without a name, the most useful first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from wios_assets.naming.review import to_review
from wios_assets.page.film_map import number_or_none
from wios_assets.page.shelf import Shelf
from wios_assets.tables import FACE_TRACKS, TRACK_NAMES


@dataclass(frozen=True)
class Review:
    """A track without a name.

    Attributes:
        track: its number. start_s, end_s: seconds on the player's clock. face: the face with the best chip.
        decision: weak, or unknown for a person who is not in the cast; `person` is then unknown:<n>.
        nearest, distance: the cast member with the smallest distance to the track. runner_up: the next.
        reason: why it has no name, in a sentence.
    """

    track: int
    start_s: float
    end_s: float
    face: int | None
    decision: str
    person: str | None
    nearest: str | None
    distance: float | None
    runner_up: str | None
    reason: str | None


def reviews_of(shelf: Shelf, film: str) -> list[Review]:
    """A film's tracks to review, the most useful first.

    Raises:
        WiosError: the film's tracks or their names are not in the lake.
    """
    names, tracks = (
        pd.DataFrame(
            shelf.film_rows(table.name, film, f"SELECT * FROM {table.name} WHERE film = $film ORDER BY track"),
            columns=table.schema.names,
        )
        for table in (TRACK_NAMES, FACE_TRACKS)
    )
    faces = dict(zip(tracks["track"], tracks["best_face"], strict=True))
    return [
        Review(
            track=int(row["track"]),
            start_s=float(row["start_s"]),
            end_s=float(row["end_s"]),
            face=int(faces[row["track"]]) if pd.notna(faces.get(row["track"])) else None,
            decision=row["decision"],
            person=_text(row["actor"]) if row["decision"] == "unknown" else None,
            nearest=_text(row["nearest"]),
            distance=_number(row["distance"]),
            runner_up=_text(row["runner_up"]),
            reason=_text(row["reason"]),
        )
        for row in to_review(names, tracks).to_dict("records")
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return None if value is None else number_or_none(float(value), 4)
