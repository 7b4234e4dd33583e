"""The cast of a film: its photos, adding some, and their verdicts at once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from PIL import Image
from pydantic import TypeAdapter

from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.page import models
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import store

FILM = 'The "Film"'
HOSTILE = "<script>alert(1)</script>"


def picture(shade: int, side: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (shade, 0, 0)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    cast = [
        {"billing": 1, "actor": "Grace Hopper", "nconst": "nm0393790", "character": HOSTILE},
        {"billing": 2, "actor": "Eileen Collins"},
    ]
    store(settings.lake, "cast", cast, FILM)
    photo = settings.galleries / "Grace Hopper" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(picture(1))
    judged = {"actor": "Grace Hopper", "photo": str(photo), "verdict": "blurred", "reason": "its face is blurred"}
    store(settings.lake, "gallery_photos", [judged], FILM)
    entry = IndexEntry(str(settings.films / "film.mkv"), 1, 1, "1")
    write_index(index_path(settings), FilmIndex(films={FILM: entry}))
    settings.films.mkdir(parents=True, exist_ok=True)
    Path(entry.path).write_bytes(b"a film")
    return settings


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


def add(page: Page, film: str, content: bytes, **query: str) -> requests.Response:
    address = f"{page.address}/api/films/{quote(film, safe='')}/photos"
    return requests.post(address, data=content, params=query, timeout=30)


def test_the_cast_is_shown_with_photos_and_their_verdicts(page: Page, settings: Settings) -> None:
    document = page.json(f"/api/films/{quote(FILM, safe='')}/photos")
    TypeAdapter(models.CastPhotosDocument).validate_python(document, strict=True)
    assert [(each["actor"], each["usable"], len(each["photos"])) for each in document["cast"]] == [
        ("Grace Hopper", 0, 1), ("Eileen Collins", 0, 0),
    ]  # fmt: skip
    shown = page.get(f"/cast/{quote(FILM, safe='')}").text
    assert '<span class="quiet why-not">its face is blurred</span>' in shown
    assert HOSTILE not in shown
    photo = quote(document["cast"][0]["photos"][0]["photo"], safe="")
    small = page.get(f"/cast-photo/{quote(FILM, safe='')}?of={photo}")
    assert small.headers["content-type"] == "image/jpeg"
    elsewhere = quote(str(index_path(settings)), safe="")
    assert page.get(f"/cast-photo/{quote(FILM, safe='')}?of={elsewhere}").status_code == 404


def test_a_photo_goes_into_the_actors_folder_and_waits_for_its_verdict(page: Page, settings: Settings) -> None:
    answer = add(page, FILM, picture(7), actor="Eileen Collins", name="new.jpg")
    assert (answer.status_code, answer.json()["verdict"]) == (201, "waiting")
    assert (settings.galleries / "Eileen Collins" / "new.jpg").read_bytes() == picture(7)
    document = page.json(f"/api/films/{quote(FILM, safe='')}/photos")
    assert [each["verdict"] for each in document["cast"][1]["photos"]] == ["waiting"]


def test_what_cannot_be_added_is_refused(page: Page, settings: Settings) -> None:
    assert add(page, FILM, picture(7), actor="Somebody Else", name="a.jpg").status_code == 404
    assert add(page, FILM, b"x", actor="Grace Hopper", name="a.jpg").status_code == 400
    assert add(page, FILM, picture(1), actor="nm0393790", name="again.jpg").status_code == 409
    assert add(page, "nothing", picture(7), actor="Grace Hopper", name="a.jpg").status_code == 404
    assert [file.name for file in settings.galleries.rglob("*.jpg")] == ["1.jpg"]


@pytest.mark.slow
def test_a_photo_of_somebody_else_is_told_at_once(finished: FinishedExample, tmp_path: Path) -> None:
    """By the real engine, in a process of its own, on a copy of the example's galleries."""
    galleries = tmp_path / "galleries"
    settings = finished.settings.model_copy(update={"galleries": galleries})
    first, other = (each["actor"] for each in _cast(settings, finished.example.key)[:2])
    for actor in (first, other):
        (galleries / actor).mkdir(parents=True)
        for file in sorted((finished.settings.galleries / actor).iterdir()):
            (galleries / actor / file.name).write_bytes(file.read_bytes())
    foreign = sorted((galleries / other).iterdir())[0].read_bytes()
    with serving(settings) as page:
        assert add(page, finished.example.key, foreign, actor=first, name="wrong.jpg").status_code == 201
        address = f"{page.address}/api/films/{quote(finished.example.key, safe='')}/verdicts"
        judged = requests.post(address, timeout=120)
    assert judged.status_code == 200, judged.text
    own = {Path(each["photo"]).name: each["verdict"] for each in judged.json()["cast"][0]["photos"]}
    assert own.pop("wrong.jpg") != "used"
    assert set(own.values()) == {"used"}


def _cast(settings: Settings, film: str) -> list[dict[str, str]]:
    from wios_assets.lake.store import read_rows
    from wios_assets.tables import CAST

    rows: list[dict[str, str]] = read_rows(settings.lake, CAST, film).to_pylist()
    return rows
