"""`wios clean`: says what it would remove, and removes only what nothing needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wios_assets.lake.store import STAGING, staging_folder
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.sample_lake import fill, library_row


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def leave(folder: Path, name: str, age_s: float = 0.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(b"x" * 1500)
    os.utime(file, (time.time() - age_s,) * 2)
    return file


def test_nothing_is_removed_where_nothing_is_left_over(wios: Wios) -> None:
    fill(wios.settings.lake, library_row("007"))
    assert wios("clean").out == "nothing to remove\n"


def test_what_is_left_over_is_listed_and_removed_once_that_is_confirmed(wios: Wios) -> None:
    settings = wios.settings
    fill(settings.lake, library_row("007"))
    kept = {file: file.read_bytes() for file in settings.lake.rglob("*.parquet")}
    old_run, young_run = settings.dagster / "logs" / "old", settings.dagster / "logs" / "young"
    gone = [
        leave(settings.lake / STAGING / "0123456789ab", "part-0.parquet"),
        leave(settings.cache / "posters", "a.jpg"),
        leave(settings.dagster / "services" / "logs", "page.log.1"),
        leave(old_run / "compute_logs", "a.err", age_s=40 * 86400),
        leave(settings.dagster / "damaged" / "20261129-120000", "runs.db"),
    ]
    stays = [
        leave(settings.dagster / "services" / "logs", "page.log"),
        leave(young_run / "compute_logs", "a.err"),
        leave(settings.data / "backups" / "20261129-120000", "0"),
        leave(settings.cache, "model.onnx"),
    ]
    with staging_folder(settings.lake) as in_use:
        leave(in_use, "rows")
        # The staging folder of a run clears the abandoned ones away itself.
        leave(settings.lake / STAGING / "0123456789ab", "part-0.parquet")
        refused = wios("clean")
        assert refused.code == 1
        assert "half-finished work of killed processes" in refused.out
        assert "posters and previews, which the page makes again (1)" in refused.out
        assert all(file.exists() for file in gone)
        done = wios("clean", "--yes")
        assert done.code == 0
        assert "removed: 8 kB" in done.out
        assert (in_use / "rows").is_file()
    assert not [file for file in gone if file.exists()]
    assert all(file.exists() for file in stays)
    assert {file: file.read_bytes() for file in settings.lake.rglob("*.parquet")} == kept
    assert wios("clean").out == "nothing to remove\n"
    assert wios("clean", "--yes", "--backups").code == 0
    assert [file.exists() for file in stays] == [True, True, False, True]
