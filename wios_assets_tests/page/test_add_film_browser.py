"""Adding a film in a headless browser, over a real `wios ui` whose daemon takes it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from playwright.sync_api import Browser, Error, expect

from wios_assets.assets.results import PAGE_PATH
from wios_assets_tests.automation.running_ui import PATIENCE_S, Ui, running_ui
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.page.browsing import Watched, people, seek, telling_instants, until
from wios_assets_tests.page.served import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ui(finished: FinishedExample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    with running_ui(finished, tmp_path_factory.mktemp("adding") / "data") as running:
        yield running


def test_a_film_is_uploaded_followed_and_played(browser: Browser, ui: Ui, finished: FinishedExample) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    watched = Watched(context, Page(ui.page))
    tab = watched.open("/")
    tab.get_by_role("link", name="Add a film").click()
    tab.locator("#file").set_input_files(finished.example.film)
    tab.get_by_role("button", name="Add", exact=True).click()
    tab.wait_for_url("**/request/*")
    ways = set()
    for _ in range(int(PATIENCE_S * 5)):
        if "/film/" in tab.url:
            break
        # The page may be left for the film's in this very moment.
        with suppress(Error):
            ways.add(tab.evaluate("document.getElementById('request')?.dataset.state"))
        tab.wait_for_timeout(200)
    ways.discard(None)
    assert ways <= {"uploading", "waiting", "frames", "faces", "names", "ready"}
    assert {"waiting", "frames"} <= ways
    tab.wait_for_selector("#film[data-ready]")
    until(tab, "video.readyState >= 2")
    instants = list(telling_instants(finished.example.truth_rows).items())[:3]
    for seconds, names in instants:
        seek(tab, seconds)
        assert people(tab) == names, seconds
    tab.evaluate("video.muted = true; void video.play()")
    until(tab, "!video.paused && video.currentTime > 0")
    (entry,) = requests.get(f"{ui.page}/api/requests", timeout=30).json()["requests"]
    address = tab.url
    assert entry["page"] == tab.url.removeprefix(ui.page)
    tab.locator(".exports summary").click()
    lineage = tab.get_by_role("link", name="this film's partition").get_attribute("href")
    assert lineage is not None
    assert lineage.startswith("/dagster/assets/appearances?")
    assert (watched.complaints, watched.elsewhere) == ([], [])
    context.close()
    query = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
        assetMaterializations(limit: 1) { metadataEntries { label ... on TextMetadataEntry { text } } } } } }"""
    node = ui.ask(query, key={"path": ["appearances"]})["assetNodeOrError"]
    texts = {entry["label"]: entry.get("text") for entry in node["assetMaterializations"][0]["metadataEntries"]}
    assert ui.page + str(texts[PAGE_PATH]) == address


def test_the_partition_in_dagster_is_where_the_film_page_leads(
    browser: Browser, ui: Ui, finished: FinishedExample
) -> None:
    (film,) = requests.get(f"{ui.page}/api/films", timeout=30).json()["films"]
    tab = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    tab.goto(f"{ui.page}/film/{film['key']}")
    tab.locator(".exports summary").click()
    tab.get_by_role("link", name="this film's partition").click()
    expect(tab.get_by_text(film["key"]).first).to_be_visible(timeout=60_000)


def test_both_pages_end_with_the_command(ui: Ui) -> None:
    requests.get(f"{ui.page}/api/films", timeout=30).raise_for_status()
    ui.end()
    with pytest.raises(requests.ConnectionError):
        requests.get(ui.page, timeout=5)
