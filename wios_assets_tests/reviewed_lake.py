"""A small film to be reviewed, stored as a real lake: four tracks, of which the last has no face with an embedding."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from wios_assets.lake.library import publish
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES
from wios_assets.timeline.appearances import appearances
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets_tests.sample_lake import library_row, store

FILM = "heat"
DURATION_S = 90.0
MODEL = "0" * 16
SIZE = {"width": 640, "height": 360}
CAST = [
    {"billing": 1, "actor": "Grace Hopper", "nconst": "nm0393790", "character": "The Admiral", "source": "imdb"},
    {"billing": 2, "actor": "Eileen Collins", "nconst": "nm1234567", "character": None, "source": "imdb"},
    {"billing": 3, "actor": "Averil Mean", "nconst": None, "character": "<script>alert(1)</script>", "source": "imdb"},
]
PERHAPS = [{"actor": "Eileen Collins", "probability": 0.6}, {"actor": "Averil Mean", "probability": 0.3}]
NAMES: list[dict[str, Any]] = [
    {"actor": "Grace Hopper", "decision": "named", "probability": 0.98, "nearest": "Grace Hopper", "distance": 0.3},
    {"actor": "unknown:1", "decision": "unknown", "probability": 0.9, "nearest": "Averil Mean", "distance": 0.7}
    | {"perhaps": PERHAPS, "numbers": [1, 4], "photos": ["/photos/Averil Mean/1.jpg"]},
    {"actor": None, "decision": "weak", "probability": 0.4, "nearest": "Eileen Collins", "distance": 0.5},
    {"actor": None, "decision": "weak", "probability": 0.0, "nearest": None},
]
SPANS = [(1.0, 12.5), (20.0, 30.0), (40.0, 45.0), (50.0, 51.0)]


def chip(shade: int) -> bytes:
    """A face chip in one colour."""
    out = io.BytesIO()
    Image.new("RGB", (150, 150), (shade, 90, 120)).save(out, "JPEG")
    return out.getvalue()


def store_reviewed_film(lake: Path, key: str = FILM, **film: Any) -> dict[str, Any]:
    """Store a film's tables, and give its row of the table `library`, which is not stored."""
    tracks = [
        {
            "track": n,
            "shot": n,
            "start_s": start,
            "end_s": end,
            "samples": 4,
            "faces": [10 * n, 10 * n + 1],
            "embedded_faces": [10 * n] if n < 3 else [],
            "best_face": 10 * n if n < 3 else None,
            "height_share": 0.3,
        }
        for n, (start, end) in enumerate(SPANS)
    ]
    faces = [
        {"face": 10 * n + k, "sample": 40 * n + k, "time_s": start + k / 4, "tracklet": n, **_box(n)}
        for n, (start, _) in enumerate(SPANS)
        for k in range(2)
    ]
    embeddings = [
        {"face": 10 * n, "tracklet": n, "quality": 0.8, "model_hash": MODEL, "embedding": _vector(n)}
        | {"chip": chip(60 * n)}
        for n in range(3)
    ]
    names = [
        {"runner_up": None, "reason": f"reason {n}", "model_hash": MODEL, "photos": [], "track": n, **row}
        | ({"time_s": SPANS[n][0], **_box(n)} if n < 3 else {})
        for n, row in enumerate(NAMES)
    ]
    shots = [{"shot": n, "start_s": start, "end_s": end, "samples": 4} for n, (start, end) in enumerate(SPANS)]
    path = film.get("path", f"/films/{key}.mkv")
    for table in FILM_TABLES:
        store(lake, table, [], key)
    for table, rows in (
        ("face_tracks", tracks),
        ("faces", faces),
        ("face_embeddings", embeddings),
        ("track_names", names),
        ("shots", shots),
        ("cast", CAST),
        ("film", [{"path": path, "duration_s": DURATION_S, "title": key, "frame_rate": 25.0, **SIZE}]),
    ):
        store(lake, table, rows, key)
    missing = dict.fromkeys(("distance", "runner_up_distance", "decisions", "perhaps", "numbers"))
    full = [missing | row for row in names]
    seen = appearances(pd.DataFrame(full), pd.DataFrame(tracks), pd.DataFrame(shots), pd.DataFrame(CAST))
    for table, frame in (
        ("appearances", seen),
        ("minute_appearances", minute_appearances(seen, DURATION_S)),
        ("screen_time", screen_time(seen, DURATION_S)),
    ):
        with_none = frame.astype(object).where(frame.notna(), None)
        store(lake, table, with_none.to_dict("records"), key)
    return library_row(key, duration_s=DURATION_S, people=1, unknown_people=1, appearances=2, **film)


def _box(number: int) -> dict[str, float]:
    return {"left": 100.0 * number, "top": 50.0, "right": 100.0 * number + 80, "bottom": 130.0}


def _vector(number: int) -> list[float]:
    return [1.0 if index == number else 0.0 for index in range(8)]


def reviewed_settings(folder: Path) -> Settings:
    """Settings of a data folder in `folder` whose published library has the reviewed film alone."""
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    store(settings.lake, "library", [store_reviewed_film(settings.lake)])
    publish(settings.lake, settings.library)
    return settings
