"""The list of finished films, and the DuckDB file that is published for queries."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from wios_assets.assets.results import check
from wios_assets.assets.specs import COST, OWNERS, row_description, table_spec
from wios_assets.failures import one_line_failures
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import library_fault, library_lock, library_rows, publish
from wios_assets.lake.store import finished_films
from wios_assets.settings import Settings
from wios_assets.tables import PREDICTION_LOG

GROUP = "library"


@dg.asset(
    **table_spec(
        "library",
        GROUP,
        kinds={"duckdb", "parquet"},
        more="Publishes the DuckDB file that the command line and the page read, where it does not fit the lake.",
    ),
    code_version="1",
    deps=[dg.AssetKey(table) for table in ("film", "appearances", "minute_appearances", "screen_time")],
)
@one_line_failures
def library(settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    lake = settings.lake
    present = {key for key, entry in read_index(index_path(settings)).films.items() if entry.present}
    with library_lock(lake):
        rows = library_rows(lake, present)
        yield dg.Output(
            rows,
            metadata={
                "films": rows.num_rows,
                "published": dg.MetadataValue.path(settings.library),
                "films removed from the inbox": rows["present"].to_pylist().count(False),
            },
        )
        # It holds views alone, so one that fits the lake would be written as it is.
        if library_fault(settings) is not None:
            publish(lake, settings.library)


@dg.asset_check(asset="library", description="Each film whose map is finished has a row.")
def every_finished_film_present(library: pd.DataFrame, settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    absent = sorted(set(finished_films(settings.lake)) - set(library["film"]))
    return check("every_finished_film_present", "library", absent, warn=True)


prediction_log = dg.AssetSpec(
    PREDICTION_LOG.name,
    group_name=GROUP,
    kinds={"parquet"},
    owners=OWNERS,
    tags={COST: "light"},
    description=row_description(PREDICTION_LOG.name, "The page logs it, outside of runs."),
    deps=[library],
)
