"""/api/events: every change reaches whoever listens, whatever process made it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import publish
from wios_assets.page import events
from wios_assets.page.events import Event, differences
from wios_assets.reviews.decisions import decide, undo
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import APPEARANCES, store

pytestmark = pytest.mark.slow

OTHER = 'the "other"\nfilm'


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("events")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    store(settings.lake, "library", [store_reviewed_film(settings.lake, key) for key in (FILM, OTHER)])
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings, lambda _, film: None) as page:
        yield page


@contextmanager
def listening(page: Page, query: str = "") -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    with requests.get(f"{page.address}/api/events{query}", stream=True, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        stream = parsed(answer.iter_lines(chunk_size=1))
        assert next(stream) == ("begin", {})
        yield stream


def parsed(lines: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = ""
    for line in lines:
        name, _, value = line.decode().partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_decisions_by_another_process_and_their_undoing_are_told(page: Page, settings: Settings) -> None:
    with listening(page) as stream:
        decision, *_ = decide(
            settings.data, settings.lake, FILM, [0], "is_not", "Grace Hopper", everywhere=False, by="Ann"
        )
        kind, first = next(stream)
        assert (kind, first["film"]) == ("decisions", FILM)
        undo(settings.data, FILM, decision.id, by="Ann")
        kind, second = next(stream)
        assert (kind, second["film"], second["version"] != first["version"]) == ("decisions", FILM, True)


def test_a_replaced_film_and_one_that_comes_and_goes_are_told(page: Page, settings: Settings) -> None:
    with listening(page) as stream:
        store(settings.lake, "appearances", APPEARANCES, OTHER)
        kind, state = next(stream)
        assert (kind, state["film"], state["state"]) == ("film", OTHER, "ready")
        entry = IndexEntry("/films/new.mkv", 1, 1, "1")
        write_index(index_path(settings), FilmIndex(films={"new": entry}))
        assert next(stream) == ("film", {**dict.fromkeys(state), "film": "new", "state": "queued"})
        write_index(index_path(settings), FilmIndex(films={}))
        assert next(stream) == ("film", {"film": "new", "state": "gone"})


def test_one_film_alone_can_be_listened_to(page: Page, settings: Settings) -> None:
    with listening(page, f"?film={FILM}") as stream:
        store(settings.lake, "appearances", APPEARANCES, OTHER)
        store(settings.lake, "appearances", APPEARANCES, FILM)
        assert next(stream)[1]["film"] == FILM


def test_more_listeners_than_allowed_are_refused(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_LISTENERS", 1)
    with listening(page):
        refused = page.get("/api/events")
        assert (refused.status_code, "listen already" in refused.json()["reason"]) == (503, True)
        assert page.get("/api/films").status_code == 200


def test_the_stream_ends_with_the_page(settings: Settings) -> None:
    with serving(settings) as page:
        answer = requests.get(f"{page.address}/api/events", stream=True, timeout=20)
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines) == b"event: begin"
    assert [line for line in lines if line.startswith(b"event")] == []


def test_only_what_changed_is_an_event() -> None:
    before = {("film", "a"): {"film": "a", "state": "ready"}, ("request", "1"): {"id": "1"}}
    now = {("film", "b"): {"film": "b", "state": "queued"}, ("film", "a"): {"film": "a", "state": "ready"}}
    assert differences(before, now) == [Event("film", {"film": "b", "state": "queued"})]
    assert differences(now, before)[-1] == Event("film", {"film": "b", "state": "gone"})
