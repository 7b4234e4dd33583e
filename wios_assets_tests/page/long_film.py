"""A generated film of two hours with 60 actors, unknown people and 4,000 appearances, stored as a real lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wios_assets.tables import FILM_TABLES
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets_tests.sample_lake import library_row, store

DURATION_S = 7200.0
ACTORS = 60
NEVER_SEEN = 6
UNKNOWN = 40
APPEARANCES = 4000
WIDTH, HEIGHT = 1280, 720
MODEL = "0" * 16
_VECTOR = 16
_GIVEN = ("Ada", "Björn", "Chiara", "Dmitri", "Élodie", "Femi", "Greta", "Hiro", "Inés", "Jamal")
_FAMILY = ("Almeida", "Brandt", "Castellanos-Ruiz", "Dubois", "Eriksen", "Fontaine", "Gallagher")
_PARTS = ("The Captain", "Dr. Marlowe", "Second Officer", "Nurse", "Young Alice", "A Guest at the Long Table", "Joe")


def actor_name(number: int) -> str:
    """Name of an actor; the first `ACTORS` are seen, in order of billing."""
    return f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number // len(_GIVEN)]}"


def appearances_of(seed: int) -> list[dict[str, Any]]:
    """Rows of the table `appearances`, by start, each of one track; nobody is there twice at once."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, ACTORS + UNKNOWN + 1) ** 0.7
    people = rng.choice(ACTORS + UNKNOWN, APPEARANCES, p=weights / weights.sum())
    rows = []
    for person in range(ACTORS + UNKNOWN):
        count = int((people == person).sum())
        if count == 0:
            continue
        turns = np.sort(rng.choice(np.arange(1, int(DURATION_S * 2)), 2 * count, replace=False)) / 2
        for start, end in zip(turns[::2], turns[1::2], strict=True):
            rows.append(_row(person, float(start), min(float(end), float(start) + 12.0), rng))
    rows.sort(key=lambda row: (row["start_s"], row["actor"]))
    return [{**row, "appearance": n, "tracks": [n], "best_face": 20 * n} for n, row in enumerate(rows)]


def store_long_film(
    lake: Path,
    key: str,
    seed: int = 0,
    *,
    evidence: bool = False,
    chip: Callable[[int, int], bytes | None] = lambda person, track: None,
    **film: Any,
) -> dict[str, Any]:
    """Store a film's tables, and give its row of the table `library`, which is not stored.

    Args:
        evidence: whether to store tracks, faces, names and the cast, too, from which the appearances follow.
        chip: JPEG of a track of a person, who is numbered as in `appearances_of`: actors, then unknown people.
        film: values of the film's row.
    """
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
    row = library_row(
        key, title=f"Long Film {seed}", duration_s=DURATION_S, people=ACTORS, unknown_people=UNKNOWN,
        appearances=len(rows), **film,
    )  # fmt: skip
    if evidence:
        _store_evidence(lake, key, rows, chip)
        facts = {"width": WIDTH, "height": HEIGHT, "frame_rate": 25.0}
        store(lake, "film", [{name: row[name] for name in ("path", "title", "duration_s")} | facts], key)
    return row


def face_box(person: int) -> dict[str, float]:
    """Where a person's face is in every frame, in pixels."""
    left, top = 80.0 + 210 * (person * 7 % 5), 60.0 + 200 * (person // 5 % 3)
    return {"left": left, "top": top, "right": left + 150, "bottom": top + 190}


def person_of(row: dict[str, Any]) -> int:
    """Number of the person of an appearance."""
    if row["kind"] == "unknown":
        return ACTORS + int(row["actor"].removeprefix("unknown:")) - 1
    return next(number for number in range(ACTORS) if actor_name(number) == row["actor"])


def _store_evidence(lake: Path, key: str, rows: list[dict[str, Any]], chip: Callable[[int, int], bytes | None]) -> None:
    rng = np.random.default_rng(1)
    looks = rng.normal(size=(ACTORS + UNKNOWN, _VECTOR))
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("face_tracks", "faces", "face_embeddings", "track_names")
    }
    copied = ("probability", "distance", "runner_up", "runner_up_distance", "photos", "reason", "perhaps")
    for track, row in enumerate(rows):
        person, best = person_of(row), row["best_face"]
        box, middle = face_box(person), (row["start_s"] + row["end_s"]) / 2
        instants = [middle, *np.arange(row["start_s"], row["end_s"]).tolist()]
        numbers = list(range(best, best + len(instants)))
        for face, instant in zip(numbers, instants, strict=True):
            tables["faces"].append(
                {"face": face, "sample": int(4 * instant), "time_s": instant, "tracklet": track, **box}
            )
        vector = looks[person] + 0.05 * rng.normal(size=_VECTOR)
        tables["face_embeddings"].append(
            {
                "face": best,
                "tracklet": track,
                "quality": float(rng.uniform(0.4, 0.95)),
                "embedding": (vector / np.linalg.norm(vector)).tolist(),
                "engine": "generated",
                "model_hash": MODEL,
                "chip": chip(person, track),
            }
        )
        span = {name: row[name] for name in ("shot", "start_s", "end_s")}
        embedded = {"faces": numbers, "embedded_faces": [best], "best_face": best}
        tables["face_tracks"].append({"track": track, **span, "samples": len(instants), **embedded})
        named = row["kind"] == "cast"
        tables["track_names"].append(
            {
                "track": track,
                "actor": row["actor"],
                "decision": "named" if named else "unknown",
                "nearest": row["actor"] if named else actor_name(person % ACTORS),
                **{name: row.get(name) for name in copied},
                "numbers": [] if named else [person - ACTORS + 1],
                "time_s": middle,
                **box,
                "model_hash": MODEL,
                "decisions": 0,
            }
        )
    for name, made in tables.items():
        store(lake, name, made, key)
    store(lake, "shots", [{"shot": 0, "start_s": 0.0, "end_s": DURATION_S, "samples": int(4 * DURATION_S)}], key)
    billed = [*range(ACTORS), *range(ACTORS, ACTORS + NEVER_SEEN)]
    cast = [
        {"billing": n + 1, "actor": actor_name(n), "nconst": f"nm{n:07d}", "character": _part(n), "source": "imdb"}
        for n in billed
    ]
    store(lake, "cast", cast, key)


def _part(actor: int) -> str:
    return _PARTS[actor % len(_PARTS)]


def _row(person: int, start: float, end: float, rng: np.random.Generator) -> dict[str, Any]:
    cast = person < ACTORS
    distance = float(rng.uniform(0.2, 0.55)) if cast else None
    name = actor_name(person) if cast else f"unknown:{person - ACTORS + 1}"
    perhaps = [{"actor": actor_name(person % ACTORS), "probability": 0.4}] if person % 3 == 0 else []
    return {
        "start_s": start,
        "end_s": end,
        "actor": name,
        "kind": "cast" if cast else "unknown",
        "nconst": f"nm{person:07d}" if cast else None,
        "character": _part(person) if cast else None,
        "shot": 0,
        "probability": float(rng.uniform(0.93, 1.0)),
        "distance": distance,
        "runner_up": actor_name((person + 1) % ACTORS) if cast else None,
        "runner_up_distance": float(rng.uniform(0.55, 0.8)) if cast else None,
        "photos": [f"/galleries/{name}/{n}.jpg" for n in range(3)] if cast else [],
        "reason": f"{name} at {distance:.2f} from the nearest photos" if cast else "nobody of the cast is near",
        "perhaps": [] if cast else perhaps,
        "numbers": [] if cast else [person - ACTORS + 1],
        "model_hash": MODEL,
    }
