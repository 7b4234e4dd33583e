"""Schedules: runs at a fixed time of day."""

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from wios_assets.automation.jobs import imdb_refresh
from wios_assets.errors import WiosError
from wios_assets.imdb.files import IMDB_FILES, find_file
from wios_assets.settings import Settings


def imdb_daily(settings: Settings) -> ScheduleDefinition:
    """Loads IMDB's files again, once a day; skipped where there are none and none are to be fetched."""

    @schedule(
        job=imdb_refresh,
        cron_schedule=f"0 {settings.imdb_load.refresh_hour} * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"Loads IMDB's files from {settings.imdb} again, once a day.",
    )
    def imdb_daily(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if settings.imdb_download:
            return RunRequest()
        try:
            for table in IMDB_FILES:
                find_file(settings.imdb, table)
        except WiosError as missing:
            return SkipReason(str(missing))
        return RunRequest()

    return imdb_daily
