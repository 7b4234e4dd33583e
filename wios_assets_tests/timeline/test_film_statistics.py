from __future__ import annotations

from typing import Any

import pyarrow as pa

from wios_assets.tables import APPEARANCES, FACE_TRACKS, FRAME_SAMPLES, TRACK_NAMES, Table
from wios_assets.timeline.film_statistics import film_figures

FILM = {"film": "heat", "title": "Heat", "year": 1995, "duration_s": 600.0}


def rows(table: Table, *values: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(values), schema=table.stored_schema)


def test_the_figures_of_a_film_follow_from_its_tables() -> None:
    figures = film_figures(
        FILM,
        appearances=rows(
            APPEARANCES,
            {"actor": "Grace Hopper", "kind": "cast", "start_s": 0.0, "end_s": 3.0, "probability": 0.9},
            {"actor": "Grace Hopper", "kind": "cast", "start_s": 5.0, "end_s": 6.0, "probability": 0.5},
            {"actor": "Eileen Collins", "kind": "cast", "start_s": 5.0, "end_s": 9.0, "probability": None},
            {"actor": "unknown:1", "kind": "unknown", "start_s": 5.0, "end_s": 9.0, "probability": 0.0},
        ),
        shots=11,
        frame_samples=rows(
            FRAME_SAMPLES, *({"faces": n, "outcome": "unreadable" if n == 0 else "analysed"} for n in range(4))
        ),
        face_tracks=rows(FACE_TRACKS, *({"track": n, "start_s": 0.0, "end_s": 1.0 + n} for n in range(4))),
        track_names=rows(
            TRACK_NAMES,
            {"track": 3, "decision": "named", "model_hash": "m"},
            {"track": 0, "decision": "weak", "model_hash": "m"},
            {"track": 1, "decision": "unknown", "model_hash": "m"},
        ),
    )
    assert figures == {
        **FILM, "people": 2, "unknown_people": 1, "mean_probability": 0.8, "shots": 11, "cuts_per_minute": 1.0,
        "samples": 4, "faces_per_sample": 1.5, "unreadable_share": 0.25, "named_share": 4 / 7,
        "unknown_share": 2 / 7, "weak_share": 1 / 7, "model_hash": "m",
    }  # fmt: skip


def test_a_film_without_tracks_samples_or_a_length_has_no_shares() -> None:
    empty = {
        name: rows(table)
        for name, table in {
            "appearances": APPEARANCES, "frame_samples": FRAME_SAMPLES, "face_tracks": FACE_TRACKS,
            "track_names": TRACK_NAMES,
        }.items()
    }  # fmt: skip
    figures = film_figures({**FILM, "duration_s": None}, shots=0, **empty)
    missing = {name for name, value in figures.items() if value is None}
    assert missing == {
        "duration_s", "mean_probability", "cuts_per_minute", "faces_per_sample", "unreadable_share", "named_share",
        "unknown_share", "weak_share", "model_hash",
    }  # fmt: skip
    assert (figures["people"], figures["unknown_people"], figures["samples"]) == (0, 0, 0)
