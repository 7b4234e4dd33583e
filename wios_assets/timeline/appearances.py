"""When is who on screen: named tracks become intervals of one person within one shot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from wios_assets.tables import APPEARANCES
from wios_assets.timeline.frames import records, table_frame

UNKNOWN = "unknown:"
JOIN_GAP_S = 0.5
SHORTEST_S = 1e-6

Row = dict[str, Any]


def is_unknown(actor: str) -> bool:
    """Whether the name stands for a person outside the cast, `unknown:<n>`."""
    return actor.startswith(UNKNOWN)


def appearances(
    track_names: pd.DataFrame,
    face_tracks: pd.DataFrame,
    shots: pd.DataFrame,
    cast: pd.DataFrame,
    join_gap_s: float = JOIN_GAP_S,
) -> pd.DataFrame:
    """Intervals in which one person is on screen.

    A track gives its whole stretch, gaps that it bridges included, clipped to its shot (and so to the film). Tracks
    of one person in one shot that overlap, or lie less than `join_gap_s` apart, become one interval; nothing is ever
    joined across a cut. So a person is never there twice at once. Tracks without a name or a number are left out.

    A joined interval has the mean of its tracks' probabilities, weighted by their seconds; its evidence (distance,
    runner-up, photos, reason, likeliest names, best face) is that of its surest track.

    Args:
        track_names: columns of the table track_names.
        face_tracks: columns of the table face_tracks; a track without a name there is left out.
        shots: columns of the table shots.
        cast: columns of the table cast; gives nconst and character. A person credited twice has both characters.
        join_gap_s: seconds.

    Returns:
        Columns of the table appearances without `film`, sorted by start, then by name.

    Raises:
        ValueError: a named track is not among the tracks, or lies in a shot that does not exist.
    """
    shot_spans = {int(row["shot"]): (float(row["start_s"]), float(row["end_s"])) for row in records(shots)}
    tracks = {int(row["track"]): row for row in records(face_tracks)}
    credits = _credits(cast)

    pieces: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for name in records(track_names):
        if not name["actor"]:
            continue
        track = tracks.get(int(name["track"]))
        if track is None:
            raise ValueError(f"track {name['track']} has a name but is not among the film's tracks")
        shot = int(track["shot"])
        if shot not in shot_spans:
            raise ValueError(f"track {name['track']} lies in shot {shot}, which the film does not have")
        first, last = shot_spans[shot]
        start, end = max(float(track["start_s"]), first, 0.0), min(float(track["end_s"]), last)
        if end - start >= SHORTEST_S:
            pieces[shot, name["actor"]].append(
                {**name, "start_s": start, "end_s": end, "best_face": track["best_face"]}
            )

    rows = [
        _appearance(actor, shot, group, credits)
        for (shot, actor), intervals in pieces.items()
        for group in _joined(intervals, join_gap_s)
    ]
    rows.sort(key=lambda row: (row["start_s"], row["actor"], row["end_s"]))
    return table_frame(({"appearance": number, **row} for number, row in enumerate(rows)), APPEARANCES)


def _credits(cast: pd.DataFrame) -> dict[str, tuple[str | None, str | None]]:
    """nconst and character by actor; the first credit gives the nconst."""
    keys: dict[str, str | None] = {}
    characters: dict[str, list[str]] = defaultdict(list)
    for row in sorted(records(cast), key=lambda row: row["billing"]):
        keys.setdefault(row["actor"], row["nconst"])
        if row["character"] and row["character"] not in characters[row["actor"]]:
            characters[row["actor"]].append(row["character"])
    return {actor: (nconst, " / ".join(characters[actor]) or None) for actor, nconst in keys.items()}


def _joined(pieces: Iterable[Row], join_gap_s: float) -> list[list[Row]]:
    """Pieces of one person in one shot, those that overlap or nearly touch together, in order of time."""
    groups: list[list[Row]] = []
    reached = float("-inf")
    for piece in sorted(pieces, key=lambda piece: (piece["start_s"], piece["end_s"], piece["track"])):
        gap = piece["start_s"] - reached
        if groups and (gap <= 0 or gap < join_gap_s):
            groups[-1].append(piece)
        else:
            groups.append([piece])
        reached = max(reached, piece["end_s"])
    return groups


def _appearance(actor: str, shot: int, group: list[Row], credits: dict[str, tuple[str | None, str | None]]) -> Row:
    def sureness(piece: Row) -> tuple[float, float, float]:
        distance = piece["distance"]
        return (
            piece["probability"] or 0.0,
            -(distance if distance is not None else float("inf")),
            piece["end_s"] - piece["start_s"],
        )

    surest = max(group, key=sureness)
    unknown = is_unknown(actor)
    # The present number comes first, that of a person into whom somebody merged this one included.
    own_number = [int(actor.removeprefix(UNKNOWN))] if unknown else []
    # Distance and photos are those of the nearest cast member, who need not be the one that a person named.
    shows_actor = surest["nearest"] == actor
    nconst, character = (None, None) if unknown else credits.get(actor, (None, None))
    weighted = [(piece["end_s"] - piece["start_s"], piece["probability"] or 0.0) for piece in group]
    probability = sum(seconds * value for seconds, value in weighted) / sum(seconds for seconds, _ in weighted)
    return {
        "start_s": min(piece["start_s"] for piece in group),
        "end_s": max(piece["end_s"] for piece in group),
        "actor": actor,
        "kind": "unknown" if unknown else "cast",
        "nconst": nconst,
        "character": character,
        "shot": shot,
        # The mean of equal numbers may leave their range by a rounding error.
        "probability": min(max(probability, min(p for _, p in weighted)), max(p for _, p in weighted)),
        "distance": surest["distance"] if shows_actor else None,
        "runner_up": surest["runner_up"],
        "runner_up_distance": surest["runner_up_distance"],
        "tracks": [int(piece["track"]) for piece in group],
        "best_face": None if surest["best_face"] is None else int(surest["best_face"]),
        "photos": list(surest["photos"] or []) if shows_actor else [],
        "reason": surest["reason"],
        "perhaps": list(surest.get("perhaps") or []) if unknown else [],
        "numbers": list(
            dict.fromkeys([*own_number, *(number for piece in group for number in piece.get("numbers") or [])])
        ),
        "model_hash": surest["model_hash"],
        "decisions": surest["decisions"],
    }
