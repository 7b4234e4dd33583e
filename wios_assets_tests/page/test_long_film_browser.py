"""The page of a film of two hours with a hundred people in a headless browser: what is in view, lanes, time, faces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from wios_assets.lake.library import publish
from wios_assets.settings import load_settings
from wios_assets_tests.page.browsing import Watched, seek, until
from wios_assets_tests.page.long_film import (
    ACTORS,
    DURATION_S,
    HEIGHT,
    NEVER_SEEN,
    UNKNOWN,
    WIDTH,
    actor_name,
    appearances_of,
    face_box,
    person_of,
    store_long_film,
)
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import store
from wios_assets_tests.video_files import write_film

pytestmark = pytest.mark.slow

KEY = "long"
LANES = "#lanes .lane:not(.group)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("long")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    times = np.arange(0, DURATION_S + 1, 40.0).tolist()
    black = (np.zeros((HEIGHT // 8, WIDTH // 8, 3), np.uint8) for _ in times)
    film = write_film(folder / "long.mp4", black, times, b_frames=0)
    store(settings.lake, "library", [store_long_film(settings.lake, KEY, evidence=True, path=str(film))])
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        yield page


@pytest.fixture
def watched(browser: Browser, page: Page) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    made = Watched(context, page)
    yield made
    context.close()
    # The generated film has no pictures of faces.
    assert [each for each in made.complaints if "404" not in each] == []
    assert made.elsewhere == []


def shown_range(tab: Tab) -> tuple[float, float]:
    low, high = (float(tab.locator("#seek").get_attribute(name) or "nan") for name in ("min", "max"))
    return low, high


def lane_names(tab: Tab) -> list[str]:
    return tab.locator(f"{LANES} .who .name").all_text_contents()


def test_picture_names_and_time_stay_in_view_however_far_one_scrolls(watched: Watched) -> None:
    tab = watched.film(KEY, "?t=20:34")
    tab.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    for selector in ("#video", "#now", "#minutes", "#seek"):
        expect(tab.locator(selector)).to_be_in_viewport()
    assert tab.locator("#now-time").text_content() == "00:20:34"


def test_a_phone_shows_picture_then_names_then_lanes(browser: Browser, page: Page) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    tab = Watched(context, page).film(KEY, "?t=20:34")
    tab.evaluate("scrollTo(0, 1500)")
    tops = [tab.evaluate("s => document.querySelector(s).getBoundingClientRect().top", s) for s in ("#video", "#now")]
    lane = tab.locator(LANES).nth(15)
    lane.scroll_into_view_if_needed()
    expect(lane).to_be_in_viewport()
    assert 0 <= tops[0] < tops[1] < tab.evaluate("document.querySelector('#seek').getBoundingClientRect().top") < 500
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_phone_folds_the_controls_of_the_lanes(browser: Browser, page: Page) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    tab = Watched(context, page).film(KEY)
    controls = [tab.locator(f"#{name}") for name in ("zoom", "order", "filter", "several")]
    for each in controls:
        expect(each).to_be_hidden()
    tab.evaluate("scrollTo(0, 300)")
    assert tab.evaluate("document.querySelector('.in-view').getBoundingClientRect().bottom") < 844 / 2
    tools = tab.get_by_role("button", name="Zoom, sort, find and select")
    tools.tap()
    expect(tools).to_have_attribute("aria-expanded", "true")
    for each in controls:
        expect(each).to_be_visible()
    tools.tap()
    expect(tab.locator("#zoom")).to_be_hidden()
    tab.keyboard.press("/")
    expect(tab.locator("#filter")).to_be_focused()
    context.close()


def test_unknown_people_are_folded_and_the_unseen_cast_is_listed(watched: Watched) -> None:
    tab = watched.film(KEY)
    expect(tab.locator(LANES)).to_have_count(ACTORS)
    fold = tab.get_by_role("button", name=f"{UNKNOWN} unknown people")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.press("Enter")
    expect(tab.locator(LANES)).to_have_count(ACTORS + UNKNOWN)
    expect(fold).to_be_focused()
    fold.press("Enter")
    expect(tab.locator(LANES)).to_have_count(ACTORS)
    unseen = tab.locator("#unseen")
    expect(unseen.locator("summary")).to_have_text(f"Never seen: {NEVER_SEEN} of the cast")
    unseen.locator("summary").click()
    assert unseen.locator(".name").all_text_contents() == [actor_name(ACTORS + n) for n in range(NEVER_SEEN)]


def test_lanes_are_sorted_and_filtered(watched: Watched) -> None:
    tab = watched.film(KEY)
    tab.locator("#order").select_option("billing")
    assert lane_names(tab) == [actor_name(n) for n in range(ACTORS)]
    tab.locator("#order").select_option("first")
    first: dict[str, float] = {}
    for row in appearances_of(0):
        if row["kind"] == "cast":
            first.setdefault(row["actor"], row["start_s"])
    assert [first[name] for name in lane_names(tab)] == sorted(first.values())
    tab.keyboard.press("/")
    tab.keyboard.type("elodie ERIK")
    expect(tab.locator(LANES)).to_have_count(1)
    assert lane_names(tab) == ["Élodie Eriksen"]
    assert tab.locator("#found").text_content() == f"1 of {ACTORS + UNKNOWN}"
    tab.keyboard.press("Escape")
    expect(tab.locator(LANES)).to_have_count(ACTORS)
    tab.locator("#filter").fill("unknown 7")
    assert lane_names(tab) == ["Unknown 7"]


def test_wheel_keys_buttons_and_drag_zoom_and_pan(watched: Watched) -> None:
    tab = watched.film(KEY, "?t=3600")
    assert shown_range(tab) == (0, DURATION_S)
    box = tab.locator("#minutes").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.move(*middle)
    tab.mouse.wheel(0, -400)
    until(tab, "Number(document.querySelector('#seek').max) < 7200")
    low, high = shown_range(tab)
    # The instant under the pointer stays there.
    assert (low + high) / 2 == pytest.approx(3600, abs=30)
    tab.mouse.down()
    tab.mouse.move(middle[0] + 200, middle[1], steps=4)
    tab.mouse.up()
    assert shown_range(tab)[0] == pytest.approx(low - 200 / box["width"] * (high - low), abs=30)
    assert tab.evaluate("video.currentTime") == 3600, "a drag does not seek"
    tab.keyboard.press("0")
    assert shown_range(tab) == (0, DURATION_S)
    tab.keyboard.press("+")
    assert shown_range(tab) == (1800, 5400)
    tab.keyboard.press("Shift+ArrowRight")
    assert shown_range(tab) == (2700, 6300)
    assert tab.locator("#range").text_content() == "00:45:00 – 01:45:00"
    tab.locator("#whole").click()
    assert tab.locator("#range").text_content() == "The whole film"


def test_two_fingers_zoom(browser: Browser, page: Page) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    tab = Watched(context, page).film(KEY)
    box = tab.locator("#minutes").bounding_box()
    assert box is not None
    touch = context.new_cdp_session(tab)
    y = box["y"] + 20

    def points(*across: float) -> list[dict[str, float]]:
        return [{"x": box["x"] + share * box["width"], "y": y, "id": n} for n, share in enumerate(across)]

    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points(0.4, 0.6)})
    for spread in (0.15, 0.2, 0.25, 0.3):
        both = points(0.5 - spread, 0.5 + spread)
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": both})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    low, high = shown_range(tab)
    assert high - low == pytest.approx(DURATION_S / 3, rel=0.2)
    assert (low + high) / 2 == pytest.approx(DURATION_S / 2, abs=300)
    context.close()


def test_names_stand_beside_the_faces_of_a_paused_picture(watched: Watched) -> None:
    tab = watched.film(KEY)
    row = next(row for row in appearances_of(0) if row["kind"] == "cast" and row["end_s"] - row["start_s"] > 6)
    seek(tab, row["start_s"] + 3)
    face = tab.locator(".over-faces .face", has_text=row["actor"])
    expect(face).to_have_count(1)
    video, box = tab.locator("#video").bounding_box(), face.bounding_box()
    assert video is not None
    assert box is not None
    expected = face_box(person_of(row))
    assert (box["y"] - video["y"]) / video["height"] == pytest.approx(expected["top"] / HEIGHT, abs=0.01)
    assert box["height"] / video["height"] == pytest.approx((expected["bottom"] - expected["top"]) / HEIGHT, abs=0.01)
    tab.keyboard.press("o")
    expect(tab.locator(".over-faces .face")).to_have_count(0)
    tab.reload()
    expect(tab.locator("#over")).to_have_attribute("aria-pressed", "false")


# How many pairs of labels overlap, and how many labels leave the picture.
COLLISIONS = """
    () => {
        const boxes = [...document.querySelectorAll(".over-faces .label")].map((e) => e.getBoundingClientRect());
        const stage = document.getElementById("stage").getBoundingClientRect();
        const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        const across = (a) => stage.left <= a.left && a.right <= stage.right;
        const outside = (a) => !across(a) || a.top < stage.top || a.bottom > stage.bottom;
        const pairs = boxes.flatMap((a, n) => boxes.slice(n + 1).filter((b) => !apart(a, b)));
        return [boxes.length, pairs.length, boxes.filter(outside).length];
    }
"""


@pytest.mark.parametrize("width", [1400, 390])
def test_labels_of_faces_neither_overlap_nor_leave_the_picture(browser: Browser, page: Page, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    tab = Watched(context, page).film(KEY)
    for clock in ("20:34", "45:10", "1:10:00"):
        seconds = sum(60**power * int(part) for power, part in enumerate(reversed(clock.split(":"))))
        seek(tab, seconds)
        people = tab.locator("#now li").count()
        assert people > 1
        expect(tab.locator(".over-faces .label")).to_have_count(people)
        assert tab.evaluate(COLLISIONS) == [people, 0, 0], clock
    context.close()


# The names over the picture: in the list, or beside a face.
OVER = (
    "names => JSON.stringify([...document.querySelectorAll("
    "'.over-names li:not([hidden]) .name, .over-faces .label')].map(e => e.textContent).sort()) === names"
)


def test_full_screen_keeps_the_names(watched: Watched) -> None:
    tab = watched.film(KEY, "?t=20:34")
    expect(tab.locator(".over-names")).to_be_hidden()
    tab.keyboard.press("f")
    until(tab, "document.fullscreenElement && document.fullscreenElement.id === 'stage'")
    for _ in range(2):
        names = sorted(tab.locator("#now .name").all_text_contents())
        assert names
        until(tab, OVER, json.dumps(names, ensure_ascii=False, separators=(",", ":")))
        assert tab.locator(".over-names li[hidden]:visible").count() == 0
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Space")
    until(tab, "!video.paused && document.querySelectorAll('.over-faces .face').length === 0")
    expect(tab.locator(".over-names li").first).to_be_visible()
    tab.keyboard.press("f")
    until(tab, "document.fullscreenElement === null")


def test_names_fade_in_full_screen_while_the_film_plays_and_nothing_moves(watched: Watched) -> None:
    watched.context.clock.install()
    tab = watched.film(KEY, "?t=20:34")
    names = tab.locator(".over-names")
    tab.keyboard.press("f")
    until(tab, "document.fullscreenElement && document.fullscreenElement.id === 'stage'")
    tab.clock.fast_forward(10_000)
    expect(names).to_have_css("opacity", "1")
    tab.evaluate("video.muted = true; void video.play()")
    until(tab, "!video.paused")
    tab.clock.fast_forward(3_100)
    expect(names).to_have_css("opacity", "0")
    tab.mouse.move(500, 400)
    expect(names).to_have_css("opacity", "1")
    tab.clock.fast_forward(3_100)
    expect(names).to_have_css("opacity", "0")
    tab.evaluate("video.pause()")
    expect(names).to_have_css("opacity", "1")
    tab.keyboard.press("o")
    expect(names).to_be_hidden()
    tab.keyboard.press("f")


def test_an_actors_page_shows_the_longest_appearances_and_unfolds_all(page: Page) -> None:
    name = actor_name(0)
    rows = [row for row in appearances_of(0) if row["actor"] == name]
    shown, folded = page.get(f"/actor/{quote(name, safe='')}").text.split('<details class="all-shots">')
    link = f'<li><a href="/film/{KEY}?t='
    assert (shown.count(link), folded.count(link)) == (12, len(rows))
    assert f"<summary>All {len(rows)} appearances</summary>" in folded
    lengths = sorted((row["end_s"] - row["start_s"] for row in rows), reverse=True)
    starts = [float(part.split('"')[0]) for part in shown.split(link)[1:]]
    assert starts == sorted(starts)
    longest = {round(row["start_s"], 2) for row in rows if row["end_s"] - row["start_s"] >= lengths[11]}
    assert set(starts) <= longest


def test_the_data_of_four_thousand_appearances_stays_small(page: Page) -> None:
    answer = requests.get(f"{page.address}/data/{KEY}", headers={"accept-encoding": "gzip"}, stream=True, timeout=30)
    assert sum(len(person["start"]) for person in answer.json()["people"]) == 4000
    assert int(answer.headers["content-length"]) < 300_000
