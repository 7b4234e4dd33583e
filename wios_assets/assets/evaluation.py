"""A film's figures against its truth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from wios_assets.assets.film_files import TRUTH
from wios_assets.assets.results import check, picture
from wios_assets.assets.specs import film_spec
from wios_assets.failures import one_line_failures
from wios_assets.films.registry import film_source
from wios_assets.lake.store import read_rows
from wios_assets.partitions import films
from wios_assets.reviews.accepted import fallen, read_accepted
from wios_assets.settings import Settings
from wios_assets.tables import FACE_EMBEDDINGS
from wios_assets.timeline.evaluation import Evaluation, evaluate
from wios_assets.timeline.truth import in_names_of_cast, read_truth, truth_path

FILM_SCOPE = "film"
GROUP = "evaluation"


def evaluation_rows(result: Evaluation) -> pd.DataFrame:
    """The rows of the table `evaluation`, without `film`."""
    rows = [(FILM_SCOPE, name, value) for name, value in result.figures.items()]
    rows += [
        (row["actor"], name, row[name])
        for row in result.actors.to_dict("records")
        for name in ("seconds_true", "seconds_named", "precision", "recall", "f1", "zones", "zone_precision")
    ]
    rows += [
        (f"top:{row['top']}", name, row[name])
        for row in result.top.to_dict("records")
        for name in ("longest", "surest")
    ]
    return pd.DataFrame(rows, columns=["scope", "figure", "value"])


def film_figures(rows: pd.DataFrame) -> dict[str, float]:
    """The film's own figures among the rows of `evaluation`."""
    own = rows[rows["scope"] == FILM_SCOPE]
    return dict(zip(own["figure"], own["value"].astype(float), strict=True))


@dg.asset(
    **film_spec("evaluation", GROUP),
    code_version="1",
    deps=[TRUTH, dg.AssetKey(FACE_EMBEDDINGS.name)],
    output_required=False,
)
@one_line_failures
def evaluation(
    context: dg.AssetExecutionContext,
    appearances: pd.DataFrame,
    cast: pd.DataFrame,
    settings: dg.ResourceParam[Settings],
) -> Iterator[Any]:
    film = context.partition_key
    path = truth_path(Path(film_source(settings, film)[0].path))
    if not path.is_file():
        context.log.info(f"{path}: no truth, nothing to evaluate")
        return
    # Most films have no truth: those are spared matplotlib and all of their chips.
    from wios_assets.timeline.evaluation_pictures import evaluation_picture, mistakes_picture

    result = evaluate(in_names_of_cast(read_truth(path), cast), appearances)
    faces = read_rows(settings.lake, FACE_EMBEDDINGS, film)
    chips = dict(zip(faces["face"].to_pylist(), faces["chip"].to_pylist(), strict=True))
    yield dg.Output(
        evaluation_rows(result),
        metadata={
            "figures": dg.MetadataValue.md(pd.Series(result.figures, name="value").to_markdown()),
            "curves": picture(evaluation_picture(result, film), "precision and recall, reliability, top intervals"),
            "worst mistakes": picture(mistakes_picture(result.mistakes, chips, film), "worst mistakes"),
            "actors": dg.MetadataValue.md(result.actors.to_markdown(index=False)),
            "truth": dg.MetadataValue.path(path),
        },
    )


@dg.asset_check(
    asset="evaluation",
    partitions_def=films,
    description="No figure is below the one that `wios evaluate --accept` accepted last.",
)
def no_worse_than_accepted(
    context: dg.AssetCheckExecutionContext, evaluation: pd.DataFrame, settings: dg.ResourceParam[Settings]
) -> dg.AssetCheckResult:
    accepted = read_accepted(settings.data, context.partition_key)
    lower = fallen(film_figures(evaluation), accepted)
    return check("no_worse_than_accepted", "evaluation", lower, warn=True, held=", ".join(accepted) or "nothing")
