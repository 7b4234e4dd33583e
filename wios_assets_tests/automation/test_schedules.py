import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import RunRequest, SkipReason, build_schedule_context

from wios_assets.automation.schedules import imdb_daily
from wios_assets.imdb.files import IMDB_FILES
from wios_assets.settings import load_settings

pytestmark = pytest.mark.slow


def test_the_daily_load_is_skipped_where_files_are_missing_and_says_which(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    skipped = imdb_daily(settings)(build_schedule_context())
    assert isinstance(skipped, SkipReason)
    assert "there is no title.basics.tsv.gz" in str(skipped.skip_message)
    settings.imdb.mkdir(parents=True)
    for file in IMDB_FILES.values():
        (settings.imdb / f"{file.stem}.tsv").touch()
    assert isinstance(imdb_daily(settings)(build_schedule_context()), RunRequest)


@pytest.mark.parametrize("hour", [0, 23])
def test_the_daily_load_fetches_files_where_it_may_and_keeps_its_hour(tmp_path: Path, hour: int) -> None:
    settings = load_settings(data=tmp_path, imdb_download=True, imdb_load={"refresh_hour": hour})
    schedule = imdb_daily(settings)
    assert schedule.cron_schedule == f"0 {hour} * * *"
    assert isinstance(schedule(build_schedule_context()), RunRequest)


# Prints the zone, and the hour on the machine's clock of the next load in January and in July.
NEXT_LOADS = """
import sys, time
from datetime import UTC, datetime
from dagster._utils.schedules import schedule_execution_time_iterator
from wios_assets.automation.schedules import imdb_daily
from wios_assets.settings import load_settings
schedule = imdb_daily(load_settings(data=sys.argv[1], imdb_load={"refresh_hour": 4}))
zone = schedule.execution_timezone
hours = []
for month in (1, 7):
    noon = datetime(2026, month, 10, 12, tzinfo=UTC).timestamp()
    load = next(schedule_execution_time_iterator(noon, schedule.cron_schedule, zone))
    hours.append(time.localtime(load.timestamp()).tm_hour)
print(zone, *hours)
"""


@pytest.mark.parametrize(
    ("machine", "zone"),
    [
        ("America/New_York", "America/New_York"),
        ("Asia/Kathmandu", "Asia/Kathmandu"),
        (":/usr/share/zoneinfo/Australia/Sydney", "Australia/Sydney"),
        ("UTC", "UTC"),
        ("EST5", "Etc/GMT+5"),
        ("JST-9", "Etc/GMT-9"),
    ],
)
def test_the_hour_of_the_load_is_on_the_machines_clock(tmp_path: Path, machine: str, zone: str) -> None:
    command = [sys.executable, "-c", NEXT_LOADS, str(tmp_path)]
    shown = subprocess.run(command, env={**os.environ, "TZ": machine}, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [zone, "4", "4"], shown.stderr
