"""Which way of comparing faces does best on the galleries there are."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from dagster import AssetsDefinition, DataVersion, MetadataValue, Output, asset

from wios_assets.assets.common import OWNERS, code_version, picture, sentence
from wios_assets.naming.selection import SelectionOptions, compare_recognisers

SHOWN = 15


def selection_assets() -> list[AssetsDefinition]:
    """The asset `recogniser_selection`."""
    options = SelectionOptions()

    @asset(
        group_name="evaluation",
        kinds={"scikitlearn", "parquet"},
        owners=OWNERS,
        description=f"{sentence('recogniser_selection')} Embeddings are computed once, with the galleries.",
        code_version=code_version(1, options),
    )
    def recogniser_selection(gallery_embeddings: pd.DataFrame) -> Iterator[Any]:
        from wios_assets.naming.selection_picture import selection_picture

        found = compare_recognisers(gallery_embeddings, options)
        rows = found.settings.copy()
        winner = found.winner.name if found.winner else None
        rows.insert(0, "place", range(1, len(rows) + 1))
        rows["chosen"] = rows["recogniser"] == winner
        shown = rows[["place", "recogniser", "top1", "top1_spread", "top3", "true_acceptance", "usable"]].head(SHOWN)
        yield Output(
            rows,
            # Names depend on the winner alone: another table with the same one leaves them fresh.
            data_version=DataVersion(winner or "none"),
            metadata={
                "winner": winner or "none: too few people or pictures",
                "best": MetadataValue.md(shown.to_markdown(index=False, floatfmt=".4f")),
                "plots": picture(selection_picture(found), "accuracy by recogniser, acceptance curves"),
                "actors": MetadataValue.md(found.actors.head(60).to_markdown(index=False, floatfmt=".3f")),
            },
        )

    return [recogniser_selection]
