from pathlib import Path

import pytest
from dagster import RunRequest, SkipReason, build_schedule_context

from wios_assets.automation.schedules import imdb_daily
from wios_assets.imdb.files import IMDB_FILES
from wios_assets.settings import load_settings


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
