"""What can be asked: the library of films and the published DuckDB file."""

import time
from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckSpec, AssetKey, AssetsDefinition, AssetSpec, MetadataValue, Output, ResourceParam, asset

from wios_assets.assets.common import OWNERS, check, code_version, sentence
from wios_assets.films.entry import index_path
from wios_assets.films.index import read_index
from wios_assets.lake.library import library_lock, library_rows, publish
from wios_assets.lake.store import STALE_STAGING_S, finished_films, remove_stale_staging
from wios_assets.settings import Settings, address
from wios_assets.tables import PREDICTION_LOG


def prediction_log_spec() -> AssetSpec:
    """What was answered to `who`, which the page writes outside of runs."""
    return AssetSpec(
        PREDICTION_LOG.name,
        group_name="library",
        kinds={"parquet"},
        owners=OWNERS,
        description=f"{sentence(PREDICTION_LOG.name)} The page logs it, outside of runs.",
        deps=[AssetKey("library")],
    )


def library_assets() -> list[AssetsDefinition | AssetSpec]:
    """The assets `library` and `prediction_log`."""

    @asset(
        group_name="library",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        description=f"{sentence('library')} Publishes the DuckDB file that commands and pages ask.",
        code_version=code_version(1),
        deps=[AssetKey(table) for table in ("film", "appearances", "minute_appearances", "screen_time")],
        check_specs=[AssetCheckSpec("every_finished_film_present", asset=AssetKey("library"))],
    )
    def library(settings: ResourceParam[Settings]) -> Iterator[Any]:
        lake = settings.lake
        present = {key for key, entry in read_index(index_path(settings)).films.items() if entry.present}
        with library_lock(lake):
            rows = library_rows(lake, present)
            yield Output(
                rows,
                metadata={
                    "films": rows.num_rows,
                    "published": MetadataValue.path(settings.library),
                    "page": MetadataValue.url(address(settings.page_host, settings.page_port)),
                    "films removed from the inbox": rows["present"].to_pylist().count(False),
                },
            )
            publish(lake, settings.library)
            remove_stale_staging(lake, STALE_STAGING_S, time.time())
        absent = sorted(set(finished_films(lake)) - set(rows["film"].to_pylist()))
        yield check("every_finished_film_present", "library", absent, warn=True)

    return [library, prediction_log_spec()]
