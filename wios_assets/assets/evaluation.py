"""How right a film's map is, where the truth is known, and which recogniser does best on the galleries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from wios_assets.assets.common import check, code_version, film_table, picture
from wios_assets.assets.film_files import TRUTH
from wios_assets.films.entry import film_source
from wios_assets.reviews.accepted import fallen, read_accepted
from wios_assets.settings import Settings
from wios_assets.timeline.evaluation import Evaluation, evaluate
from wios_assets.timeline.truth import in_names_of_cast, read_truth, truth_path

FILM_SCOPE = "film"
CHECK = "no_worse_than_accepted"


def evaluation_rows(found: Evaluation) -> pd.DataFrame:
    """The rows of the table `evaluation`, without `film`."""
    rows = [(FILM_SCOPE, name, value) for name, value in found.figures.items()]
    rows += [
        (row["actor"], name, row[name])
        for row in found.actors.to_dict("records")
        for name in ("seconds_true", "seconds_named", "precision", "recall", "f1", "zones", "zone_precision")
    ]
    rows += [
        (f"top:{row['top']}", name, row[name]) for row in found.top.to_dict("records") for name in ("longest", "surest")
    ]
    return pd.DataFrame(rows, columns=["scope", "figure", "value"])


def film_figures(rows: pd.DataFrame) -> dict[str, float]:
    """The film's own figures among the rows of `evaluation`."""
    own = rows[rows["scope"] == FILM_SCOPE]
    return dict(zip(own["figure"], own["value"].astype(float), strict=True))


def evaluation_assets() -> list[AssetsDefinition]:
    """The asset `evaluation`, with the check that holds it against the last accepted figures."""

    @asset(
        **film_table("evaluation", "evaluation", code_version(1), warning=[CHECK]), deps=[TRUTH], output_required=False
    )
    def evaluation(
        context: AssetExecutionContext,
        appearances: pd.DataFrame,
        cast: pd.DataFrame,
        face_embeddings: pd.DataFrame,
        settings: ResourceParam[Settings],
    ) -> Iterator[Any]:
        from wios_assets.timeline.evaluation_pictures import evaluation_picture, mistakes_picture

        film = context.partition_key
        path = truth_path(Path(film_source(settings, film)[0].path))
        if not path.is_file():
            context.log.info(f"{path}: no truth, nothing to evaluate")
            yield check(CHECK, "evaluation", [], warn=True, held="nothing, there is no truth")
            return
        found = evaluate(in_names_of_cast(read_truth(path), cast), appearances)
        chips = dict(zip(face_embeddings["face"].tolist(), face_embeddings["chip"].tolist(), strict=True))
        yield Output(
            evaluation_rows(found),
            metadata={
                "figures": MetadataValue.md(pd.Series(found.figures, name="value").to_markdown()),
                "curves": picture(evaluation_picture(found, film), "precision and recall, reliability, top intervals"),
                "worst mistakes": picture(mistakes_picture(found.mistakes, chips, film), "worst mistakes"),
                "actors": MetadataValue.md(found.actors.to_markdown(index=False)),
                "truth": MetadataValue.path(path),
            },
        )

        accepted = read_accepted(settings.data, film)
        yield check(
            CHECK, "evaluation", fallen(found.figures, accepted), warn=True, held=", ".join(accepted) or "nothing"
        )

    return [evaluation]
