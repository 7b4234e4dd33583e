"""Films, the one dimension that assets are partitioned by."""

from dagster import DynamicPartitionsDefinition

FILM = "film"

films = DynamicPartitionsDefinition(name=FILM)
