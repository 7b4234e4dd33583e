"""Films, the one dimension that assets are partitioned by."""

from dagster import DynamicPartitionsDefinition

films = DynamicPartitionsDefinition(name="film")
