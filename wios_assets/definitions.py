"""Wiring only: settings → resources → definitions."""

from dagster import Definitions, ResourceDefinition, in_process_executor

from wios_assets.assets.appearances import appearance_assets
from wios_assets.assets.evaluation import evaluation_assets
from wios_assets.assets.faces import face_assets
from wios_assets.assets.film_files import film_file_specs
from wios_assets.assets.film_io_manager import FilmIOManager
from wios_assets.assets.filmography import filmography_assets
from wios_assets.assets.films import film_assets
from wios_assets.assets.footage import footage_assets
from wios_assets.assets.galleries import gallery_assets
from wios_assets.assets.imdb import imdb_assets
from wios_assets.assets.imdb_rows import own_row_specs
from wios_assets.assets.library import library_assets
from wios_assets.assets.selection import selection_assets
from wios_assets.automation.jobs import JOBS
from wios_assets.automation.schedules import imdb_daily
from wios_assets.automation.sensors import decisions_sensor, imdb_sensor, inbox_sensor, photos_sensor
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.settings import Settings, current_settings


def build_definitions(settings: Settings) -> Definitions:
    """Everything that Dagster knows of the project, for these settings."""
    spark = SparkSessionResource.of(settings)
    return Definitions(
        assets=[
            *imdb_assets(),
            *filmography_assets(settings),
            *own_row_specs(),
            *film_file_specs(),
            *film_assets(settings),
            *gallery_assets(settings),
            *footage_assets(settings),
            *face_assets(),
            *appearance_assets(settings),
            *selection_assets(),
            *library_assets(),
            *evaluation_assets(),
        ],
        resources={
            "settings": ResourceDefinition.hardcoded_resource(settings),
            "spark": spark,
            "io_manager": FilmIOManager(data=str(settings.data), lake=str(settings.lake), spark=spark),
        },
        jobs=JOBS,
        schedules=[imdb_daily(settings)],
        sensors=[inbox_sensor(settings), imdb_sensor(settings), decisions_sensor(settings), photos_sensor(settings)],
        # A process a step would start a JVM a step; the cores are Spark's.
        executor=in_process_executor,
    )


defs = build_definitions(current_settings())
