"""Faces linked into tracks."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from dagster import AssetCheckSpec, AssetKey, AssetsDefinition, Output, asset

from wios_assets.assets.common import OWNERS, check, code_version, sentence
from wios_assets.assets.options import track_options
from wios_assets.partitions import films
from wios_assets.vision.tracks import link_tracks


def face_assets() -> list[AssetsDefinition]:
    """The asset `face_tracks`."""
    options = track_options()

    @asset(
        partitions_def=films,
        group_name="faces",
        kinds={"python", "parquet"},
        owners=OWNERS,
        description=sentence("face_tracks"),
        code_version=code_version(1, options),
        check_specs=[AssetCheckSpec("every_face_in_one_track", asset=AssetKey("face_tracks"), blocking=True)],
    )
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
