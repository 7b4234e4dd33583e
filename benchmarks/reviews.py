"""Time that a reviewer waits for the list, a decision and the film's page, on a generated film of two hours.

python -m benchmarks.reviews
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import requests
import uvicorn

from wios_assets.lake.library import publish
from wios_assets.lake.store import write_rows
from wios_assets.page.app import build_application
from wios_assets.page.server import listen
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES, LIBRARY, TABLES
from wios_assets.timeline.film_timeline import film_timeline
from wios_assets.timeline.frames import table_frame

FILM = "long"
DURATION_S = 7200.0
TRACKS, ACTORS, UNKNOWN, FACES_A_TRACK, CHIPS_A_TRACK = 4000, 60, 40, 12, 4
MODEL = "0" * 16


def make_lake(settings: Settings) -> None:
    """Store the film's tables: a track a shot, a seventh of them weak, a seventh unknown people."""
    rng = np.random.default_rng(0)
    starts = np.linspace(0, DURATION_S - 2, TRACKS)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in FILM_TABLES}
    tables["cast"] = [{"billing": n + 1, "actor": f"Actor {n:02d}", "source": "imdb"} for n in range(ACTORS)]
    for track, start in enumerate(starts.tolist()):
        end, faces = start + 1.7, [track * FACES_A_TRACK + k for k in range(FACES_A_TRACK)]
        left = float(rng.uniform(0, 1500))
        for k, face in enumerate(faces):
            box = {"left": left, "top": 100.0, "right": left + 120, "bottom": 240.0}
            tables["faces"].append({"face": face, "sample": face, "time_s": start + k / 8, "tracklet": track, **box})
        for face in faces[:CHIPS_A_TRACK]:
            vector = rng.normal(size=128)
            embedding = (vector / np.linalg.norm(vector)).tolist()
            tables["face_embeddings"].append(
                {"face": face, "tracklet": track, "quality": 0.7, "embedding": embedding, "model_hash": MODEL}
            )
        span = {"start_s": start, "end_s": end, "samples": FACES_A_TRACK}
        tables["shots"].append({"shot": track, **span})
        embedded = {"faces": faces, "embedded_faces": faces[:CHIPS_A_TRACK], "best_face": faces[0]}
        tables["face_tracks"].append({"track": track, "shot": track, **span, **embedded, "height_share": 0.3})
        tables["track_names"].append({"track": track, **_name(track, rng), "model_hash": MODEL, "photos": []})
    tables["film"] = [{"path": "/films/long.mkv", "title": "Long", "duration_s": DURATION_S, "frame_rate": 25.0}]
    frames = {name: table_frame(tables[name], TABLES[name]) for name in tables}
    names, tracks, shots, cast = (frames[name] for name in ("track_names", "face_tracks", "shots", "cast"))
    timeline = film_timeline(names, tracks, shots, cast, DURATION_S)
    frames["appearances"] = timeline.appearances
    frames["minute_appearances"] = timeline.minutes
    frames["screen_time"] = timeline.screen_time
    for name, frame in frames.items():
        write_rows(settings.lake, TABLES[name], frame, FILM)
    row = {"film": FILM, "title": "Long", "duration_s": DURATION_S, "path": "/films/long.mkv", "present": True}
    row["named_seconds"] = 1.0
    counts = {"people": ACTORS, "unknown_people": UNKNOWN, "appearances": len(frames["appearances"])}
    write_rows(settings.lake, LIBRARY, pa.Table.from_pylist([{**row, **counts}], schema=LIBRARY.schema))
    publish(settings.lake, settings.library)


def _name(track: int, rng: np.random.Generator) -> dict[str, Any]:
    nearest = {"nearest": f"Actor {track % ACTORS:02d}", "distance": float(rng.uniform(0.2, 0.7))}
    if track % 7 == 0:
        return {**nearest, "decision": "weak", "actor": None, "probability": 0.4}
    if track % 7 == 1:
        return {**nearest, "decision": "unknown", "actor": f"unknown:{track % UNKNOWN + 1}", "probability": 0.9}
    return {**nearest, "decision": "named", "actor": nearest["nearest"], "probability": float(rng.uniform(0.9, 1))}


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The page's address while it is served; no run follows a decision."""
    application = build_application(settings, lambda settings, film: None)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", access_log=False))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=40, help="decisions that are made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder) / "data", cache=Path(folder) / "cache")
        make_lake(settings)
        with served(settings) as address:
            durations: dict[str, list[float]] = {name: [] for name in ("list", "decision", "film page", "undo")}

            def timed(name: str, ask: Callable[[], Any]) -> Any:
                started = time.perf_counter()
                answer = ask()
                durations[name].append(time.perf_counter() - started)
                answer.raise_for_status()
                return answer.json()

            path = f"{address}/api/films/{FILM}/reviews"
            for number in range(chosen.decisions):
                entry = timed("list", lambda: requests.get(path, timeout=60))["reviews"][0]
                content = {"verdict": "is", "person": "Actor 01", "tracks": entry["tracks"]}
                content["revision"] = entry["revision"]
                made = timed("decision", partial(requests.post, path, json=content, timeout=60))
                timed("film page", lambda: requests.get(f"{address}/data/{FILM}", timeout=60))
                if number % 4 == 0:
                    timed("undo", partial(requests.post, f"{path}/{made['id']}/undo", json={}, timeout=60))
    print("| step | first, s | median, s | slowest, s |\n| --- | --- | --- | --- |")
    for name, seconds in durations.items():
        print(f"| {name} | {seconds[0]:.2f} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")


if __name__ == "__main__":
    main()
