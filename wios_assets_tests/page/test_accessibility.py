"""Every kind of page by axe, the accessibility checker: nothing that is serious or worse, in both colour schemes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from wios_assets.exports.files import export_film
from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import open_library, publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.browsing import Watched
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import store

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script>"
PATHS = {
    "films": "/",
    "search": "/?q=grace",
    "nothing found": "/?q=zzz",
    "film": f"/film/{FILM}?t=5",
    "actors": "/actors",
    "actor": "/actor/nm0393790",
    "overview": "/overview",
    "cast": f"/cast/{FILM}",
    "filtered": "/?sort=unknown&state=ready&year_from=1990",
    "found scenes": "/find?with=Grace+Hopper",
    "find": "/find",
    "review": f"/review/{FILM}",
    "names to check": f"/review/{FILM}?show=named",
    "decided": f"/review/{FILM}?show=decided",
    "bring a film": "/bring",
    "api": "/api",
    "refusal": "/film/nothing",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("accessible")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    rows = [store_reviewed_film(settings.lake), store_reviewed_film(settings.lake, HOSTILE)]
    store(settings.lake, "library", rows)
    publish(settings.lake, settings.library)
    video = settings.films / "heat.mkv"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"a film")
    write_index(index_path(settings), FilmIndex(films={FILM: IndexEntry(str(video), 1, 1, "1")}))
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings, lambda _, film: None) as page:
        listed = page.json(f"/api/films/{FILM}/reviews?show=named")["reviews"][0]
        for verdict, person in (("is_not", "Grace Hopper"), ("is", "Averil Mean"), ("is", "Grace Hopper")):
            content = {"tracks": listed["tracks"], "revision": listed["revision"], "verdict": verdict, "person": person}
            made = page.send(f"/api/films/{FILM}/reviews", content)
            assert made.status_code == 201, made.text
            listed["revision"] = made.json()["revision"]
        page.send(f"/api/films/{FILM}/reviews/{made.json()['id']}/undo", {"by": "Ben"})
        yield page


def faults(tab: Tab) -> list[str]:
    """Serious and critical violations that axe reports in either colour scheme, each with its node."""
    tab.emulate_media(color_scheme="dark")
    dark = violations(tab)
    tab.emulate_media(color_scheme="light")
    return [*dark, *violations(tab)]


def violations(tab: Tab) -> list[str]:
    """Serious and critical violations that axe reports of what is shown now."""
    found = Axe().run(tab, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{each['impact']}: {each['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", PATHS)
def test_axe_finds_no_serious_fault(browser: Browser, page: Page, name: str) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(page.address + PATHS[name])
    tab.wait_for_load_state("networkidle")
    assert faults(tab) == []
    context.close()


def test_axe_finds_no_serious_fault_in_the_dialog(browser: Browser, page: Page) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{page.address}/review/{FILM}")
    tab.locator(".review").first.press("a")
    expect(tab.locator("#who-list [role=option]").first).to_be_visible()
    assert faults(tab) == []
    context.close()


def test_axe_finds_no_serious_fault_in_a_persons_faces_nor_in_the_toast(browser: Browser, page: Page) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{page.address}/film/{FILM}")
    tab.get_by_role("button", name="Faces of Averil Mean").click()
    expect(tab.locator("#person-dialog .faces label")).to_have_count(1)
    assert faults(tab) == []
    tab.keyboard.press("Escape")
    tab.keyboard.press("s")
    tab.get_by_role("checkbox", name="Select Averil Mean").check()
    tab.locator("#selected-hide").click()
    expect(tab.locator("#toast")).to_be_visible()
    assert faults(tab) == []
    tab.locator("#toast-undo").click()
    expect(tab.locator("#toast-text")).to_have_text("Taken back.")
    context.close()


def test_axe_finds_no_serious_fault_in_a_report(browser: Browser, settings: Settings, tmp_path: Path) -> None:
    with open_library(settings) as library:
        file = export_film(library, FILM, "report", "html", tmp_path / "report.html")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(file.as_uri())
    assert faults(tab) == []
    context.close()


@pytest.mark.parametrize("name", PATHS)
def test_a_narrow_screen_holds_every_page(browser: Browser, page: Page, name: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    watched = Watched(context, page)
    tab = watched.open(PATHS[name])
    tab.wait_for_load_state("networkidle")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
    assert watched.elsewhere == []
    # The lake of this test has no film file, and the browser says so of the poster and the refusal.
    assert [each for each in watched.complaints if "404" not in each] == []


def test_axe_finds_no_serious_fault_on_the_pages_of_a_waiting_film_and_the_token(
    browser: Browser, tmp_path: Path
) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache", page_token="x" * 20)
    film = settings.films / "Waiting (1999).mkv"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"x")
    write_index(index_path(settings), FilmIndex({"Waiting": IndexEntry(str(film), 1, 0, "x")}))
    context = browser.new_context()
    with serving(settings) as page:
        tab = context.new_page()
        tab.goto(page.address)
        assert faults(tab) == []
        tab.locator("#token").fill("x" * 20)
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        tab.goto(f"{page.address}/film/{quote('Waiting')}")
        assert faults(tab) == []
        context.close()
