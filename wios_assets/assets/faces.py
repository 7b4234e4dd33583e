"""Faces linked into tracks."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from dagster import AssetsDefinition, Output, asset

from wios_assets.assets.common import check, code_version, film_table
from wios_assets.assets.options import track_options
from wios_assets.vision.tracks import link_tracks


def face_assets() -> list[AssetsDefinition]:
    """The asset `face_tracks`."""
    options = track_options()

    @asset(**film_table("face_tracks", "faces", code_version(1, options), ["every_face_in_one_track"]))
    def face_tracks(
        faces: pd.DataFrame,
        face_embeddings: pd.DataFrame,
        shots: pd.DataFrame,
        frame_samples: pd.DataFrame,
        film: pd.DataFrame,
    ) -> Iterator[Any]:
        tracks = link_tracks(faces, face_embeddings, shots, frame_samples, float(film["height"].iloc[0]), options)
        yield Output(
            tracks,
            metadata={
                "tracks with an embedding": int(tracks["best_face"].notna().sum()),
                "median samples a track": float(tracks["samples"].median()) if len(tracks) else 0.0,
            },
        )
        placed = tracks["faces"].explode().dropna()
        wrong = sorted(set(faces["face"]) ^ set(placed)) + placed[placed.duplicated()].tolist()
        yield check("every_face_in_one_track", "face_tracks", wrong)

    return [face_tracks]
