"""The figures of one film, from its tables."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.timeline.spans import MINUTE_S

DECISIONS = ("named", "unknown", "weak")


def film_figures(
    film: dict[str, Any],
    *,
    appearances: pa.Table,
    shots: int,
    frame_samples: pa.Table,
    face_tracks: pa.Table,
    track_names: pa.Table,
) -> dict[str, Any]:
    """Columns of `refined/film_statistics` that follow from a film's tables.

    Args:
        film: the film's row of the table `film`, with its key `film`.
        appearances: actor, kind, start_s, end_s, probability.
        shots: number of shots.
        frame_samples: faces, outcome.
        face_tracks: track, start_s, end_s.
        track_names: track, decision, model_hash.
    """
    minutes = (film["duration_s"] or 0.0) / MINUTE_S
    samples = frame_samples.num_rows
    return {
        **{name: film[name] for name in ("film", "title", "year", "duration_s")},
        **_people(appearances),
        "shots": shots,
        "cuts_per_minute": max(shots - 1, 0) / minutes if minutes > 0 else None,
        "samples": samples,
        "faces_per_sample": pc.mean(frame_samples["faces"]).as_py(),
        "unreadable_share": _sum(pc.equal(frame_samples["outcome"], "unreadable")) / samples if samples else None,
        **_shares(face_tracks, track_names),
    }


def _people(appearances: pa.Table) -> dict[str, Any]:
    cast = appearances.filter(pc.equal(appearances["kind"], "cast"))
    unknown = appearances.filter(pc.equal(appearances["kind"], "unknown"))
    sure = cast.filter(pc.is_valid(cast["probability"]))
    seconds = pc.subtract(sure["end_s"], sure["start_s"])
    total_s = _sum(seconds)
    return {
        "people": pc.count_distinct(cast["actor"]).as_py(),
        "unknown_people": pc.count_distinct(unknown["actor"]).as_py(),
        "mean_probability": _sum(pc.multiply(sure["probability"], seconds)) / total_s if total_s > 0 else None,
    }


def _shares(face_tracks: pa.Table, track_names: pa.Table) -> dict[str, Any]:
    """Share of the tracks' seconds by decision; None without tracks."""
    index = pc.index_in(face_tracks["track"], value_set=track_names["track"])
    tracks, names = face_tracks.filter(pc.is_valid(index)), track_names.take(index.drop_null())
    seconds = pc.subtract(tracks["end_s"], tracks["start_s"])
    total_s = _sum(seconds)
    shares = {
        decision: _sum(seconds.filter(pc.equal(names["decision"], decision))) / total_s if total_s > 0 else None
        for decision in DECISIONS
    }
    return {
        **{f"{decision}_share": share for decision, share in shares.items()},
        "model_hash": pc.max(names["model_hash"]).as_py(),
    }


def _sum(values: Any) -> float:
    return float(pc.sum(values).as_py() or 0.0)
