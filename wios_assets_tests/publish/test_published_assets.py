"""Publishing through Dagster, the command line and `wios forget`, on real servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wios_assets.automation.publishing import publish_sensor
from wios_assets.definitions import build_definitions
from wios_assets.errors import Unavailable
from wios_assets.forget import steps
from wios_assets.forget.film import film_subject, forget_film
from wios_assets.forget.person import forget_person, person_subject
from wios_assets.lake.paths import partition_folder
from wios_assets.partitions import FILM
from wios_assets.publish.migration import Schema
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.server import open_server
from wios_assets.runs.launch import dagster_instance
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.publish.compared import differing_tables
from wios_assets_tests.publish.servers import PASSWORD, RunningServer
from wios_assets_tests.sample_lake import APPEARANCES, fill, library_row, store

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path, server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")
    publish = {"address": server.address(database), "password": PASSWORD}
    chosen = load_settings(data=tmp_path / "data", publish=publish)
    fill(chosen.lake, library_row("one"), library_row("zwei"))
    return chosen


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        opened.add_dynamic_partitions(FILM, ["one", "zwei"])
        yield opened


def publish_film(settings: Settings, instance: dg.DagsterInstance, film: str) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(settings)
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance, partition_key=film, asset_selection=[dg.AssetKey("published")], raise_on_error=False
    )


def publish_all(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return build_definitions(settings).resolve_job_def("publish").execute_in_process(instance=instance)


def test_a_films_run_publishes_it_and_the_job_publishes_the_rest(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    result = publish_film(settings, instance, "one")
    assert result.success
    (event,) = result.asset_materializations_for_node("published")
    assert event.metadata["rows"].value == 1 + 3 + 3 + 3
    with open_publisher(settings) as publisher:
        differences = publisher.differences()
    assert differences.films == ["zwei"]
    result = publish_all(settings, instance)
    films = {each.partition for each in result.asset_materializations_for_node("published_library")}
    assert films == {"zwei", None}
    assert [each.passed for each in result.get_asset_check_evaluations()] == [True]
    assert differing_tables(settings) == []
    # Nothing that Dagster stored has the password.
    events = repr(instance.all_logs(result.run_id))
    assert "published" in events
    assert PASSWORD not in events


def test_a_server_that_is_away_makes_no_films_run_fail(settings: Settings, instance: dg.DagsterInstance) -> None:
    address = settings.publish.address.replace("own", "away")
    away = load_settings(data=settings.data, publish={"address": address, "password": PASSWORD})
    result = publish_film(away, instance, "one")
    assert result.success
    assert result.asset_materializations_for_node("published") == []
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    sensor = publish_sensor(away)
    context = dg.build_sensor_context(instance=instance)
    assert "docs/sql.md" in str(sensor(context).skip_message)  # type: ignore[union-attr]


def test_the_sensor_asks_for_a_run_once_something_differs(settings: Settings, instance: dg.DagsterInstance) -> None:
    sensor, context = publish_sensor(settings), dg.build_sensor_context(instance=instance)
    assert isinstance(sensor(context), dg.RunRequest)
    publish_all(settings, instance)
    assert "the server has what the lake has" in str(sensor(context).skip_message)  # type: ignore[union-attr]
    store(settings.lake, "appearances", APPEARANCES[:1], "zwei")
    assert isinstance(sensor(context), dg.RunRequest)


def test_without_a_server_nothing_is_done(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    result = publish_film(load_settings(data=tmp_path / "data"), instance, "one")
    assert result.success
    assert result.asset_materializations_for_node("published") == []


def test_the_command_publishes_and_lists_what_differs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(settings.data, monkeypatch, capsys)
    assert "publish.address names no SQL server" in wios("publish").err
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", settings.publish.address)
    monkeypatch.setenv("WIOS_PUBLISH__PASSWORD", PASSWORD)
    listed = wios("publish", "--check")
    assert listed.code == 1
    assert "film 'one': differs" in listed.out
    published = wios("publish")
    assert published.code == 0, published.err
    assert "2 films" in published.out
    assert differing_tables(settings) == []
    assert wios("publish", "--check").code == 0
    shown = wios("settings", "--all")
    assert settings.publish.address in shown.out
    assert not any(PASSWORD in text for text in (published.out, published.err, shown.out))
    held = [file for file in settings.data.rglob("*") if file.is_file() and PASSWORD.encode() in file.read_bytes()]
    assert held == []


def test_a_forgotten_person_and_a_forgotten_film_are_gone_from_the_server(settings: Settings) -> None:
    with open_publisher(settings) as publisher:
        publisher.catch_up()
    log_answers(settings, [("one", ["Grace Hopper"]), ("zwei", ["Eileen Collins"]), ("zwei", [])])
    with dagster_instance(settings) as instance:
        subject = person_subject(settings, "Grace Hopper")
        assert subject is not None
        report = forget_person(settings, instance, subject)
        assert any(settings.publish.address.split("?")[0] in clause for clause in report.removed)
        assert "Grace" not in dumped(settings)
        assert "Eileen" in dumped(settings)
        assert differing_tables(settings) == []
        forget_film(settings, instance, film_subject(settings, "zwei"))
    assert "zwei" not in dumped(settings)
    assert differing_tables(settings) == []


def test_a_forgetting_that_does_not_reach_the_server_stays_unfinished(settings: Settings) -> None:
    with open_publisher(settings) as publisher:
        publisher.catch_up()
    address = settings.publish.address.replace("own", "away")
    away = load_settings(data=settings.data, publish={"address": address, "password": PASSWORD})
    with dagster_instance(settings) as instance:
        with pytest.raises(Unavailable, match="the same `wios forget` finishes it"):
            forget_film(away, instance, film_subject(away, "zwei"))
        subject = steps.unfinished(settings)
        assert subject is not None
        assert "zwei" in dumped(settings)
        forget_film(settings, instance, subject)
    assert "zwei" not in dumped(settings)
    assert steps.unfinished(settings) is None


def test_a_film_that_was_taken_out_of_the_lake_is_removed_by_the_job(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    publish_all(settings, instance)
    for table in FILM_TABLES:
        shutil.rmtree(partition_folder(settings.lake, table, "zwei"))
    store(settings.lake, "library", [library_row("one")])
    publish_all(settings, instance)
    assert "zwei" not in dumped(settings)


def log_answers(settings: Settings, answers: list[tuple[str, list[str]]]) -> None:
    server = open_server(settings)
    assert server is not None
    table = Schema(server).tables["prediction_log"]
    with server.engine.begin() as connection:
        for film, actors in answers:
            connection.execute(table.insert().values(film=film, actors=actors))


def dumped(settings: Settings) -> str:
    """Every row of every table on the server as text."""
    server = open_server(settings)
    assert server is not None
    with server.connect() as connection:
        tables = [*Schema(server).tables.values(), Schema(server).states]
        return repr([connection.execute(table.select()).all() for table in tables])
