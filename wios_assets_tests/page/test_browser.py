"""The page in a headless browser, over a finished run of the example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from wios_assets.lake.library import publish
from wios_assets.lake.store import read_rows
from wios_assets.settings import load_settings
from wios_assets.tables import APPEARANCES, TRACK_NAMES
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.page.browsing import Watched, people, seek, telling_instants, until
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import damage, fill, library_row
from wios_assets_tests.video_files import numbered_picture, write_film

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(finished: FinishedExample) -> Iterator[Page]:
    with serving(finished.settings) as served:
        yield served


@pytest.fixture
def watched(browser: Browser, page: Page) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    made = Watched(context, page)
    yield made
    context.close()
    assert made.complaints == []
    assert made.elsewhere == []


def test_the_right_names_stand_beside_the_picture_wherever_one_seeks(
    watched: Watched, finished: FinishedExample
) -> None:
    instants = telling_instants(finished.example.truth_rows)
    instants[finished.example.question_s] = sorted(finished.example.on_screen)
    assert {len(names) for names in instants.values()} >= {1, 2}
    tab = watched.film(finished.example.key)
    until(tab, "video.readyState >= 1")
    for seconds, names in instants.items():
        seek(tab, seconds)
        assert people(tab) == names, seconds
    assert tab.evaluate("video.error") is None


def test_a_name_says_why_with_the_photos_that_matched(watched: Watched, finished: FinishedExample) -> None:
    tab = watched.film(finished.example.key)
    seek(tab, finished.example.question_s)
    person = tab.locator("#now li.cast").first
    expect(person.locator(".why img")).to_have_count(0)
    person.locator("summary").click()
    expect(person.locator(".why span")).to_contain_text("from the nearest photos")
    until(tab, "[...document.querySelectorAll('.why img')].every((i) => i.complete && i.naturalWidth > 0)")
    shown = person.locator(".why img").evaluate_all("images => images.map((image) => image.title)")
    rows = read_rows(finished.settings.lake, APPEARANCES, finished.example.key).to_pylist()
    name = person.locator(".name").text_content()
    assert shown in [row["photos"] for row in rows if row["actor"] == name]


def test_the_names_change_while_the_film_plays(watched: Watched, finished: FinishedExample) -> None:
    tab = watched.film(finished.example.key)
    until(tab, "video.readyState >= 2")
    turns = tab.evaluate("fetch(document.getElementById('film').dataset.source).then(a => a.json())")
    first = min(person["start"][0] / 1000 for person in turns["people"])
    seek(tab, max(0.0, first - 0.4))
    before = tab.locator("#now").inner_html()
    tab.evaluate("video.muted = true; void video.play()")
    until(tab, "before => now.innerHTML !== before && now.querySelector('li') !== null", before)
    tab.evaluate("video.pause()")
    assert tab.evaluate("video.currentTime") > first - 0.4


def test_every_person_has_a_lane_and_a_click_on_it_leads_to_that_time(
    watched: Watched, finished: FinishedExample
) -> None:
    tab = watched.film(finished.example.key)
    lanes = tab.locator("#lanes .lane .who .name").all_text_contents()
    assert {"Grace Hopper", "Eileen Collins"} <= set(lanes)
    strip = tab.locator("#lanes .strip").first
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] / 2, "y": 5})
    now = tab.evaluate("video.currentTime")
    assert now == pytest.approx(finished.example.duration_s / 2, abs=0.5)
    painted = tab.evaluate(
        "[...document.querySelectorAll('#lanes canvas')].map(c => "
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0))"
    )
    assert len(painted) == len(lanes)
    assert all(painted)


def test_all_of_it_can_be_done_with_the_keyboard(watched: Watched, finished: FinishedExample) -> None:
    tab = watched.open("/")
    tab.wait_for_selector(".film-card")
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.classList.contains('film-card')"):
            break
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#film[data-ready]")
    tab.keyboard.press("n")
    first = tab.evaluate("video.currentTime")
    tab.keyboard.press("n")
    second = tab.evaluate("video.currentTime")
    assert second > first
    tab.keyboard.press("b")
    assert tab.evaluate("video.currentTime") < second
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("+")
    tab.keyboard.press("-")
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.matches('button.who')"):
            break
    tab.keyboard.press("ArrowDown")
    chosen = tab.evaluate("document.activeElement.querySelector('.name').textContent")
    tab.keyboard.press("Enter")
    assert chosen in tab.locator("#now .name").all_text_contents()
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("Space")
    until(tab, "!video.paused")
    tab.keyboard.press("Space")
    until(tab, "video.paused")


def test_a_narrow_screen_holds_the_whole_page(browser: Browser, page: Page, finished: FinishedExample) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    watched = Watched(context, page)
    for path in ("/", "/actors", "/api", f"/film/{quote(finished.example.key, safe='')}?t=23"):
        tab = watched.open(path)
        tab.wait_for_load_state("networkidle")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360, path
    tab.locator("#lanes .strip").first.tap()
    assert tab.locator("#now-time").text_content() != "00:00:00"
    context.close()
    assert (watched.complaints, watched.elsewhere) == ([], [])


def test_the_track_of_names_becomes_captions(watched: Watched, finished: FinishedExample) -> None:
    tab = watched.film(finished.example.key)
    until(tab, "[...video.textTracks].some(t => t.kind === 'captions' && t.cues && t.cues.length > 0)")
    tab.keyboard.press("c")
    seek(tab, finished.example.question_s)
    until(tab, "[...video.textTracks].some(t => t.mode === 'showing' && t.activeCues.length === 1)")
    shown = tab.evaluate("[...video.textTracks].find(t => t.mode === 'showing').activeCues[0].text")
    assert all(name in shown for name in finished.example.on_screen)


def test_an_address_with_a_time_opens_there(watched: Watched, finished: FinishedExample) -> None:
    tab = watched.film(finished.example.key, f"?t=0:{int(finished.example.question_s):02d}")
    expect(tab.locator("#now li.cast")).to_have_count(len(finished.example.on_screen))
    assert people(tab) == sorted(finished.example.on_screen)


def test_the_page_tells_a_damaged_stretch_from_one_with_nobody(browser: Browser, tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", present=False))
    damage(settings.lake, "heat", 25.0, 40.0)
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        context = browser.new_context()
        tab = Watched(context, page).film("heat", "?t=30")
        expect(tab.locator("#nobody")).to_have_text("Not readable here: the video is damaged.")
        tab = Watched(context, page).film("heat", "?t=50")
        expect(tab.locator("#nobody")).to_have_text("Nobody.")
        context.close()


def test_a_film_that_the_browser_cannot_play_is_played_from_a_preview(browser: Browser, tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    pictures = [numbered_picture(number) for number in range(75)]
    film = write_film(tmp_path / "film.avi", pictures, codec="mpeg4", b_frames=0)
    fill(settings.lake, library_row("old", path=str(film), duration_s=3.0))
    publish(settings.lake, settings.library)
    context = browser.new_context()
    with serving(settings) as page:
        watched = Watched(context, page)
        tab = watched.film("old", "?t=2")
        until(tab, "video.currentSrc.includes('/preview/') && video.videoWidth > 0 && !video.seeking")
        assert tab.evaluate("video.currentTime") == 2
        assert tab.evaluate("video.error") is None
        assert not tab.locator("#video-notice").is_visible()
        context.close()
    assert watched.elsewhere == []


def test_a_run_updates_the_names_of_a_real_film_after_a_decision(
    browser: Browser, finished: FinishedExample, tmp_path: Path
) -> None:
    settings = copy_of(finished, tmp_path)
    key = finished.example.key
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with serving(settings) as page:
        watched = Watched(context, page)
        tab = watched.open(f"/review/{quote(key, safe='')}?show=named")
        card = tab.locator(".review").first
        before = card.locator("h2").text_content()
        card.press("a")
        tab.locator("#who-name").fill("Averil Mean")
        tab.keyboard.press("Enter")
        expect(card.locator(".decisions")).to_contain_text("that it is Averil Mean")
        film = watched.film(key)
        assert "Averil Mean" in film.locator("#lanes .lane .who .name").all_text_contents()
        expect(film.locator("#names-state")).to_be_hidden(timeout=180_000)
        assert page.json(f"/api/films/{quote(key, safe='')}/reviews")["names"] == {"state": "done", "reason": None}
        assert "Averil Mean" in film.locator("#lanes .lane .who .name").all_text_contents()
        context.close()
    assert before != "Averil Mean"
    rows = read_rows(settings.lake, APPEARANCES, key).to_pandas()
    assert "Averil Mean" in set(rows["actor"])
    assert set(read_rows(settings.lake, TRACK_NAMES, key)["decisions"].to_pylist()) == {1}
    assert (watched.complaints, watched.elsewhere) == ([], [])
