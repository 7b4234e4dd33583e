"""What Dagster loads: the assets and checks of `wios_assets.assets`, their resources, jobs, sensors and schedules."""

import inspect
from pathlib import Path

import dagster as dg

from wios_assets.assets import (
    appearances,
    evaluation,
    film_files,
    filmography,
    films,
    footage,
    galleries,
    imdb,
    imdb_rows,
    library,
    outliers,
    player_files,
    published,
    recognisers,
    refined,
)
from wios_assets.assets.film_io_manager import FilmIOManager
from wios_assets.assets.versions import versioned
from wios_assets.automation.jobs import JOBS
from wios_assets.automation.publishing import publish_sensor
from wios_assets.automation.recognising import recogniser_sensor, recogniser_weekly
from wios_assets.automation.refining import refined_sensor
from wios_assets.automation.schedules import imdb_daily
from wios_assets.automation.sensors import decisions_sensor, imdb_sensor, inbox_sensor, photos_sensor
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.settings import Settings, current_settings

MODULES = [
    *(imdb, filmography, imdb_rows, film_files, films, galleries, footage),
    *(appearances, evaluation, recognisers, player_files, library, refined, outliers, published),
]


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything that Dagster knows of the project.

    The assets are the modules' own. The settings decide their code versions, the resources, and how often sensors look.
    """
    spark = SparkSessionResource.of(settings)
    return dg.Definitions(
        assets=[
            _with_source(versioned(asset, settings)) if isinstance(asset, dg.AssetsDefinition) else asset
            for asset in dg.load_assets_from_modules(MODULES, include_specs=True)
        ],
        asset_checks=dg.load_asset_checks_from_modules(MODULES),
        resources={
            "settings": dg.ResourceDefinition.hardcoded_resource(settings),
            "spark": spark,
            "io_manager": FilmIOManager(data=str(settings.data), lake=str(settings.lake), spark=spark),
        },
        jobs=JOBS,
        schedules=[imdb_daily(settings), recogniser_weekly(settings)],
        sensors=[
            inbox_sensor(settings),
            imdb_sensor(settings),
            decisions_sensor(settings),
            photos_sensor(settings),
            refined_sensor(settings),
            publish_sensor(settings),
            recogniser_sensor(settings),
        ],
        # A process a step would start a JVM a step; the cores are Spark's.
        executor=dg.in_process_executor,
    )


def _with_source(assets: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The assets with a link to their function's source. Dagster's own helper stops at the outermost decorator."""
    # `@dg.asset` makes no other kind of compute function.
    function = inspect.unwrap(assets.op.compute_fn.decorated_fn)  # type: ignore[union-attr]
    reference = dg.LocalFileCodeReference(
        file_path=str(Path(function.__code__.co_filename).resolve()), line_number=function.__code__.co_firstlineno
    )
    references = dg.CodeReferencesMetadataValue(code_references=[reference])
    return assets.map_asset_specs(
        lambda spec: spec.replace_attributes(metadata={**spec.metadata, "dagster/code_references": references})
    )


defs = build_definitions(current_settings())
