"""Paths of one machine on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.errors import BadInput
from wios_assets.lake.roots import ROOTS, Roots
from wios_assets.settings import load_settings


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Roots:
    """The folders of a driver whose lake lies outside its data; the settings of this machine name none."""
    for name in ROOTS:
        monkeypatch.delenv(f"WIOS_{name.upper()}", raising=False)
    monkeypatch.setenv("WIOS_CONFIG", str(tmp_path / "none.yaml"))
    return Roots.of(load_settings(data=tmp_path / "driver", lake=tmp_path / "share/lake", cache=tmp_path / "own"))


def test_a_worker_whose_settings_name_nothing_has_the_drivers_folders_and_its_own_cache(
    driver: Roots, tmp_path: Path
) -> None:
    here = driver.of_this_machine()
    for path in (tmp_path / "driver/films/A (1999).mkv", tmp_path / "share/lake/faces", tmp_path / "driver/x"):
        assert driver.translated(path, here) == path
    assert driver.translated(tmp_path / "own/models", here) == load_settings().cache / "models"


def test_a_worker_takes_the_folders_that_its_own_settings_name(
    driver: Roots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIOS_FILMS", "/mnt/video")
    monkeypatch.setenv("WIOS_LAKE", "/mnt/lake")
    here = driver.of_this_machine()
    assert driver.translated(tmp_path / "driver/films/A (1999).mkv", here) == Path("/mnt/video/A (1999).mkv")
    assert driver.translated(tmp_path / "share/lake/.staging/1", here) == Path("/mnt/lake/.staging/1")
    assert driver.translated(tmp_path / "driver/galleries/A", here) == tmp_path / "driver/galleries/A"


def test_a_worker_that_names_its_data_folder_has_all_folders_in_it(
    driver: Roots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIOS_DATA", "/srv/wios")
    here = driver.of_this_machine()
    assert driver.translated(tmp_path / "driver/films/A.mkv", here) == Path("/srv/wios/films/A.mkv")
    assert driver.translated(tmp_path / "share/lake/x", here) == Path("/srv/wios/lake/x")
    assert driver.translated(tmp_path / "driver/else", here) == Path("/srv/wios/else")


def test_a_path_outside_all_folders_stays(driver: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_DATA", "/srv/wios")
    assert driver.translated(Path("/media/disk/A.mkv"), driver.of_this_machine()) == Path("/media/disk/A.mkv")


def test_settings_of_a_worker_that_are_not_usable_are_named(driver: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_LAKE", "s3a://bucket")
    with pytest.raises(BadInput, match="WIOS_LAKE"):
        driver.of_this_machine()
