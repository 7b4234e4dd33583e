"""What can be asked: the library of films and the published DuckDB file."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from dagster import AssetCheckSpec, AssetKey, AssetsDefinition, AssetSpec, MetadataValue, Output, ResourceParam, asset
from filelock import FileLock

from wios_assets.assets.common import OWNERS, check, code_version, sentence
from wios_assets.films.entry import index_path
from wios_assets.films.index import read_index
from wios_assets.lake.library import publish
from wios_assets.lake.paths import partition_keys
from wios_assets.lake.store import STALE_STAGING_S, remove_stale_staging
from wios_assets.settings import Settings, address
from wios_assets.tables import PREDICTION_LOG


def library_rows(film: pd.DataFrame, appearances: pd.DataFrame, present: set[str]) -> pd.DataFrame:
    """One row a film that has appearances; columns of the table `library`."""
    seconds = (appearances["end_s"] - appearances["start_s"]).where(appearances["kind"] == "cast", 0.0)
    by_film = appearances.assign(named_seconds=seconds).groupby("film")
    counts = pd.DataFrame(
        {
            "appearances": by_film.size(),
            "named_seconds": by_film["named_seconds"].sum(),
            "people": appearances[appearances["kind"] == "cast"].groupby("film")["actor"].nunique(),
            "unknown_people": appearances[appearances["kind"] == "unknown"].groupby("film")["actor"].nunique(),
        }
    )
    rows = film[["film", "title", "year", "tconst", "duration_s", "path"]].join(counts, on="film")
    for name in counts:
        rows[name] = rows[name].fillna(0)
    return rows.assign(present=rows["film"].isin(present)).sort_values("film", ignore_index=True)


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
        deps=[AssetKey("minute_appearances"), AssetKey("screen_time")],
        check_specs=[AssetCheckSpec("every_finished_film_present", asset=AssetKey("library"))],
    )
    def library(film: pd.DataFrame, appearances: pd.DataFrame, settings: ResourceParam[Settings]) -> Iterator[Any]:
        lake: Path = settings.lake
        finished = set(partition_keys(lake, "screen_time")) & set(partition_keys(lake, "minute_appearances"))
        index = read_index(index_path(settings))
        present = {key for key, entry in index.films.items() if entry.present}
        with FileLock(lake / ".library.lock", timeout=120):
            rows = library_rows(film[film["film"].isin(finished)], appearances, present)
            yield Output(
                rows,
                metadata={
                    "films": len(rows),
                    "published": MetadataValue.path(settings.library),
                    "page": MetadataValue.url(address(settings.page_host, settings.page_port)),
                    "films removed from the inbox": int((~rows["present"].astype(bool)).sum()),
                },
            )
            publish(lake, settings.library)
            remove_stale_staging(lake, STALE_STAGING_S, time.time())
        absent = sorted(finished - set(rows["film"]))
        yield check("every_finished_film_present", "library", absent, warn=True)

    return [library, prediction_log_spec()]
