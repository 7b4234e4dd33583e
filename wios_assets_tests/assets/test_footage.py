"""Footage is kept only where its blocking checks passed; `force` analyses a film again; checks are per film."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from wios_assets.assets.footage import FootageConfig, footage
from wios_assets.definitions import build_definitions
from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import read_rows, write_rows
from wios_assets.runs.follow import warnings_of
from wios_assets.runs.launch import dagster_instance
from wios_assets.settings import Settings
from wios_assets.tables import APPEARANCES, FACE_EMBEDDINGS, FACES, FILM, FRAME_SAMPLES, SHOTS, TABLES, Table
from wios_assets_tests.assets.graph import materializable
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow

TABLES_OF_FOOTAGE = (SHOTS, FRAME_SAMPLES, FACES, FACE_EMBEDDINGS)


@pytest.fixture
def instance(finished: FinishedExample, tmp_path: Path) -> Iterator[tuple[Settings, dg.DagsterInstance]]:
    """The finished example's data and a Dagster instance of its own, for a test that changes them."""
    settings = copy_of(finished, tmp_path)
    with dagster_instance(settings) as opened:
        opened.add_dynamic_partitions("film", [finished.example.key])
        yield settings, opened


def lose_samples(settings: Settings, film: str) -> None:
    """Take every second sample out of a film's table, as no analysis does."""
    rows = read_rows(settings.lake, FRAME_SAMPLES, film)
    write_rows(settings.lake, FRAME_SAMPLES, rows.take(list(range(0, rows.num_rows, 2))), film)


def run_footage(
    settings: Settings, instance: dg.DagsterInstance, film: str, *, force: bool = False
) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(settings)
    launchpad = {"ops": {"footage": {"config": {"force": True}}}} if force else {}
    return dg.materialize(
        materializable(definitions),
        selection=[table.name for table in TABLES_OF_FOOTAGE],
        instance=instance,
        resources=definitions.resources,
        partition_key=film,
        run_config=launchpad,
        raise_on_error=False,
    )


def was_kept(result: dg.ExecuteInProcessResult) -> bool:
    samples = next(
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key == dg.AssetKey("frame_samples")
    )
    return "kept" in samples.metadata


def test_a_film_whose_blocking_check_fails_is_analysed_again_on_the_next_run(
    finished: FinishedExample, instance: tuple[Settings, dg.DagsterInstance]
) -> None:
    settings, opened = instance
    film = finished.example.key
    before = read_rows(settings.lake, FRAME_SAMPLES, film)
    lose_samples(settings, film)
    failed = run_footage(settings, opened, film)
    assert was_kept(failed)
    assert not failed.success
    checked = {check.check_name: check.passed for check in failed.get_asset_check_evaluations()}
    assert checked["film_covered"] is False
    again = run_footage(settings, opened, film)
    assert not was_kept(again)
    assert again.success
    assert read_rows(settings.lake, FRAME_SAMPLES, film).num_rows == before.num_rows
    assert was_kept(run_footage(settings, opened, film))


def test_force_analyses_a_film_again_that_would_be_kept(
    finished: FinishedExample, instance: tuple[Settings, dg.DagsterInstance]
) -> None:
    settings, opened = instance
    forced = run_footage(settings, opened, finished.example.key, force=True)
    assert forced.success
    assert not was_kept(forced)
    assert was_kept(run_footage(settings, opened, finished.example.key))


@pytest.mark.parametrize(("table", "kept_share"), [(FACES, 0.5), (SHOTS, 0.0), (FACE_EMBEDDINGS, 0.9)])
def test_footage_with_a_damaged_file_is_made_again_and_the_run_says_so(
    finished: FinishedExample, instance: tuple[Settings, dg.DagsterInstance], table: Table, kept_share: float
) -> None:
    settings, opened = instance
    film = finished.example.key
    before = read_rows(settings.lake, table, film)
    file = parquet_files(partition_folder(settings.lake, table.name, film))[0]
    os.truncate(file, int(file.stat().st_size * kept_share))
    result = run_footage(settings, opened, film)
    assert result.success
    assert not was_kept(result)
    assert read_rows(settings.lake, table, film).num_rows == before.num_rows
    (warning,) = warnings_of(opened, result.run_id)
    assert f"{table.name} cannot be read" in warning
    assert warning.endswith("the film is analysed again now")
    assert "\n" not in warning


def test_a_file_that_was_replaced_since_the_film_was_probed_is_refused(
    finished: FinishedExample, instance: tuple[Settings, dg.DagsterInstance]
) -> None:
    settings, opened = instance
    film = finished.example.key
    before = read_rows(settings.lake, FACES, film)
    row = read_rows(settings.lake, FILM, film).to_pandas()
    write_rows(settings.lake, FILM, row.assign(fingerprint="of another file"), film)
    result = run_footage(settings, opened, film)
    (failed,) = result.get_step_failure_events()
    said = failed.step_failure_data.user_failure_data
    assert said is not None
    assert "was changed while it was analysed" in str(said.description)
    assert read_rows(settings.lake, FACES, film).equals(before)


def test_one_films_pass_does_not_hide_another_films_failure(
    finished: FinishedExample, instance: tuple[Settings, dg.DagsterInstance]
) -> None:
    settings, opened = instance
    first, second = finished.example.key, "A second film"
    opened.add_dynamic_partitions("film", [second])
    definitions = build_definitions(settings)
    for table in ("film", "cast", "appearances"):
        rows = read_rows(settings.lake, TABLES[table], first).drop_columns("film")
        write_rows(settings.lake, TABLES[table], rows, second)
    late = read_rows(settings.lake, APPEARANCES, second).to_pandas()
    write_rows(settings.lake, APPEARANCES, late.assign(end_s=late["end_s"] + 1e6), second)
    key = dg.AssetCheckKey(dg.AssetKey("appearances"), "inside_the_film")
    job = dg.define_asset_job("inside", selection=dg.AssetSelection.checks(key))
    checks_alone = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("inside")
    for film, passes in ((second, False), (first, True)):
        result = checks_alone.execute_in_process(
            instance=opened, tags={"dagster/partition": film}, raise_on_error=False
        )
        assert result.success == passes
    history = opened.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert {record.partition: record.status.value for record in history} == {second: "FAILED", first: "SUCCEEDED"}


def test_footage_is_called_without_a_run(finished: FinishedExample, tmp_path: Path) -> None:
    settings = copy_of(finished, tmp_path)
    film = finished.example.key
    given = footage(
        dg.build_asset_context(partition_key=film),
        FootageConfig(),
        film=read_rows(settings.lake, FILM, film).to_pandas(),
        settings=settings,
        spark=SparkSessionResource.of(settings),
    )
    assert isinstance(given, Iterator)
    results = list(given)
    outputs = {result.output_name: result.value for result in results if isinstance(result, dg.Output)}
    assert set(outputs) == {table.name for table in TABLES_OF_FOOTAGE}
    assert all(result.passed for result in results if isinstance(result, dg.AssetCheckResult))
    pd.testing.assert_frame_equal(outputs["shots"], read_rows(settings.lake, SHOTS, film).to_pandas())
