"""Schedules: runs at a fixed time of day, on the machine's clock."""

from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
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
        execution_timezone=machine_time_zone(),
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


def machine_time_zone() -> str:
    """IANA name of the machine's time zone.

    Where the system gives no name, as with a copied /etc/localtime or a TZ in POSIX form, the zone of the present
    offset in whole hours, which does not change with daylight saving time.
    """
    now = datetime.now().astimezone()
    offset = now.utcoffset() or timedelta()
    with suppress(ZoneInfoNotFoundError, ValueError):
        name = tzlocal.get_localzone_name()
        if name and now.astimezone(ZoneInfo(name)).utcoffset() == offset:
            return name
    hours = round(offset / timedelta(hours=1))
    # The signs of these names are reversed (https://data.iana.org/time-zones/tzdb/etcetera).
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"
