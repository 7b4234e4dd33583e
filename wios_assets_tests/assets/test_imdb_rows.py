"""Which films a load of IMDB makes stale, as Dagster itself says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, SensorResult, build_sensor_context, materialize
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from wios_assets.assets.film_files import FILM_FILE
from wios_assets.assets.imdb_rows import CREDITS, TITLE, observed_rows
from wios_assets.automation.sensors import inbox_sensor
from wios_assets.definitions import build_definitions
from wios_assets.films.registry import look_at_inbox
from wios_assets.imdb.files import ALL_FILES, IMDB_FILES
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.assets.graph import materializable
from wios_assets_tests.assets.test_imdb import lines_of, load, write_file
from wios_assets_tests.video_files import numbered_picture, write_film

pytestmark = pytest.mark.slow

MATRIX, OTHER = "The Matrix (1999)", "1917 (2019)"
TCONSTS = {MATRIX: "tt0133093", OTHER: "tt0500004"}
RUNNER = ("tt0500004", "1", "nm1000002", "actor", "\\N", '["Runner"]')
LONG_AGO = 1e9


@dataclass
class Graph:
    settings: Settings
    instance: DagsterInstance

    def load(self, table: str = "imdb/title_crew", lines: list[tuple[str, ...]] | None = None) -> None:
        if lines is not None:
            write_file(self.settings.imdb, table, lines)
        load(self.settings, self.instance)

    def run(self, film: str) -> None:
        definitions = build_definitions(self.settings)
        made = materialize(
            materializable(definitions),
            selection=["film", "cast"],
            instance=self.instance,
            resources=definitions.resources,
            partition_key=film,
        )
        assert made.success

    def stale(self) -> set[tuple[str, str]]:
        """Asset and film of what Dagster marks as stale."""
        graph = build_definitions(self.settings).resolve_asset_graph()
        resolver = CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))
        return {
            (key.to_user_string(), film)
            for key in graph.get_all_asset_keys()
            for film in (MATRIX, OTHER)
            if graph.get(key).is_partitioned and resolver.get_status(key, film) == StaleStatus.STALE
        }


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    """Two films in the inbox, IMDB loaded, and both films' titles and casts materialised as the sensor would."""
    settings = load_settings(data=tmp_path / "data", director="nm0905154", imdb_load={"quarantine_share": 0.2})
    for film, tconst in TCONSTS.items():
        path = settings.films / f"{film} [imdbid-{tconst}].mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_film(path, [numbered_picture(number + len(film)) for number in range(10)])
        os.utime(path, (LONG_AGO, LONG_AGO))
    for table in IMDB_FILES:
        write_file(settings.imdb, table, lines_of(table))
    with DagsterInstance.ephemeral() as instance:
        graph = Graph(settings, instance)
        graph.load("imdb/title_principals", [*lines_of("imdb/title_principals"), RUNNER])
        for table in ALL_FILES:
            os.utime(settings.lake / table, (LONG_AGO, LONG_AGO))
        tick = inbox_sensor(settings)(build_sensor_context(instance=instance))
        assert isinstance(tick, SensorResult)
        assert {(event.asset_key, event.partition) for event in tick.asset_events} >= {
            (key, film) for key in (TITLE, CREDITS, FILM_FILE) for film in (MATRIX, OTHER)
        }
        for event in tick.asset_events:
            instance.report_runless_asset_event(event)
        instance.add_dynamic_partitions("film", [MATRIX, OTHER])
        for film in (MATRIX, OTHER):
            graph.run(film)
        yield graph


def test_a_load_that_changes_nothing_of_a_film_leaves_it_fresh(graph: Graph) -> None:
    assert graph.stale() == set()
    graph.load()
    assert graph.stale() == set()
    lines = lines_of("imdb/title_basics")
    graph.load("imdb/title_basics", [*lines, ("tt9000000", *lines[0][1:])])
    assert graph.stale() == set()


def test_only_the_film_whose_cast_changed_becomes_stale_and_is_fresh_once_it_ran(graph: Graph) -> None:
    corporal = (*RUNNER[:-1], '["Lance Corporal"]')
    graph.load("imdb/title_principals", [*lines_of("imdb/title_principals"), corporal])
    assert graph.stale() == {("cast", OTHER)}
    graph.run(OTHER)
    assert graph.stale() == set()
    graph.load()
    assert graph.stale() == set()


def test_only_the_film_whose_title_changed_becomes_stale(graph: Graph) -> None:
    lines = lines_of("imdb/title_basics")
    renamed = [(*line[:5], "1998", *line[6:]) if line[0] == "tt0133093" else line for line in lines]
    graph.load("imdb/title_basics", renamed)
    assert graph.stale() == {("film", MATRIX)}


def test_the_way_from_imdbs_tables_to_a_film_stands_in_the_graph(graph: Graph) -> None:
    assets = build_definitions(graph.settings).resolve_asset_graph()
    assert assets.get(AssetKey("film")).parent_keys == {TITLE, FILM_FILE}
    assert CREDITS in assets.get(AssetKey("cast")).parent_keys
    tables = {key.path[-1] for key in assets.get(CREDITS).parent_keys}
    assert tables == {"title_basics", "title_principals", "name_basics", "title_episode", "series_episodes"}


def test_a_film_that_is_unknown_or_unreadable_has_no_rows(graph: Graph) -> None:
    broken = graph.settings.films / "broken.mp4"
    broken.write_bytes(b"not a film" * 1000)
    os.utime(broken, (LONG_AGO, LONG_AGO))
    assert "broken" in look_at_inbox(graph.settings, settle_seconds=0).index.films
    assert list(observed_rows(graph.settings, ["broken", "unknown"])) == []
