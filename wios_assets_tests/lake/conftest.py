"""One real Spark session for all tests of the lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.lake.io_manager import SparkIOManager
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data", spark_master="local[2]")


@pytest.fixture
def io_manager(settings: Settings) -> SparkIOManager:
    return SparkIOManager(lake=str(settings.lake), spark=SparkSessionResource.of(settings))
