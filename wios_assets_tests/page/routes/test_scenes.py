"""/find and /api/scenes: the same questions by the same parameters, with decisions that no run has worked in yet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from wios_assets.lake.library import publish
from wios_assets.page import models
from wios_assets.page.media import SMALL_FRAME_WIDTH
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import store
from wios_assets_tests.video_files import write_film

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("scenes")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    films = [store_reviewed_film(settings.lake, key, year=year) for key, year in ((FILM, 1995), (HOSTILE, 1960))]
    store(settings.lake, "library", films)
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings, lambda _, film: None) as page:
        yield page


def test_the_api_answers_with_scenes_that_the_page_plays(page: Page) -> None:
    answer = page.json("/api/scenes?with=grace+hopper&over=0:10")
    TypeAdapter(models.SceneList).validate_python(answer, strict=True)
    assert (answer["people"], answer["total"], answer["films"], answer["seconds"]) == (["Grace Hopper"], 2, 2, 23.0)
    assert [each["film"] for each in answer["scenes"]] == [HOSTILE, FILM]
    assert answer["scenes"][1]["link"] == f"/film/{FILM}?t=1.00"
    assert page.get(answer["scenes"][0]["link"]).status_code == 200
    second = page.json("/api/scenes?with=nm0393790&per_page=1&page=9")
    assert (second["page"], second["pages"], [each["film"] for each in second["scenes"]]) == (2, 2, [FILM])


def test_questions_that_cannot_be_answered_are_refused_with_a_reason(page: Page) -> None:
    for query, status, reason in (
        ("", 400, "with"),
        ("with=nobody", 404, "nobody called"),
        ("with=unknown:1", 400, "another person in each film"),
        ("with=Grace+Hopper&over=1:5", 400, "is not a time"),
        ("with=Grace+Hopper&sort=odd", 400, "sort"),
        ("with=" + "&with=".join(map(str, range(30))), 400, "with"),
    ):
        answer = page.get(f"/api/scenes?{query}")
        assert (answer.status_code, reason in answer.json()["reason"]) == (status, True), answer.text
    shown = page.get("/find?with=nobody")
    assert shown.status_code == 404
    assert "nobody called &#39;nobody&#39;" in shown.text


def test_the_page_shows_question_and_answer_and_escapes_both(page: Page) -> None:
    shown = page.get("/find?with=Grace+Hopper&without=&with=&first=true").text
    assert "First scenes with Grace Hopper: 2 in 2 films, 00:00:23 in all" in shown
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert f'href="/film/{FILM}?t=1.00"' in shown
    assert "No such scene" in page.get("/find?with=Grace+Hopper&over=1:00").text
    assert '<ol class="scenes"' not in page.get("/find").text


def test_a_scene_has_a_small_picture_of_its_own_else_the_films_poster(
    page: Page, settings: Settings, tmp_path: Path
) -> None:
    assert f'<img src="/frame/{FILM}?t=1.50&amp;small=true"' in page.get("/find?with=Grace+Hopper").text
    gone = page.get(f"/frame/{FILM}?t=1.50&small=true")
    assert (gone.status_code, gone.content) == (200, page.get(f"/poster/{FILM}").content)
    assert page.get(f"/frame/{FILM}?t=1.50").status_code == 404
    seen = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    film = write_film(tmp_path / "film.mp4", (np.full((400, 640, 3), 80 * n, np.uint8) for n in range(3)), rate=1.0)
    store(seen.lake, "library", [store_reviewed_film(seen.lake, FILM, path=str(film))])
    publish(seen.lake, seen.library)
    with serving(seen) as other:
        for instant, shade in ((0.5, 0), (2.1, 160)):
            frame = other.get(f"/frame/{FILM}?t={instant}&small=true")
            with Image.open(io.BytesIO(frame.content)) as picture:
                assert picture.width == SMALL_FRAME_WIDTH
                assert np.asarray(picture).mean() == pytest.approx(shade, abs=6)


def test_a_decision_shows_in_the_answer_at_once(page: Page) -> None:
    assert page.get("/api/scenes?with=Averil+Mean").status_code == 404
    listed = page.json(f"/api/films/{FILM}/reviews?show=named")["reviews"][0]
    content = {"tracks": listed["tracks"], "revision": listed["revision"], "verdict": "is", "person": "Averil Mean"}
    made = page.send(f"/api/films/{FILM}/reviews", content)
    assert made.status_code == 201, made.text
    assert [each["film"] for each in page.json("/api/scenes?with=Averil+Mean")["scenes"]] == [FILM]
    assert [each["film"] for each in page.json("/api/scenes?with=Grace+Hopper")["scenes"]] == [HOSTILE]
    assert page.send(f"/api/films/{FILM}/reviews/{made.json()['id']}/undo", {}).status_code == 200
    assert page.json("/api/scenes?with=Grace+Hopper")["total"] == 2
