import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagsterEventType,
    DagsterInstance,
    Definitions,
    materialize,
)
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from wios_assets.assets.results import PAGE_PATH
from wios_assets.definitions import build_definitions
from wios_assets.films.registry import look_at_inbox
from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.store import read_rows, table_place, write_rows
from wios_assets.runs.launch import dagster_instance, run_film
from wios_assets.settings import Settings, load_settings
from wios_assets.settings.groups import NamingSettings
from wios_assets.tables import APPEARANCES, CAST, FILM_TABLES, MINUTE_APPEARANCES, TABLES, TRACK_NAMES
from wios_assets.timeline.evaluation import evaluate
from wios_assets.timeline.truth import read_truth
from wios_assets_tests.assets.graph import materializable
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.page.served import serving

pytestmark = pytest.mark.slow


def test_every_asset_of_the_film_is_stored_with_the_tables_columns(finished: FinishedExample) -> None:
    for name in FILM_TABLES:
        rows = read_rows(finished.settings.lake, TABLES[name], finished.example.key)
        assert rows.schema.equals(TABLES[name].schema), name
        assert rows.num_rows, name


def test_every_check_of_the_film_passed(finished: FinishedExample) -> None:
    events = [
        event.dagster_event
        for run in finished.instance.get_runs()
        for event in finished.instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    evaluations = [event.asset_check_evaluation_data for event in events if event is not None]
    failed = {(check.asset_key.to_user_string(), check.check_name) for check in evaluations if not check.passed}
    assert len(evaluations) >= 20
    assert failed == set()


def test_the_cast_comes_from_imdb_with_characters_in_billing_order(finished: FinishedExample) -> None:
    cast = read_rows(finished.settings.lake, CAST, finished.example.key).to_pandas()
    assert set(cast["source"]) == {"imdb"}
    assert cast["billing"].tolist() == sorted(cast["billing"])
    assert cast["character"].notna().all()
    assert set(finished.example.absent) < set(cast["actor"])


def test_who_is_on_screen_is_right_almost_everywhere_and_the_absent_never(finished: FinishedExample) -> None:
    appearances = read_rows(finished.settings.lake, APPEARANCES, finished.example.key).to_pandas()
    figures = evaluate(read_truth(finished.example.truth), appearances).figures
    assert figures["precision"] >= 0.97
    assert figures["recall"] >= 0.9
    assert not set(finished.example.absent) & set(appearances["actor"])


def test_the_minute_map_has_every_minute_of_the_film(finished: FinishedExample) -> None:
    minutes = read_rows(finished.settings.lake, MINUTE_APPEARANCES, finished.example.key).to_pandas()
    assert set(minutes["minute"]) == set(range(int(finished.example.duration_s // 60) + 1))
    assert minutes["clock"].tolist() == sorted(minutes["clock"])


def test_every_materialization_carries_rows_schema_and_preview(finished: FinishedExample) -> None:
    for name in FILM_TABLES:
        event = finished.instance.get_latest_materialization_event(AssetKey(name.split("/")))
        assert event is not None
        materialization = event.asset_materialization
        assert isinstance(materialization, AssetMaterialization)
        assert {"dagster/row_count", "dagster/column_schema", "preview", "place"} <= set(materialization.metadata)


def test_pictures_are_shown_with_galleries_and_appearances(finished: FinishedExample) -> None:
    for name, start in (
        ("gallery_photos", "data:image/jpeg;base64,/9j/"),
        ("appearances", "data:image/svg+xml;base64,"),
    ):
        event = finished.instance.get_latest_materialization_event(AssetKey(name))
        assert event is not None
        assert event.asset_materialization is not None
        texts = [str(value.value) for value in event.asset_materialization.metadata.values()]
        assert any(start in text for text in texts), name


def test_screen_time_names_the_paths_of_the_films_page_and_report(finished: FinishedExample) -> None:
    event = finished.instance.get_latest_materialization_event(AssetKey("screen_time"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    with serving(finished.settings) as page:
        assert page.get(str(metadata[PAGE_PATH].value)).status_code == 200
        answer = page.get(str(metadata["path of the report"].value))
    assert answer.headers["content-type"].startswith("text/html")
    assert "Grace Hopper" in answer.text


def test_a_run_writes_the_films_files_for_players(finished: FinishedExample) -> None:
    files = {file.suffix for file in finished.settings.exports.glob(f"{finished.example.key}.wios.*")}
    assert files == {".json", ".vtt", ".bgra"}
    event = finished.instance.get_latest_materialization_event(AssetKey("player_files"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["where"].value == "exports"
    captions = (finished.settings.exports / f"{finished.example.key}.wios.vtt").read_text()
    assert "Eileen Collins · Grace Hopper" in captions


def contents(lake: Path, film: str) -> dict[str, pd.DataFrame]:
    """All tables of a film, without what names the folder that the data lies in."""
    paths = {"path", "photo", "photos", "gallery_folder"}
    tables = {name: read_rows(lake, TABLES[name], film) for name in FILM_TABLES}
    return {name: rows.drop_columns(list(paths & set(rows.column_names))).to_pandas() for name, rows in tables.items()}


def test_a_second_run_gives_the_same_tables_with_nothing_doubled(finished: FinishedExample, tmp_path: Path) -> None:
    settings = copy_of(finished, tmp_path)
    shutil.rmtree(settings.lake / ".footage")
    before = contents(settings.lake, finished.example.key)
    with dagster_instance(settings) as instance:
        run_film(settings, instance, finished.example.key, lambda progress, step: None)
    after = contents(settings.lake, finished.example.key)
    for name in FILM_TABLES:
        key = list(before[name].columns[:3])
        left = before[name].sort_values(key, ignore_index=True)
        right = after[name].sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(left, right, check_exact=False, rtol=1e-4, atol=1e-4)


def test_materialising_one_asset_of_one_film_changes_only_that_film(finished: FinishedExample, tmp_path: Path) -> None:
    settings = copy_of(finished, tmp_path)
    key, other = finished.example.key, "Another film"
    for name in FILM_TABLES:
        write_rows(settings.lake, TABLES[name], read_rows(settings.lake, TABLES[name], key).drop_columns("film"), other)
    before = {path: path.stat().st_mtime_ns for path in settings.lake.rglob("*.parquet")}
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", [key, other])
        name_again(build_definitions(settings), instance, key)
    after = {path: path.stat().st_mtime_ns for path in settings.lake.rglob("*.parquet")}
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == set(parquet_files(table_place(settings.lake, TRACK_NAMES, key)))


def test_arrow_and_pandas_see_the_same_rows(finished: FinishedExample) -> None:
    table = read_rows(finished.settings.lake, APPEARANCES, finished.example.key)
    assert isinstance(table, pa.Table)
    assert len(table.to_pandas()) == table.num_rows
    assert partition_folder(finished.settings.lake, "appearances", finished.example.key).is_dir()


def copy_of(finished: FinishedExample, folder: Path) -> Settings:
    """The finished example's data in a folder of its own, for a test that changes it."""
    data = folder / "data"
    shutil.copytree(finished.settings.data, data, ignore=shutil.ignore_patterns("dagster", "films.json"))
    settings = load_settings(data=data, spark_master="local[2]")
    look_at_inbox(settings, settle_seconds=0)
    return settings


def name_again(definitions: Definitions, instance: DagsterInstance, film: str) -> None:
    """Materialise a film's track_names, and nothing else."""
    result = materialize(
        materializable(definitions),
        selection="track_names",
        instance=instance,
        resources=definitions.resources,
        partition_key=film,
    )
    assert result.success


def stale(finished: FinishedExample, settings: Settings) -> set[str]:
    """Assets of the film that Dagster shows as stale under these settings."""
    graph = build_definitions(settings).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(finished.instance, graph, LoadingContextForTest(finished.instance))
    keys = [key for key in graph.toposorted_asset_keys if graph.get(key).partitions_def is not None]
    return {key.to_user_string() for key in keys if resolver.get_status(key, finished.example.key) == StaleStatus.STALE}


def test_what_changed_makes_what_depends_on_it_stale_and_nothing_else(finished: FinishedExample) -> None:
    assert stale(finished, finished.settings) == set()
    other_engine = finished.settings.model_copy(update={"engine": "dlib"})
    embedding = {"gallery_photos", "gallery_embeddings", "shots", "frame_samples", "faces", "face_embeddings"}
    assert stale(finished, other_engine) == embedding
    other_naming = finished.settings.model_copy(update={"naming": NamingSettings(certain=0.9)})
    assert stale(finished, other_naming) == {"track_names"}
    decided = AssetObservation(
        AssetKey("decisions"), partition=finished.example.key, tags={"dagster/data_version": "another"}
    )
    finished.instance.report_runless_asset_event(decided)
    assert stale(finished, finished.settings) == {"track_names"}


def test_names_are_stale_once_another_recogniser_wins_and_not_before(finished: FinishedExample, tmp_path: Path) -> None:
    settings, key = copy_of(finished, tmp_path), finished.example.key
    names = AssetKey("track_names")
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", [key])
        definitions = build_definitions(settings)
        graph = definitions.resolve_asset_graph()

        def status_after(winner: str) -> StaleStatus:
            won = AssetMaterialization("recogniser_selection", tags={"dagster/data_version": winner})
            instance.report_runless_asset_event(won)
            return CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance)).get_status(names, key)

        status_after("nearest 3 photos")
        name_again(definitions, instance, key)
        assert status_after("nearest 3 photos") == StaleStatus.FRESH
        assert status_after("nearest mean") == StaleStatus.STALE
