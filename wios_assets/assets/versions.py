"""Code versions: a number beside each asset, raised by hand, and a hash of the options that decide its content.

The number stands in the asset's decorator. The options follow from the settings, so they are added when the
definitions are made: an asset becomes stale in Dagster once an option that it rests on has another value.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import dagster as dg

from wios_assets.assets.options import (
    engine_identity,
    footage_options,
    gallery_options,
    naming_options,
    track_options,
)
from wios_assets.naming.selection import SelectionOptions
from wios_assets.settings import Settings


def _footage(settings: Settings) -> list[Any]:
    return [engine_identity(settings), footage_options(settings, settings.samples_per_second)]


def _gallery(settings: Settings) -> list[Any]:
    tmdb = [["tmdb", settings.tmdb.profiles, settings.tmdb.tagged]] if settings.tmdb_key else []
    return [engine_identity(settings), gallery_options(settings), *tmdb]


OPTIONS: Mapping[str, Callable[[Settings], list[Any]]] = {
    "film": lambda settings: [settings.samples_per_second],
    "gallery_photos": _gallery,
    "gallery_embeddings": _gallery,
    "shots": _footage,
    "frame_samples": _footage,
    "faces": _footage,
    "face_embeddings": _footage,
    "face_tracks": lambda settings: [track_options()],
    "track_names": lambda settings: [
        naming_options(settings),
        settings.naming.recogniser,
        settings.naming.cohort_people,
    ],
    "recogniser_selection": lambda settings: [SelectionOptions()],
    "player_files": lambda settings: [settings.players.files],
    "filmography": lambda settings: [settings.director],
    "wanted": lambda settings: [settings.enough_photos],
}
"""The options that decide an asset's content, by the asset's key. An asset not listed has none."""


def with_options(number: str, asset: str, settings: Settings) -> str:
    """Code version of an asset: `number` from its decorator, and a hash of its options where it has any."""
    if asset not in OPTIONS:
        return number
    plain = [
        asdict(part) if is_dataclass(part) and not isinstance(part, type) else part for part in OPTIONS[asset](settings)
    ]
    return f"{number}-{hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:12]}"


def versioned(assets: dg.AssetsDefinition, settings: Settings) -> dg.AssetsDefinition:
    """The same assets with the code versions that these settings give them."""

    def with_version(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.code_version is None:
            return spec
        asset = spec.key.to_user_string()
        return spec.replace_attributes(code_version=with_options(spec.code_version, asset, settings))

    return assets.map_asset_specs(with_version)
