"""The project's assets as `dagster.materialize` takes them."""

from __future__ import annotations

import dagster as dg


def materializable(definitions: dg.Definitions) -> list[dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset]:
    """Every asset and source of the definitions."""
    assets = []
    for asset in definitions.assets or ():
        assert isinstance(asset, dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset)
        assets.append(asset)
    return assets
