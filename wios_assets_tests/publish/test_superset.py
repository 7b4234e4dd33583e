"""The dashboard for Superset: what it reads is there, and a real Superset shows it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
import yaml
from playwright.sync_api import BrowserContext, Response, expect, sync_playwright
from playwright.sync_api import Page as Tab

from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.server import open_server
from wios_assets.publish.superset import superset_address, write_dashboard
from wios_assets.publish.views import VIEWS
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.page.browsing import ARGUMENTS, CHROMIUM
from wios_assets_tests.publish import small_library, superset_server
from wios_assets_tests.publish.servers import PASSWORD, RunningServer
from wios_assets_tests.publish.superset_server import USER, RunningSuperset

ADDRESS = "postgresql://wios@db.lan/wios"
HEAT_MAP = "Who is on screen, minute by minute"
WIDTH, HEIGHT = 1600, 2700
"""Size of the browser's window, in pixels: the whole dashboard, because Superset draws what is in sight."""


@dataclass(frozen=True)
class Definition:
    """Parsed files of the dashboard's ZIP file, by name below its first folder."""

    files: dict[str, Any]

    def within(self, folder: str) -> list[Any]:
        return [content for name, content in self.files.items() if name.startswith(f"{folder}/")]


@pytest.fixture
def definition(tmp_path: Path) -> Definition:
    write_dashboard(ADDRESS, tmp_path / "dashboard.zip")
    with zipfile.ZipFile(tmp_path / "dashboard.zip") as archive:
        names = archive.namelist()
        return Definition({name.partition("/")[2]: yaml.safe_load(archive.read(name)) for name in names})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (ADDRESS, "postgresql+psycopg2://superset:XXXXXXXXXX@db.lan/wios"),
        (
            "postgresql://wios@/wios?host=/run/postgresql",
            "postgresql+psycopg2://superset:XXXXXXXXXX@/wios?host=%2Frun%2Fpostgresql",
        ),
        ("mysql://wios@db.lan:3307/wios", "mysql+mysqldb://superset:XXXXXXXXXX@db.lan:3307/wios"),
        ("mariadb://wios@db.lan/wios", "mariadb+mysqldb://superset:XXXXXXXXXX@db.lan/wios"),
    ],
)
def test_superset_connects_as_a_user_of_its_own_and_asks_for_the_password(address: str, expected: str) -> None:
    assert superset_address(address) == expected


def test_the_definition_reads_each_view_and_only_what_it_declares(definition: Definition) -> None:
    datasets = {dataset["uuid"]: dataset for dataset in definition.within("datasets")}
    assert sorted(dataset["table_name"] for dataset in datasets.values()) == sorted(view.name for view in VIEWS)
    (database,) = definition.within("databases")
    assert {dataset["database_uuid"] for dataset in datasets.values()} == {database["uuid"]}
    charts = {chart["uuid"]: chart for chart in definition.within("charts")}
    assert {chart["dataset_uuid"] for chart in charts.values()} == set(datasets)
    for chart in charts.values():
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        columns = {column["column_name"] for column in dataset["columns"]}
        assert {*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])} <= metrics
        used = [params.get(name) for name in ("x_axis", "source", "target")]
        groups = params.get("groupby", [])
        used += [groups] if isinstance(groups, str) else groups
        assert {name for name in [*used, *params.get("all_columns", [])] if name} <= columns
    (dashboard,) = definition.within("dashboards")
    shown = [part["meta"]["uuid"] for name, part in dashboard["position"].items() if name.startswith("CHART-")]
    assert sorted(shown) == sorted(charts)


@pytest.mark.slow
def test_every_column_and_figure_can_be_asked_of_the_servers(
    definition: Definition, server: RunningServer, database: str, tmp_path: Path
) -> None:
    publish = {"address": server.address(database), "password": PASSWORD}
    settings = load_settings(data=tmp_path / "data", publish=publish)
    with open_publisher(settings) as publisher:
        publisher.catch_up()
    opened = open_server(settings)
    assert opened is not None
    with opened.engine.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for dataset in definition.within("datasets"):
            view = dataset["table_name"]
            stored = [column["column_name"] for column in dataset["columns"] if "expression" not in column]
            assert list(connection.exec_driver_sql(f"SELECT * FROM {view}").keys()) == stored
            computed = [column["expression"] for column in dataset["columns"] if "expression" in column]
            figures = [metric["expression"] for metric in dataset["metrics"]]
            for expressions in filter(None, (computed, figures)):
                connection.execute(sa.text(f"SELECT {', '.join(expressions)} FROM {quote(view)}")).all()


@dataclass
class Answers:
    """Superset's answers to the queries of the dashboard's charts, by the chart's number; errors of any."""

    rows: dict[int, int] = field(default_factory=dict)
    queries: dict[int, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def note(self, response: Response) -> None:
        parts = urlsplit(response.url)
        if parts.path != "/api/v1/chart/data":
            return
        form = json.loads(parse_qs(parts.query).get("form_data", ["{}"])[0])
        if "slice_id" not in form:
            # The values that a filter offers.
            return
        if not response.ok:
            self.errors.append(f"{form['slice_id']}: {response.status} {response.text()}")
            return
        for result in response.json()["result"]:
            self.rows[form["slice_id"]] = result["rowcount"]
            self.queries[form["slice_id"]] = result["query"]
            self.errors += [result["error"]] if result["error"] else []


@pytest.fixture(scope="module")
def settings(postgresql: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small library on PostgreSQL, which the user `superset` may read."""
    if reason := superset_server.missing_reason():
        pytest.skip(reason)
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}; `apt-get install chromium` brings it")
    postgresql.make_database("dashboard")
    publish = {"address": postgresql.address("dashboard"), "password": PASSWORD, "reader": "dashboard_reader"}
    chosen = load_settings(data=tmp_path_factory.mktemp("dashboard") / "data", spark_master="local[2]", publish=publish)
    small_library.fill_library(chosen.lake)
    small_library.refine_and_publish(chosen)
    postgresql.run(f"CREATE ROLE superset LOGIN PASSWORD '{PASSWORD}' IN ROLE dashboard_reader;")
    return chosen


@pytest.fixture(scope="module")
def superset(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuperset]:
    with superset_server.running(tmp_path_factory.mktemp("superset")) as running:
        yield running


@pytest.fixture
def context(superset: RunningSuperset) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        opened = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
        opened.set_default_timeout(120_000)
        # Neither its pixel that counts installations, nor its log of clicks, whose answer can replace the session
        # of somebody who is logging in.
        opened.route(
            lambda url: not url.startswith(superset.address) or "/superset/log/" in url, lambda route: route.abort()
        )
        yield opened
        browser.close()


@pytest.mark.slow
def test_superset_imports_the_dashboard_and_every_chart_shows_rows(
    settings: Settings,
    superset: RunningSuperset,
    context: BrowserContext,
    postgresql: RunningServer,
    definition: Definition,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wios, file = Wios(settings.data, monkeypatch, capsys), tmp_path / "wios.zip"
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", settings.publish.address)
    assert "password" in wios("publish", "--superset", file).out

    tab = context.new_page()
    log_in(tab, superset)
    import_dashboard(tab, superset, file)

    answers = Answers()
    tab.on("response", answers.note)
    tab.goto(f"{superset.address}/superset/dashboard/wios/")
    names = sorted(chart["slice_name"] for chart in definition.within("charts"))
    charts = tab.locator("[data-test-chart-name]")
    expect(charts).to_have_count(len(names), timeout=120_000)
    assert sorted(each.get_attribute("data-test-chart-name") or "" for each in charts.all()) == names
    for chart in charts.all():
        chart.locator("canvas, table, .header-line").first.wait_for()
    tab.wait_for_load_state("networkidle")
    expect(tab.locator(".loading")).to_have_count(0, timeout=120_000)
    tab.screenshot(path=tmp_path / "dashboard.png")

    assert answers.errors == []
    assert len(answers.rows) == len(names)
    assert [number for number, rows in answers.rows.items() if rows == 0] == []
    assert tab.get_by_text("No results were returned").count() == 0
    for name, figure in (("Films", len(small_library.FILMS)), ("Questions", small_library.QUESTIONS)):
        assert tab.locator(f"[data-test-chart-name='{name}'] .header-line").inner_text() == str(figure)

    # The minutes are those of one film, the first by name.
    film = min(map(small_library.key_of, range(len(small_library.FILMS))))
    number = tab.locator(f"[data-test-chart-name='{HEAT_MAP}']").get_attribute("data-test-chart-id")
    assert f"film IN ('{film}')" in answers.queries[int(number or 0)]
    count = postgresql.run(f"SELECT COUNT(*) FROM film_minutes WHERE film = '{film}';", "dashboard")
    assert answers.rows[int(number or 0)] == int(count)


def log_in(tab: Tab, superset: RunningSuperset) -> None:
    tab.goto(f"{superset.address}/login/")
    tab.locator("input[name=username], input#username").fill(USER)
    tab.locator("input[type=password]").fill(superset.password)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/welcome/**")


def import_dashboard(tab: Tab, superset: RunningSuperset, file: Path) -> None:
    """Import a file as docs/sql.md says: Dashboards, Import dashboards, the file, the password."""
    tab.goto(f"{superset.address}/dashboard/list/")
    tab.locator("[aria-label='Import dashboards'], [data-test='import-button']").first.click()
    dialog = tab.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Import").click()
    dialog.locator("input[type=password], input[id^=password]").first.fill(PASSWORD)
    dialog.get_by_role("button", name="Import").click()
    tab.get_by_role("link", name="Who is on screen").wait_for()
