"""A library of a dozen invented films as their runs leave it, with tables over all films and some days of questions."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from wios_assets.definitions import build_definitions
from wios_assets.lake.prediction_log import Answer, PredictionLog
from wios_assets.lake.stamps import keep_analysis_time
from wios_assets.lake.store import write_rows
from wios_assets.publish.answers import server_log
from wios_assets.publish.publisher import open_publisher
from wios_assets.settings import Settings
from wios_assets.tables import FILM_TABLES, MINUTE_APPEARANCES, SCREEN_TIME
from wios_assets.timeline.minutes import minute_appearances, screen_time
from wios_assets_tests.sample_lake import library_row, store

PEOPLE = (
    "Grace Hopper", "Eileen Collins", "Ada Lovelace", "Emmy Noether", "Mary Jackson", "Hedy Lamarr", "Zoë Q",
    "Averil Mean", "Katherine Johnson", "Radia Perlman", "Annie Easley", "Margaret Hamilton",
)  # fmt: skip
FILMS = (
    ("The Compiler", 1959), ("Second Orbit", 1963), ("Engine of Difference", 1968), ("Invariant", 1974),
    ("Frequency", 1979), ("The Long Burn", 1984), ("Spanning Tree", 1988), ("Priority Display", 1992),
    ("Night Landing", 1997), ("Return of the Compiler", 2003), ("Hangar 9", 2011), ("Low Light", 2018),
)  # fmt: skip
WITHOUT_PHOTOS = 11
"""Number of the film whose cast had no photos: most of its people stayed unknown."""
APPEARANCES, QUESTIONS, DAYS = 240, 600, 5
NEWEST_QUESTION = datetime(2026, 3, 8, 23, tzinfo=UTC)


def key_of(number: int) -> str:
    title, year = FILMS[number]
    return f"{title} ({year})"


def fill_library(lake: Path) -> None:
    """Store every film's tables, and `library`."""
    rows = [_store_film(lake, number) for number in range(len(FILMS))]
    store(lake, "library", rows)


def refine_and_publish(settings: Settings) -> None:
    """Make the tables over all films with Spark, and publish everything to the server of the settings."""
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(settings).resolve_job_def("refined_tables")
        assert job.execute_in_process(instance=instance).success
    with open_publisher(settings) as publisher:
        assert publisher.catch_up().problems == []
    log = PredictionLog(settings.lake, QUESTIONS, server_log(settings))
    for answer in _answers():
        log.note(answer)
    log.close()


def _store_film(lake: Path, number: int) -> dict[str, Any]:
    """Store one film, and give its row of `library`."""
    key, (title, year) = key_of(number), FILMS[number]
    rng = np.random.default_rng(number)
    duration_s = float(rng.integers(80, 130)) * 60
    members = rng.choice(len(PEOPLE), 7, replace=False).tolist()
    nconsts = {PEOPLE[person]: f"nm{person + 1:07d}" for person in members}
    unknown = ["unknown:1", "unknown:2"]
    weights = np.array([*(0.9 / np.arange(1, 8)), 0.05, 0.05])
    if number == WITHOUT_PHOTOS:
        weights[2:7], weights[7:] = 0.02, 1.0
    starts = np.sort(rng.uniform(0, duration_s - 60, APPEARANCES))
    who = rng.choice([*nconsts, *unknown], APPEARANCES, p=weights / weights.sum()).tolist()
    spans = zip(who, starts.tolist(), (starts + rng.gamma(2.0, 8.0, APPEARANCES)).tolist(), strict=True)
    rows: list[dict[str, Any]] = [
        {
            "appearance": n, "actor": actor, "nconst": nconsts.get(actor), "start_s": start, "end_s": end,
            "kind": "cast" if actor in nconsts else "unknown", "shot": n, "tracks": [n],
            "probability": 0.93 + 0.05 * float(rng.random()) if actor in nconsts else 0.0,
        }
        for n, (actor, start, end) in enumerate(spans)
    ]  # fmt: skip
    for table in FILM_TABLES:
        store(lake, table, [], key)
    film = {"path": f"/films/{key}.mkv", "title": title, "year": year, "duration_s": duration_s}
    store(lake, "film", [film], key)
    cast = [{"billing": n, "actor": actor, "nconst": nconst} for n, (actor, nconst) in enumerate(nconsts.items(), 1)]
    store(lake, "cast", cast, key)
    store(lake, "appearances", rows, key)
    cuts = np.linspace(0, duration_s, int(duration_s / 60 * rng.uniform(6, 14)))
    shots = [{"shot": n, "start_s": a, "end_s": b} for n, (a, b) in enumerate(pairwise(cuts.tolist()))]
    store(lake, "shots", shots, key)
    samples = [{"sample": n, "faces": n % 3, "outcome": "analysed"} for n in range(int(duration_s))]
    store(lake, "frame_samples", samples, key)
    tracks = [{"track": n, "start_s": row["start_s"], "end_s": row["end_s"]} for n, row in enumerate(rows)]
    weak = rng.random(APPEARANCES) < 0.06
    names = [
        {"track": n, "actor": row["actor"], "model_hash": "m"}
        | {"decision": "weak" if weak[n] else "named" if row["kind"] == "cast" else "unknown"}
        for n, row in enumerate(rows)
    ]
    store(lake, "face_tracks", tracks, key)
    store(lake, "track_names", names, key)
    store(lake, "face_embeddings", [{"face": 0, "engine": "onnx"}], key)
    keep_analysis_time(lake, key, duration_s / 9)
    frame = pd.DataFrame([{**row, "character": None} for row in rows])
    minutes, totals = minute_appearances(frame, duration_s), screen_time(frame, duration_s)
    write_rows(lake, MINUTE_APPEARANCES, minutes, key)
    write_rows(lake, SCREEN_TIME, totals, key)
    named = totals["kind"] == "cast"
    figures = {"people": int(named.sum()), "unknown_people": int((~named).sum()), "appearances": APPEARANCES}
    return library_row(key, **film, **figures, named_seconds=float(totals.loc[named, "seconds"].sum()))


def _answers() -> list[Answer]:
    """Questions over some days, most of them in the evening and about the first films."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, len(FILMS) + 1)
    films = rng.choice(len(FILMS), QUESTIONS, p=weights / weights.sum()).tolist()
    hours_ago = np.sort(rng.integers(0, DAYS, QUESTIONS) * 24 + np.clip(rng.gamma(2.0, 1.6, QUESTIONS), 0, 23))[::-1]
    return [
        Answer(
            NEWEST_QUESTION.timestamp() - ago * 3600, key_of(film), 60.0, [PEOPLE[0]], [0.97], "m", "s", "page", 0.004
        )
        for film, ago in zip(films, hours_ago.tolist(), strict=True)
    ]
