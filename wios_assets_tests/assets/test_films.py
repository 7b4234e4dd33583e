"""A film's first assets, called as functions on a real video file: no run and no instance."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from wios_assets.assets.films import cast, film
from wios_assets.assets.galleries import gallery
from wios_assets.films.registry import look_at_inbox
from wios_assets.films.sidecar import Sidecar, sidecar_path, write_sidecar
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.video_files import numbered_picture, write_film

HEAT = "Heat (1995)"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An inbox with one film whose cast stands in its sidecar, and no photos."""
    settings = load_settings(data=tmp_path / "data")
    path = settings.films / f"{HEAT}.mp4"
    path.parent.mkdir(parents=True)
    write_film(path, [numbered_picture(number) for number in range(10)])
    write_sidecar(sidecar_path(path), Sidecar(cast=["Al Pacino", "Robert De Niro"]))
    look_at_inbox(settings, settle_seconds=0)
    return settings


def outcome(results: object) -> tuple[pd.DataFrame, dict[str | None, bool]]:
    """The rows that an asset gave, and by check whether it passed."""
    assert isinstance(results, Iterable)
    given = list(results)
    (rows,) = [result.value for result in given if isinstance(result, dg.Output)]
    return rows, {result.check_name: result.passed for result in given if isinstance(result, dg.AssetCheckResult)}


def test_a_film_and_its_cast_follow_from_the_file_and_its_sidecar(settings: Settings) -> None:
    context = dg.build_asset_context(partition_key=HEAT)
    rows, checks = outcome(film(context, settings=settings))
    assert rows[["title", "year"]].values.tolist() == [["Heat", 1995]]
    assert checks == {"decodable": True, "title_known": False}
    people, checks = outcome(cast(context, film=rows, settings=settings))
    assert people["actor"].tolist() == ["Al Pacino", "Robert De Niro"]
    assert checks == {"at_least_one_actor": True, "names_fit_galleries": True}


def test_a_misspelt_name_in_the_sidecar_is_told_with_the_folder_it_may_mean(settings: Settings) -> None:
    (settings.galleries / "al_pacinno").mkdir(parents=True)
    context = dg.build_asset_context(partition_key=HEAT)
    rows, _ = outcome(film(context, settings=settings))
    results = cast(context, film=rows, settings=settings)
    assert isinstance(results, Iterable)
    checks = [each for each in results if isinstance(each, dg.AssetCheckResult)]
    (doubt,) = [each for each in checks if each.check_name == "names_fit_galleries"]
    assert (doubt.passed, doubt.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "'Al Pacino' has no gallery folder; did you mean 'al_pacinno'" in str(doubt.metadata)


def test_a_gallery_without_a_photo_of_anybody_fails_with_the_folders_looked_in(settings: Settings) -> None:
    context = dg.build_asset_context(partition_key=HEAT)
    rows, _ = outcome(film(context, settings=settings))
    people, _ = outcome(cast(context, film=rows, settings=settings))
    with pytest.raises(dg.Failure) as raised:
        outcome(gallery(context, cast=people, settings=settings))
    assert raised.value.description is not None
    assert f"film {HEAT!r}: no photos of any of its 2 actors in {settings.galleries}" in raised.value.description
    assert raised.value.metadata["kind"].value == "NotFound"
