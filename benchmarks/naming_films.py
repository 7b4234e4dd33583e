"""The development films that have truth, looked at with the settings' defaults."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wios_assets.assets.options import footage_options
from wios_assets.settings import load_settings
from wios_assets.timeline.truth import read_truth
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.records import record_tables
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.shots import shot_of, shots_table
from wios_assets.vision.tracks import TrackOptions, link_tracks
from wios_assets.vision.video import probe


@dataclass(frozen=True)
class Film:
    """A film's tables, its cast and its truth."""

    path: Path
    cast: tuple[str, ...]
    truth: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    tracks: pd.DataFrame


def films(folder: Path, engine: FaceEngine) -> dict[str, Film]:
    """Every film and clip that has truth, looked at."""
    found = {}
    for part in ("films", "clips"):
        with (folder / part / "cast.csv").open(encoding="utf-8-sig") as file:
            casts = {row["clip"]: tuple(row["cast"].split(";")) for row in csv.DictReader(file)}
        for name, cast in casts.items():
            path = folder / part / name
            tables, tracks = looked_at(path, engine)
            found[path.stem] = Film(path, cast, read_truth(folder / part / "truth.csv", name), tables, tracks)
    return found


def looked_at(path: Path, engine: FaceEngine) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of the one pass over a film, and its tracks."""
    settings = load_settings()
    video = probe(path)
    options = footage_options(settings, settings.samples_per_second)
    segments = plan_segments(video.duration_s, options.samples_per_second, settings.footage.segment_seconds, 1)
    records = [record for segment in segments for record in analyse_segment(video, segment, engine, options)]
    tables = {name: table.to_pandas() for name, table in record_tables(records, engine).items()}
    cuts, samples = sorted(tables.pop("cuts")["cut_s"]), tables["frame_samples"]
    samples["shot"] = shot_of(samples["time_s"].to_numpy(), cuts)
    tables["shots"] = shots_table(cuts, video.duration_s, samples["time_s"].to_numpy())
    tracks = link_tracks(
        tables["faces"], tables["face_embeddings"], tables["shots"], samples, video.height, TrackOptions()
    )
    return tables, tracks.astype({"best_face": object})


def visible(film: Film, track: pd.Series, near_s: float) -> set[str]:
    """People whom the truth has on screen within `near_s` seconds of a track; a negative one shortens the track."""
    rows = film.truth
    near = rows[(rows["end_s"] > track["start_s"] - near_s) & (rows["start_s"] < track["end_s"] + near_s)]
    return set(near["person"])
