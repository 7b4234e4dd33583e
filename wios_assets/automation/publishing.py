"""The sensor that keeps the SQL server in step with the lake."""

import hashlib
import time

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from wios_assets.automation.jobs import publish
from wios_assets.automation.refining import any_run_is_left
from wios_assets.errors import WiosError
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings

REPEAT_S = 600
"""Time after which a run is requested again whose predecessor left the same differences, in seconds."""


def publish_sensor(settings: Settings) -> SensorDefinition:
    """Sees what differs between lake and server, and requests one run for all of it when no other run is left."""

    @sensor(
        job=publish,
        minimum_interval_seconds=settings.publish.sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description="Films and tables that differ from the SQL server's: they are published.",
    )
    def published_films(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        try:
            server = open_server(settings)
            if server is None:
                return SkipReason("publish.address names no SQL server")
            with open_publisher(settings, server) as publisher:
                differences = publisher.differences()
        except WiosError as error:
            return SkipReason(str(error))
        if not differences.number:
            return SkipReason("the server has what the lake has")
        if any_run_is_left(context.instance):
            return SkipReason(f"{differences.number} films and tables differ; waiting until no run is left")
        state = hashlib.sha256(repr(differences).encode()).hexdigest()[:20]
        return RunRequest(run_key=f"{state}-{time.time() // REPEAT_S:.0f}")

    return published_films
