"""Found scenes that play one after the other, an upload whose connection breaks off, and pages that follow changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from wios_assets.films.inbox import discover
from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.page.browsing import Watched, until
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import store

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    settings.films.mkdir(parents=True)
    films = [store_reviewed_film(settings.lake, key, path=str(tmp_path / f"{key}.mp4")) for key in (FILM, "other")]
    store(settings.lake, "library", films)
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


def test_an_upload_whose_connection_breaks_off_goes_on(
    browser: Browser, page: Page, settings: Settings, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "Sent Film (2020).mp4")
    context = browser.new_context()
    tab = context.new_page()
    asked: list[str] = []

    def break_off_once(route: Route) -> None:
        asked.append(route.request.method)
        if asked.count("PATCH") == 1 and route.request.method == "PATCH":
            route.abort()
        else:
            route.continue_()

    tab.route("**/api/uploads/**", break_off_once)
    tab.goto(f"{page.address}/bring")
    tab.set_input_files("#file", film)
    tab.click("#bring button[type=submit]")
    tab.wait_for_url("**/request/**")
    assert asked == ["HEAD", "PATCH", "HEAD", "PATCH"]
    assert discover(settings.films).films[0].path.read_bytes() == film.read_bytes()
    context.close()


def test_found_scenes_are_played_by_keyboard_and_named(browser: Browser, page: Page) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    watched = Watched(context, page)
    tab = watched.open("/find?with=Grace+Hopper&without=&sort=film")
    tab.locator("#play-all").press("Enter")
    until(tab, "() => !document.getElementById('player').hidden")
    assert tab.locator("#scenes li").first.get_attribute("aria-current") == "true"
    tab.locator("#next-scene").press("Enter")
    assert tab.locator("#scenes li").nth(1).get_attribute("aria-current") == "true"
    # Without a video file the page says what to do instead.
    until(tab, "() => document.getElementById('playing').textContent.includes('cannot be played here')")
    tab.get_by_role("button", name="Change the question").press("Enter")
    tab.locator("#question button[type=submit]").press("Enter")
    tab.wait_for_url("**/find?with=Grace+Hopper")
    context.close()


def test_a_phone_folds_filter_and_question(browser: Browser, page: Page) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    watched = Watched(context, page)
    for path, name, form in (
        ("/", "Sort and filter", "#filter"),
        ("/find?with=Grace+Hopper", "Change the question", "#question"),
    ):
        tab = watched.open(path)
        expect(tab.locator(form)).to_be_hidden()
        tab.get_by_role("button", name=name).click()
        expect(tab.locator(form)).to_be_visible()
        tab.set_viewport_size({"width": 1200, "height": 800})
        expect(tab.get_by_role("button", name=name)).to_be_hidden()
        expect(tab.locator(form)).to_be_visible()
    expect(watched.open("/?state=ready").locator("#filter")).to_be_visible()
    context.close()


def test_the_films_page_shows_a_new_film_without_being_asked(browser: Browser, page: Page, settings: Settings) -> None:
    context = browser.new_context()
    watched = Watched(context, page)
    tab = watched.open("/")
    tab.wait_for_timeout(1200)
    write_index(index_path(settings), FilmIndex(films={"New (2024)": IndexEntry("/films/new.mkv", 1, 1, "1")}))
    tab.get_by_text("New (2024)").wait_for(timeout=60_000)
    assert watched.complaints == []
    context.close()
