"""Small tables of a film for the timeline's tests, written the way the graph writes them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from wios_assets.tables import APPEARANCES, CAST, FACE_TRACKS, SHOTS, TRACK_NAMES
from wios_assets.timeline.frames import table_frame

CREDITS = [
    ("Grace Hopper", "nm0000001", "Herself"),
    ("Eileen Collins", "nm0000002", "Commander"),
    ("Mary Sears", None, None),
]


def cast_table(credits: list[tuple[str, str | None, str | None]] = CREDITS) -> pd.DataFrame:
    rows = [
        {"billing": n, "actor": actor, "nconst": nconst, "character": character, "source": "imdb"}
        for n, (actor, nconst, character) in enumerate(credits, start=1)
    ]
    return table_frame(rows, CAST)


def shot_table(*ends: float) -> pd.DataFrame:
    """Shots that follow each other, from 0, ending at `ends`."""
    starts = [0.0, *ends[:-1]]
    rows = [
        {"shot": n, "start_s": start, "end_s": end, "samples": 1}
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    return table_frame(rows, SHOTS)


def track_tables(*tracks: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """track_names and face_tracks; a track is given by shot, start_s, end_s, actor and what differs from the usual."""
    names, faces = [], []
    for number, track in enumerate(tracks):
        actor = track["actor"]
        decision = "weak" if actor is None else "unknown" if actor.startswith("unknown:") else "named"
        names.append(
            {
                "track": number,
                "actor": actor,
                "decision": decision,
                "probability": track.get("probability", 0.9),
                "nearest": actor if decision == "named" else "Grace Hopper",
                "distance": track.get("distance", 0.4),
                "runner_up": "Mary Sears",
                "runner_up_distance": 0.8,
                "photos": track.get("photos", ["a.jpg"]),
                "reason": "near and clear",
                "model_hash": "abc",
            }
        )
        faces.append(
            {
                "track": number,
                "shot": track["shot"],
                "start_s": track["start_s"],
                "end_s": track["end_s"],
                "samples": 4,
                "faces": [number],
                "embedded_faces": [number],
                "best_face": track.get("best_face", number),
                "height_share": 0.3,
            }
        )
    return table_frame(names, TRACK_NAMES), table_frame(faces, FACE_TRACKS)


def appearance_table(*spans: tuple[str, float, float] | tuple[str, float, float, float]) -> pd.DataFrame:
    """Appearances from (actor, start_s, end_s[, probability])."""
    rows = []
    for number, (actor, start, end, *probability) in enumerate(sorted(spans, key=lambda span: span[1])):
        kind = "unknown" if actor.startswith("unknown:") else "cast"
        rows.append(
            {
                "appearance": number,
                "start_s": start,
                "end_s": end,
                "actor": actor,
                "kind": kind,
                "shot": 0,
                "probability": probability[0] if probability else 0.9,
                "tracks": [number],
                "photos": [],
            }
        )
    return table_frame(rows, APPEARANCES)
