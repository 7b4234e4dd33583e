"""A generated lake of many films: every table that the tables over all films and the SQL server read.

A number of films are made up, each with a cast of its own of 20 out of 5,000 people, 1,200 shots, 28,800 samples (two
hours, four a second) and appearances with the lengths of a real film's. All other films are copies of their files,
which are read again for each film as its own would be.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wios_assets.lake.paths import partition_folder
from wios_assets.lake.store import write_rows
from wios_assets.tables import (
    APPEARANCES,
    CAST,
    EVALUATION,
    FACE_TRACKS,
    FILM,
    FRAME_SAMPLES,
    LIBRARY,
    MINUTE_APPEARANCES,
    SCREEN_TIME,
    SHOTS,
    TRACK_NAMES,
    Table,
)
from wios_assets.timeline.minutes import minute_appearances, screen_time

DURATION_S = 7200.0
PEOPLE = 5000
CAST_SIZE = 20
SHOT_COUNT = 1200
SAMPLES_PER_SECOND = 4
TABLES = (FILM, CAST, SHOTS, FRAME_SAMPLES, FACE_TRACKS, TRACK_NAMES, APPEARANCES, MINUTE_APPEARANCES, SCREEN_TIME)
MADE = 100
"""Films that are made up; the others are copies."""


def film_key(number: int) -> str:
    return f"Generated film {number:04d}"


def make_library(lake: Path, films: int, appearances: int, made: int = MADE) -> None:
    """Write the tables of so many films, and `library`, into an empty lake."""
    for number in range(films):
        if number < made:
            make_film(lake, number, appearances, seed=number)
        else:
            for table in (*TABLES, EVALUATION):
                source = partition_folder(lake, table.name, film_key(number % made))
                shutil.copytree(source, partition_folder(lake, table.name, film_key(number)))
    rows = [
        {"film": film_key(number), "title": film_key(number), "year": 1950 + number % 75, "duration_s": DURATION_S}
        for number in range(films)
    ]
    write_rows(lake, LIBRARY, filled(rows, LIBRARY, present=True, people=CAST_SIZE, appearances=appearances))


def make_film(lake: Path, number: int, appearances: int, seed: int) -> None:
    """Write the tables of one film, whose appearances and cast follow from `seed`."""
    film, rng = film_key(number), np.random.default_rng(seed)
    cast = [
        {"actor": f"Actor {person:04d}", "nconst": f"nm{person:07d}", "character": f"Character {billing}"}
        for billing, person in enumerate(rng.choice(PEOPLE, CAST_SIZE, replace=False))
    ]
    shown = appearance_rows(rng, cast, appearances)
    tracks = [
        {
            **{name: row[name] for name in ("shot", "start_s", "end_s")},
            "track": track,
            "samples": 8,
            "faces": [track * 8 + n for n in range(8)],
            "embedded_faces": [track * 8],
        }
        for track, row in enumerate(shown)
    ]
    names = [
        {"track": track, "actor": row["actor"], "decision": "named" if row["kind"] == "cast" else "unknown"}
        for track, row in enumerate(shown)
    ]
    samples = int(DURATION_S * SAMPLES_PER_SECOND)
    looked_at = pd.DataFrame(
        {"sample": np.arange(samples), "time_s": np.arange(samples) / 4, "outcome": "analysed", "faces": samples % 3}
    )
    length_s = DURATION_S / SHOT_COUNT
    shots = [
        {"shot": n, "start_s": n * length_s, "end_s": (n + 1) * length_s, "samples": 24} for n in range(SHOT_COUNT)
    ]
    frame = filled(shown, APPEARANCES)
    title = {"path": f"/films/{film}.mkv", "title": film, "year": 1950 + number % 75, "duration_s": DURATION_S}
    contents: dict[Table, pd.DataFrame] = {
        FILM: filled([title], FILM),
        CAST: filled([{**person, "billing": n} for n, person in enumerate(cast, start=1)], CAST, source="imdb"),
        SHOTS: filled(shots, SHOTS),
        FRAME_SAMPLES: filled(looked_at, FRAME_SAMPLES),
        FACE_TRACKS: filled(tracks, FACE_TRACKS),
        TRACK_NAMES: filled(names, TRACK_NAMES, probability=0.97, model_hash="generated"),
        APPEARANCES: frame,
        EVALUATION: filled([], EVALUATION),
        MINUTE_APPEARANCES: minute_appearances(frame, DURATION_S),
        SCREEN_TIME: screen_time(frame, DURATION_S),
    }
    # What a film's run stores last makes it finished.
    for table, rows in contents.items():
        write_rows(lake, table, rows, film)


def appearance_rows(rng: np.random.Generator, cast: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Rows of `appearances`: the first of the cast are on screen the most, a tenth of the people are unknown."""
    weights = 1 / np.arange(1, len(cast) + 4)
    people = rng.choice(len(weights), count, p=weights / weights.sum())
    starts = np.sort(rng.uniform(0, DURATION_S - 30, count))
    ends = starts + rng.gamma(2.0, 1.5, count)
    rows = []
    for number, (person, start, end) in enumerate(zip(people.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        known = person < len(cast)
        who = {**cast[person], "kind": "cast"} if known else {"actor": f"unknown:{person - len(cast) + 1}"}
        rows.append(
            {
                "kind": "unknown",
                **who,
                "appearance": number,
                "start_s": start,
                "end_s": end,
                "shot": int(start / (DURATION_S / SHOT_COUNT)),
                "probability": 0.97 if known else 0.0,
                "distance": 0.31,
                "runner_up": "Actor 0001",
                "runner_up_distance": 0.62,
                "tracks": [number],
                "best_face": number * 8,
                "photos": ["/galleries/someone/1.jpg", "/galleries/someone/2.jpg"] if known else [],
                "reason": "at 0.31 from the nearest photos, the next at 0.62",
                "perhaps": [],
                "numbers": [],
                "model_hash": "generated",
                "decisions": 0,
            }
        )
    return rows


def filled(rows: pd.DataFrame | list[dict[str, Any]], table: Table, **values: Any) -> pd.DataFrame:
    """Rows with all columns of a table: `values` for all rows, and null for what is not given."""
    frame = pd.DataFrame(rows)
    missing = {name: None for name in table.stored_schema.names if name not in frame}
    return frame.assign(**(missing | values))
