"""A generated film of two hours with 60 actors, unknown people and 4,000 appearances, stored as a real lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wios_assets.tables import FILM_TABLES
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets_tests.sample_lake import library_row, store

DURATION_S = 7200.0
ACTORS = 60
UNKNOWN = 20
APPEARANCES = 4000


def appearances_of(seed: int) -> list[dict[str, Any]]:
    """Rows of the table `appearances`, by start; nobody is there twice at once."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, ACTORS + UNKNOWN + 1) ** 0.7
    people = rng.choice(ACTORS + UNKNOWN, APPEARANCES, p=weights / weights.sum())
    rows = []
    for person in range(ACTORS + UNKNOWN):
        count = int((people == person).sum())
        if count == 0:
            continue
        turns = np.sort(rng.choice(np.arange(1, int(DURATION_S * 4)), 2 * count, replace=False)) / 4
        for start, end in zip(turns[::2], turns[1::2], strict=True):
            rows.append(_row(person, float(start), min(float(end), float(start) + 12.0), rng))
    rows.sort(key=lambda row: (row["start_s"], row["actor"]))
    return [{**row, "appearance": number, "best_face": 7 * number} for number, row in enumerate(rows)]


def store_long_film(lake: Path, key: str, seed: int = 0) -> dict[str, Any]:
    """Store a film's tables, and give its row of the table `library`, which is not stored."""
    rows = appearances_of(seed)
    frame = pd.DataFrame(rows)
    for table in FILM_TABLES:
        store(lake, table, [], key)
    store(lake, "appearances", rows, key)
    for table, made in (
        ("minute_appearances", minute_appearances(frame, DURATION_S)),
        ("screen_time", screen_time(frame, DURATION_S)),
    ):
        filled = made.drop(columns="film", errors="ignore").astype(object)
        plain = filled.where(filled.notna(), None).to_dict("records")
        store(lake, table, [{str(name): value for name, value in row.items()} for row in plain], key)
    return library_row(
        key, title=f"Long Film {seed}", duration_s=DURATION_S, people=ACTORS, unknown_people=UNKNOWN,
        appearances=len(rows),
    )  # fmt: skip


def _row(person: int, start: float, end: float, rng: np.random.Generator) -> dict[str, Any]:
    cast = person < ACTORS
    distance = float(rng.uniform(0.2, 0.55)) if cast else None
    return {
        "start_s": start,
        "end_s": end,
        "actor": f"Actor Number {person:02d}" if cast else f"unknown:{person - ACTORS + 1}",
        "kind": "cast" if cast else "unknown",
        "nconst": f"nm{person:07d}" if cast else None,
        "character": f"Character {person:02d}" if cast else None,
        "shot": int(start // 5),
        "probability": float(rng.uniform(0.93, 1.0)),
        "distance": distance,
        "runner_up": f"Actor Number {(person + 1) % ACTORS:02d}" if cast else None,
        "runner_up_distance": float(rng.uniform(0.55, 0.8)) if cast else None,
        "tracks": [person],
        "photos": [f"/galleries/Actor Number {person:02d}/{n}.jpg" for n in range(3)] if cast else [],
        "reason": f"Actor Number {person:02d} at {distance:.2f} from the nearest photos" if cast else "nobody is near",
        "model_hash": "0" * 16,
    }
