from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from PIL import Image

from wios_assets.lake.library import publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import APPEARANCES, ODD_KEYS, fill, library_row, store

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script>\"&"


def jpeg(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (150, 150), (shade, 0, 0)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("videos") / "a film.mp4", seconds=8)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Settings:
    folder = tmp_path_factory.mktemp("pages")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    fill(
        settings.lake,
        library_row("heat", title="Heat", year=1995, path=str(film)),
        library_row(HOSTILE, title=HOSTILE),
        *(library_row(key) for key in ODD_KEYS),
    )
    people = [{**row, "best_face": 10 + n} for n, row in enumerate(APPEARANCES)]
    store(settings.lake, "appearances", people, "heat")
    chips = [{"face": 10 + n, "quality": 0.5, "chip": jpeg(40 * n)} for n in range(3)]
    store(settings.lake, "face_embeddings", chips, "heat")
    photo = {"actor": "Eileen Collins", "photo": APPEARANCES[2]["photos"][0], "verdict": "used", "thumbnail": jpeg(200)}
    store(settings.lake, "gallery_photos", [photo], "heat")
    named = {"actor": HOSTILE, "character": HOSTILE, "kind": "cast", "nconst": None}
    store(settings.lake, "appearances", [{**APPEARANCES[0], **named}], HOSTILE)
    store(
        settings.lake, "screen_time", [{**named, "rank": 1, "seconds": 11.5, "share": 0.1, "appearances": 1}], HOSTILE
    )
    store(settings.lake, "minute_appearances", [], HOSTILE)
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


def test_films_are_cards_with_title_year_and_state(page: Page) -> None:
    text = page.get("/").text
    assert "Heat" in text
    assert "1995" in text
    assert "2 of the cast, 1 unknown" in text
    assert "as The Admiral" in page.get("/?q=hopper").text
    assert "No film, actor or character matches" in page.get("/?q=zzz").text


@pytest.mark.parametrize(
    "path", ["/", "/?q={0}", "/film/{0}", "/actors", "/actors?q={0}", "/actor/{0}", "/film/no{0}", "/actor/no{0}"]
)
def test_a_hostile_name_stays_text(page: Page, path: str) -> None:
    text = page.get(path.format(quote(HOSTILE, safe=""))).text
    assert "alert" in text
    assert "<script>alert" not in text
    assert not re.search(r"\son\w+=", text)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_the_links_of_odd_films_lead_to_them(page: Page, key: str) -> None:
    link = f"/film/{quote(key, safe='')}"
    assert f'href="{link}"' in page.get(f"/?q={quote(key[:3])}").text
    shown = page.get(link)
    assert shown.status_code == 200
    source = re.search(r'data-source="([^"]*)"', shown.text)
    assert source is not None
    assert page.get(source[1]).json()["film"] == key


def test_the_beginning_of_a_name_leads_to_the_film(page: Page) -> None:
    answer = page.get("/film/hea")
    assert (answer.status_code, answer.headers["location"]) == (307, "/film/heat")


def test_the_video_is_sent_in_the_ranges_that_are_asked_for(page: Page, film: Path) -> None:
    content = film.read_bytes()
    whole = page.get("/video/heat", accept_encoding="gzip")
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "video/mp4"
    part = page.get("/video/heat", range="bytes=100-199")
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert page.get("/video/heat", range="bytes=-50").content == content[-50:]
    assert page.get("/video/heat", range=f"bytes={len(content) + 1}-").status_code == 416


def test_a_client_that_stops_reading_does_not_block_others(page: Page) -> None:
    with requests.get(f"{page.address}/video/heat", stream=True, timeout=10) as halted:
        next(halted.iter_content(10))
        assert page.get("/api/films/heat/who?t=5").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../security.py",
        "/static/..%2fsecurity.py",
        "/static/%2e%2e/security.py",
        "/static//etc/passwd",
        "/video/../../../../etc/passwd",
        "/video/..%2f..%2f..%2fetc%2fpasswd",
        "/video/%2fetc%2fpasswd",
        "/poster/..%2f..%2fetc%2fpasswd",
        "/chip/1/..%2f..%2fappearances",
        "/chip/99999999999999999999999/heat",
        "/chip/-1/heat",
        "/photo/heat?of=/etc/passwd",
        "/photo/heat?of=../../../etc/passwd",
        "/photo/..%2f..%2fetc%2fpasswd?of=x",
    ],
)
def test_no_path_leads_out_of_the_library(page: Page, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_a_poster_is_a_frame_of_the_film_and_made_once(page: Page, settings: Settings) -> None:
    first = page.get("/poster/heat")
    assert first.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(first.content)).size == (64, 48)
    (made,) = (settings.cache / "posters").iterdir()
    written = made.stat().st_mtime_ns
    assert page.get("/poster/heat").content == first.content
    assert made.stat().st_mtime_ns == written


def test_a_film_whose_file_is_gone_is_still_asked_about(page: Page) -> None:
    assert page.get("/video/007").status_code == 404
    shown = page.get("/film/007").text
    assert "<video" not in shown
    assert "is gone from" in shown


def test_photos_are_the_thumbnails_of_the_films_own_gallery(page: Page) -> None:
    (matched,) = page.json("/api/films/heat/who?t=75")["people"][0]["photos"]
    assert page.get(f"/photo/heat?of={quote(matched)}").content == jpeg(200)
    for film, photo in (("heat", "/photos/Grace Hopper/1.jpg"), ("007", matched)):
        answer = page.get(f"/photo/{film}?of={quote(photo)}")
        assert answer.status_code == 404
        assert "no photo" in answer.text
    assert page.get("/photo/heat").status_code == 400


def test_chips_come_from_the_lake(page: Page) -> None:
    assert page.get("/chip/11/heat").content == jpeg(40)
    assert page.get("/chip/99/heat").status_code == 404
    assert page.json("/api/films/heat/who?t=5")["people"][0]["chip"] == "/chip/10/heat"


def test_an_actor_has_every_appearance_with_its_picture(page: Page) -> None:
    shown = page.get("/actor/nm0393790").text
    assert 'src="/chip/10/heat"' in shown
    assert 'href="/film/heat?t=1.00"' in shown
    assert page.get("/portrait/nm0393790").content == jpeg(0)


@pytest.mark.parametrize("path", ["/", "/film/heat", "/actors", "/actor/nm0393790", "/api", "/nothing"])
def test_a_page_loads_nothing_from_elsewhere_and_has_no_script_of_its_own_text(page: Page, path: str) -> None:
    text = page.get(path).text
    assert not re.findall(r'(?:src|poster)="(?!/)', text)
    assert not re.findall(r'<link[^>]*href="(?!/)', text)
    assert not re.findall(r"<script(?![^>]*src=)", text)
    assert "style=" not in text
    assert '<html lang="en">' in text


def test_the_films_of_an_actor_are_paged(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, *(library_row(f"film {n:02d}") for n in range(12)))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        first, second = (page.get(f"/actor/Grace%20Hopper?page={n}").text for n in (1, 2))
        assert "Page 1 of 2" in first
        assert 'href="/actor/Grace%20Hopper?page=2"' in first
        shown = [set(re.findall(r'href="/film/(film%20\d\d)"', text)) for text in (first, second)]
        assert [len(films) for films in shown] == [10, 2]
        assert len(set.union(*shown)) == 12
        assert page.get("/portrait/Grace%20Hopper").headers["content-type"] == "image/svg+xml"
        assert page.get("/portrait/nobody").status_code == 404


def test_episodes_stand_under_their_season_which_has_a_page_of_its_screen_time(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    keys = ("Fargo (2014) S01E01", "Fargo (2014) S01E02", "Fargo (2014) S00E01", "Heat (1995)")
    fill(settings.lake, *(library_row(key, title=key) for key in keys))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        films = page.get("/").text
        season = page.get("/series/" + quote("Fargo (2014) S01", safe=""))
        answer = page.json("/api/series/" + quote("Fargo (2014)", safe="") + "/screen-time")
        entries = {each["key"]: (each["series"], each["season"]) for each in page.json("/api/films")["films"]}
        missing = page.get("/series/Ozark")

    assert re.findall(r'<h2 class="series"><a href="([^"]+)">', films) == [
        "/series/Fargo%20%282014%29%20S00",
        "/series/Fargo%20%282014%29%20S01",
    ]
    assert films.index("Season 1") < films.index("Fargo (2014) S01E01")
    assert season.status_code == 200
    assert "2 episodes" in season.text
    assert "Eileen Collins" in season.text
    assert answer["episodes"] == ["Fargo (2014) S00E01", *keys[:2]]
    assert answer["people"][0]["films"] == 3
    assert entries["Fargo (2014) S00E01"] == ("Fargo (2014)", 0)
    assert entries["Heat (1995)"] == (None, None)
    assert missing.status_code == 404
