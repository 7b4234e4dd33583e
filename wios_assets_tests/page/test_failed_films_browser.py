"""Films that cannot be read, in a real `wios ui`: one reason on the page, in the list and in Dagster; trying again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from wios_assets_tests.automation.running_ui import PATIENCE_S, Ui, own_environment, started_ui, wait_for
from wios_assets_tests.page.browsing import Watched
from wios_assets_tests.page.served import Page

pytestmark = pytest.mark.slow

TEXT = b"this is no film\n" * 1000
STEP_FAILURES = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    ... on ExecutionStepFailureEvent { failureMetadata { description } } } } } }"""


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    data = tmp_path_factory.mktemp("failed films") / "data"
    (data / "films").mkdir(parents=True)
    (data / "films" / "Text.mp4").write_bytes(TEXT)
    (data / "films" / "Empty.mp4").touch()
    with started_ui(data) as running:
        yield running


def on_page(ui: Ui) -> dict[str, dict[str, Any]]:
    films = requests.get(f"{ui.page}/api/films", timeout=30).json()["films"]
    return {film["key"]: film for film in films}


def listed(ui: Ui) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "wios_assets", "film", "list", "--json"]
    shown = subprocess.run(command, env=own_environment(ui.settings.data), check=True, capture_output=True, text=True)
    return {film["film"]: film for film in json.loads(shown.stdout)}


def in_dagster(ui: Ui, run: str) -> list[str]:
    """Descriptions of a run's failed steps."""
    events = ui.ask(STEP_FAILURES, id=run)["logsForRun"]["events"]
    return [event["failureMetadata"]["description"] for event in events if event.get("failureMetadata")]


def test_a_broken_film_has_one_reason_everywhere_and_is_tried_again_from_the_page(browser: Browser, ui: Ui) -> None:
    def both_failed() -> bool:
        return [film["state"] for film in on_page(ui).values()] == ["failed", "failed"]

    wait_for("both films to fail", both_failed, PATIENCE_S)
    shown, known = on_page(ui), listed(ui)
    assert "is empty (0 bytes); copy it again" in shown["Empty"]["reason"]
    assert "cannot be read as a video" in shown["Text"]["reason"]
    for key in ("Empty", "Text"):
        assert (known[key]["state"], known[key]["reason"]) == ("failed", shown[key]["reason"])
        assert known[key]["run"] == shown[key]["run"]
        assert in_dagster(ui, shown[key]["run"]) == [shown[key]["reason"]]
    # Each was asked for once, whatever number of looks the sensor took meanwhile.
    assert sorted(run["status"] for run in ui.runs()) == ["FAILURE", "FAILURE"]

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    watched = Watched(context, Page(ui.page))
    tab = watched.open("/")
    card = tab.locator("li", has=tab.get_by_role("link", name=re.compile("Text")))
    expect(card).to_contain_text(shown["Text"]["reason"])
    address = card.get_by_role("link", name="Its run in Dagster").get_attribute("href")
    assert address == f"/dagster/runs/{shown['Text']['run']}"
    card.get_by_role("button", name="Try again").click()
    expect(card).to_contain_text("queued")
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)

    def failed_again() -> bool:
        film = on_page(ui)["Text"]
        return bool(film["state"] == "failed" and film["run"] != shown["Text"]["run"])

    wait_for("the second run to fail", failed_again, PATIENCE_S)
    again = on_page(ui)["Text"]
    assert again["reason"] == shown["Text"]["reason"]
    assert len(ui.runs()) == 3

    tab.goto(f"{ui.page}/film/Text")
    expect(tab.locator("#waiting")).to_contain_text(again["reason"])
    expect(tab.get_by_role("button", name="Try again")).to_be_visible()
    assert (watched.complaints, watched.elsewhere) == ([], [])
    tab.get_by_role("link", name="Its run in Dagster").click()
    tab.wait_for_url(f"{ui.page}/dagster/runs/{again['run']}**")
    expect(tab.get_by_text(again["reason"].partition(":")[0]).first).to_be_visible(timeout=60_000)
    context.close()


def test_what_did_not_fail_is_not_tried_again(ui: Ui) -> None:
    answer = requests.post(f"{ui.page}/api/films/Nothing/runs", timeout=30)
    assert answer.status_code == 404
    foreign = {"origin": "https://evil.example"}
    assert requests.post(f"{ui.page}/api/films/Text/runs", headers=foreign, timeout=30).status_code == 403
    assert requests.get(f"{ui.page}/api/films/Text/runs", timeout=30).status_code in (404, 405)
