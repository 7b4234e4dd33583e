"""Deciding in a headless browser: by key, by button, and as the second of two; lanes and lists follow at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from wios_assets.lake.library import publish
from wios_assets.reviews.decisions import read_decisions
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.browsing import Watched, until
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, NAMES, reviewed_settings, store_reviewed_film
from wios_assets_tests.sample_lake import store
from wios_assets_tests.video_files import numbered_picture, write_film

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return reviewed_settings(tmp_path)


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings, lambda _, film: None) as page:
        yield page


@pytest.fixture
def watched(browser: Browser, page: Page) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    made = Watched(context, page)
    yield made
    context.close()
    # The film of this test has no video, and some of its people have no photo.
    assert [each for each in made.complaints if "404" not in each and "409" not in each] == []
    assert made.elsewhere == []


def lanes(tab: Tab) -> list[str]:
    return tab.locator("#lanes .lane .who .name").all_text_contents()


def name_on_the_film_page(tab: Tab, lane: str, person: str) -> None:
    tab.get_by_role("button", name=f"Name {lane}").click()
    tab.locator("#who-name").fill(person)
    tab.keyboard.press("Enter")
    expect(tab.locator("#toast")).to_be_in_viewport()


def test_an_unknown_person_is_renamed_and_the_lane_changes(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM, "?t=25")
    assert lanes(tab) == ["Grace Hopper", "Unknown 1"]
    name_on_the_film_page(tab, "Unknown 1", HOSTILE)
    expect(tab.locator("#lanes .lane.cast .who .name", has_text=HOSTILE)).to_have_count(1)
    assert "Unknown 1" not in lanes(tab)
    assert tab.locator("#now .name").all_text_contents() == [HOSTILE]
    assert tab.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    (made,) = read_decisions(settings.data, FILM)
    assert (made.person, made.everywhere) == (HOSTILE, True)
    tab.locator("#toast-undo").click()
    expect(tab.locator("#lanes .lane.unknown .who .name")).to_have_text("Unknown 1")


def test_the_likeliest_name_is_shown_and_one_click_settles_the_person(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM, "?who=unknown:4")
    expect(tab.locator("#now .perhaps")).to_have_text("perhaps Eileen Collins 60 %; Averil Mean 30 %")
    expect(tab.locator("#lanes .lane.unknown .perhaps")).to_have_text("perhaps Eileen Collins 60 %")
    expect(tab.locator("#lanes .lane.unknown button.who")).to_be_focused()
    tab.get_by_role("button", name="Name Unknown 1").click()
    tab.get_by_role("button", name="Eileen Collins 60 %", exact=True).click()
    expect(tab.locator("#lanes .lane.cast .who .name", has_text="Eileen Collins")).to_have_count(1)
    (made,) = read_decisions(settings.data, FILM)
    assert (made.person, made.verdict, made.everywhere) == ("Eileen Collins", "is", True)


def test_a_cast_member_is_chosen_with_the_keyboard_alone(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM)
    tab.locator("#lanes button.who").first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("r")
    assert tab.evaluate("document.activeElement.textContent") == "Eileen Collins 60 %"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "who-name"
    tab.keyboard.type("avé")
    expect(tab.locator("#who-list [role=option]")).to_have_count(1)
    tab.keyboard.press("ArrowDown")
    expect(tab.locator("#who-name")).to_have_attribute("aria-activedescendant", "who-0")
    tab.keyboard.press("Enter")
    expect(tab.locator("#lanes .lane .who .name", has_text="Averil Mean")).to_have_count(1)
    assert [made.person for made in read_decisions(settings.data, FILM)] == ["Averil Mean"]


def test_keys_decide_and_undo(watched: Watched, settings: Settings) -> None:
    tab = watched.open(f"/review/{FILM}")
    tab.locator("#reviewer").fill("Ann")
    first, second = tab.locator(".review").all()
    first.press("y")
    expect(first.locator(".decisions")).to_contain_text("Ann decided on")
    expect(first.locator(".decisions")).to_contain_text("that it is Eileen Collins")
    # The next face is chosen by itself.
    until(tab, "document.activeElement === document.querySelectorAll('.review')[1]")
    tab.keyboard.press("x")
    expect(second.locator(".decisions")).to_contain_text("that it is not a face")
    tab.keyboard.press("u")
    expect(second.locator(".decisions .undone")).to_have_count(1)
    tab.keyboard.press("ArrowUp")
    until(tab, "document.activeElement === document.querySelectorAll('.review')[0]")
    tab.keyboard.press("u")
    expect(first.locator(".decisions .undone")).to_have_count(1)
    tab.keyboard.press("n")
    expect(first.locator(".decisions li")).to_have_count(2)
    made = read_decisions(settings.data, FILM)
    assert [(each.verdict, each.decided_by, each.undone_by) for each in made] == [
        ("is", "Ann", "Ann"),
        ("not_a_face", "Ann", "Ann"),
        ("is_not", "Ann", None),
    ]


def test_the_reviewers_name_is_kept_and_escape_closes_the_dialog(watched: Watched, settings: Settings) -> None:
    tab = watched.open(f"/review/{FILM}")
    tab.locator("#reviewer").fill("Ann")
    tab.locator("#reviewer").press("Tab")
    tab.reload()
    assert tab.locator("#reviewer").input_value() == "Ann"
    card = tab.locator(".review").first
    card.press("a")
    assert tab.evaluate("document.activeElement.id") == "who-name"
    tab.keyboard.press("Escape")
    expect(tab.locator("#who-dialog")).not_to_be_visible()
    assert read_decisions(settings.data, FILM) == []
    # Letters typed into the field of a name are no keys.
    tab.locator("#reviewer").press("y")
    assert read_decisions(settings.data, FILM) == []


def test_the_second_reviewer_sees_the_conflict_and_decides_anyway(watched: Watched, settings: Settings) -> None:
    ann, ben = watched.open(f"/review/{FILM}"), watched.open(f"/review/{FILM}")
    ann.locator("#reviewer").fill("Ann")
    ben.locator("#reviewer").fill("Ben")
    ann.locator(".review").first.press("y")
    expect(ann.locator(".review").first.locator(".decisions li")).to_have_count(1)
    card = ben.locator(".review").first
    card.press("x")
    expect(card.locator(".error")).to_contain_text("Ann decided on")
    card.press("x")
    expect(card.locator(".decisions")).to_contain_text("Ben decided on")
    assert [each.decided_by for each in read_decisions(settings.data, FILM)] == ["Ann", "Ben"]


def test_checked_names_make_the_chart(watched: Watched) -> None:
    tab = watched.open(f"/review/{FILM}?show=named")
    tab.locator(".review").first.press("y")
    expect(tab.locator(".review .decisions")).to_contain_text("that it is Grace Hopper")
    tab.goto(f"{watched.page.address}/review/{FILM}?show=decided")
    expect(tab.locator(".chart circle.dot")).to_have_count(1)
    tab.locator(".accuracy summary").click()
    cells = tab.locator(".accuracy tbody tr").first.locator("th, td").all_text_contents()
    assert cells == ["1", "1", "100 %", "1", "100 %"]


def toast(tab: Tab) -> str:
    return tab.locator("#toast-text").text_content() or ""


def test_the_frame_is_shown_with_the_face_marked_and_played_around_it(browser: Browser, tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    pictures = [numbered_picture(number, 320, 180) for number in range(180)]
    film = write_film(tmp_path / "heat.mp4", pictures, [n / 2 for n in range(180)])
    store(settings.lake, "library", [store_reviewed_film(settings.lake, path=str(film))])
    publish(settings.lake, settings.library)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with serving(settings, lambda _, film: None) as page:
        tab = Watched(context, page).open(f"/review/{FILM}")
        video = "document.querySelector('#clip video')"
        until(tab, f"Math.abs({video}.currentTime - 40) < 0.05 && !{video}.seeking")
        frame, face = tab.locator("#clip video").bounding_box(), tab.locator("#clip .face").bounding_box()
        assert frame is not None
        assert face is not None
        assert (face["x"] - frame["x"]) / frame["width"] == pytest.approx(200 / 640, abs=0.01)
        tab.keyboard.press("v")
        until(tab, f"!{video}.paused && {video}.currentTime > 37.4 && {video}.currentTime < 40")
        expect(tab.locator("#clip .face")).to_be_hidden()
        tab.evaluate(f"{video}.currentTime = 42.6")
        until(tab, f"{video}.paused && Math.abs({video}.currentTime - 40) < 0.05")
        tab.keyboard.press("ArrowDown")
        until(tab, f"Math.abs({video}.currentTime - 20) < 0.05")
        assert page.get(f"/frame/{FILM}?t=20").headers["content-type"] == "image/jpeg"
        assert page.get(f"/frame/{FILM}?t=-1").status_code == 400
        context.close()


def test_the_names_beside_faces_follow_a_decision(browser: Browser, tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    film = write_film(tmp_path / "heat.mp4", (numbered_picture(n, 320, 180) for n in range(90)), list(range(90)))
    store(settings.lake, "library", [store_reviewed_film(settings.lake, path=str(film))])
    publish(settings.lake, settings.library)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with serving(settings, lambda _, film: None) as page:
        tab = Watched(context, page).film(FILM, "?t=20.1")
        label = tab.locator(".over-faces .label")
        expect(label).to_have_text("Unknown 1")
        name_on_the_film_page(tab, "Unknown 1", "Rosa New")
        expect(label).to_have_text("Rosa New")
        expect(tab.locator(".over-names li")).to_have_attribute("hidden", "")
        context.close()


def test_several_cards_are_decided_on_at_once_and_undone_from_the_toast(watched: Watched, settings: Settings) -> None:
    tab = watched.open(f"/review/{FILM}")
    first, second = tab.locator(".review").all()
    second.press("s")
    first.press("s")
    tab.keyboard.press("a")
    tab.locator("#who-name").fill("Ada Somebody")
    expect(tab.locator("#who-choose")).to_have_text("Add Ada Somebody as a new name")
    tab.keyboard.press("Enter")
    expect(tab.locator(".review.settled")).to_have_count(2)
    assert toast(tab) == "2 of the list: is Ada Somebody (2 tracks)."
    expect(tab.locator("#toast-undo")).to_be_in_viewport()
    assert [each.person for each in read_decisions(settings.data, FILM)] == ["Ada Somebody"] * 2
    tab.locator("#toast-undo").click()
    expect(tab.locator(".review.settled")).to_have_count(0)
    assert all(each.undone_at for each in read_decisions(settings.data, FILM))


def test_people_of_a_film_are_merged_renamed_and_hidden(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM)
    tab.keyboard.press("s")
    for name in ("Grace Hopper", "Unknown 1"):
        tab.get_by_role("checkbox", name=f"Select {name}").check()
    assert tab.locator("#selected-count").text_content() == "2 selected"
    tab.locator("#selected-name").click()
    tab.locator("#who-name").fill("Eileen")
    tab.get_by_role("option", name="Eileen Collins").click()
    expect(tab.locator("#lanes .lane")).to_have_count(1)
    assert lanes(tab) == ["Eileen Collins"]
    assert toast(tab) == "2 people: is Eileen Collins (2 tracks)."
    tab.locator("#lanes button.who").focus()
    tab.keyboard.press("r")
    tab.locator("#who-name").fill("Rosa New")
    tab.keyboard.press("Enter")
    expect(tab.locator("#lanes .who .name")).to_have_text("Rosa New")
    tab.locator("#lanes button.who").focus()
    tab.keyboard.press("e")
    tab.locator("#person-hide").click()
    expect(tab.locator("#lanes .lane")).to_have_count(0)
    tab.keyboard.press("u")
    expect(tab.locator("#lanes .who .name")).to_have_text("Rosa New")
    assert len(read_decisions(settings.data, FILM)) == 6


def test_a_card_has_few_buttons_and_unfolds_the_others(watched: Watched) -> None:
    card = watched.open(f"/review/{FILM}").locator(".review", has_text="Unknown 1")
    expect(card.get_by_role("button")).to_have_text(["y Yes, Eileen Collins", "n No", "a Who is it?…"])
    card.locator(".more summary").click()
    expect(card.get_by_role("button")).to_have_text(
        ["y Yes, Eileen Collins", "n No", "a Who is it?…", "x Not a face", "h Hide", "e All faces…"]
    )
    card.locator("[data-action=hide]").click()
    expect(card.locator("[data-action=undo]")).to_be_visible()


def test_faces_are_split_off_and_one_becomes_the_picture(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM)
    name_on_the_film_page(tab, "Unknown 1", "Grace Hopper")
    expect(tab.locator("#lanes .lane")).to_have_count(1)
    tab.get_by_role("button", name="Faces of Grace Hopper").click()
    faces = tab.locator("#person-dialog .faces label")
    expect(faces).to_have_count(2)
    # The name that nobody confirmed comes first.
    expect(faces.locator(".quiet")).to_have_text(["98 %", "decided"])
    before = tab.locator("#lanes .who img").get_attribute("src")
    assert before == f"/chip/10/{FILM}"
    faces.nth(0).click()
    tab.locator("#person-portrait").click()
    expect(tab.locator("#lanes .who img")).to_have_attribute("src", f"/chip/0/{FILM}")
    assert toast(tab) == "The face is the picture of Grace Hopper."
    tab.get_by_role("button", name="Faces of Grace Hopper").click()
    expect(faces).to_have_count(2)
    faces.nth(0).click()
    tab.locator("#person-split").click()
    tab.locator("#who-name").fill("Eileen Collins")
    tab.keyboard.press("Enter")
    expect(tab.locator("#lanes .lane")).to_have_count(2)
    assert sorted(lanes(tab)) == ["Eileen Collins", "Grace Hopper"]


def test_people_who_are_one_unknown_person_are_named_together_later(watched: Watched, settings: Settings) -> None:
    tab = watched.film(FILM)
    tab.get_by_role("button", name="Faces of Grace Hopper").click()
    tab.locator("#person-rename").click()
    tab.get_by_role("option", name="Unknown 1").click()
    expect(tab.locator("#lanes .lane")).to_have_count(1)
    assert lanes(tab) == ["Unknown 1"]
    assert toast(tab) == "Grace Hopper is Unknown 1 (2 tracks)."
    name_on_the_film_page(tab, "Unknown 1", "Rosa New")
    expect(tab.locator("#lanes .who .name")).to_have_text(["Rosa New"])


def test_what_followed_from_a_decision_is_told(browser: Browser, settings: Settings) -> None:
    def run(_: Settings, film: str) -> None:
        stored = [
            {"track": n, "reason": "", "model_hash": "0" * 16, "photos": [], **row} for n, row in enumerate(NAMES)
        ]
        follows = {"actor": "Averil Mean", "decision": "named", "reason": "like track 1, which a person named"}
        named = {"actor": "Averil Mean", "decision": "named", "reason": "a person decided so"}
        store(settings.lake, "track_names", [{**r, **c, "decisions": 1} for r, c in zip(
            stored, ({}, named, follows, {}), strict=True)], film)  # fmt: skip

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with serving(settings, run) as page:
        tab = Watched(context, page).film(FILM)
        name_on_the_film_page(tab, "Unknown 1", "Averil Mean")
        expect(tab.locator("#toast-text")).to_have_text(
            "Unknown 1 is Averil Mean. 1 more track followed.", timeout=60_000
        )
        expect(tab.locator("#toast-undo")).to_be_visible()
        tab.locator("#toast-undo").click()
        expect(tab.locator("#toast-text")).to_have_text("Taken back.")
        expect(tab.locator("#lanes .lane .who .name")).to_have_text(["Grace Hopper", "Unknown 1"])
        context.close()


def test_a_decision_of_somebody_else_shows_on_the_open_page(watched: Watched) -> None:
    tab = watched.film(FILM, "?t=25")
    expect(tab.locator("#now .name")).to_have_text("Unknown 1")
    content = {"people": ["unknown:1"], "verdict": "is", "person": "Averil Mean", "by": "Ben"}
    revision = watched.page.json(f"/data/{FILM}")["revision"]
    assert watched.page.send(f"/api/films/{FILM}/reviews", {**content, "revision": revision}).status_code == 201
    expect(tab.locator("#now .name")).to_have_text("Averil Mean")
