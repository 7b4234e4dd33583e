from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from wios_assets.films.inbox import discover
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path
from wios_assets.lake.library import publish
from wios_assets.page import security, uploads
from wios_assets.page.models import RequestEntry, RequestList
from wios_assets.page.state.film_requests import UPLOADS, FilmRequests
from wios_assets.page.state.film_states import FilmState, FilmStates
from wios_assets.runs.processes import lives
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import fill, library_row

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script>"


def settings_of(folder: Path) -> Settings:
    settings = load_settings(data=folder / "data", cache=folder / "cache", page={"upload_gigabytes": 0.01})
    settings.films.mkdir(parents=True)
    return settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Settings]]:
    """A page that refuses what it is asked; its inbox has a film, and a link to the folder outside with another."""
    settings = settings_of(tmp_path_factory.mktemp("refusing"))
    make_video(settings.films / "inside.mp4")
    make_video(settings.data / "out.mp4")
    (settings.films / "link").symlink_to(settings.data)
    with serving(settings) as page:
        yield page, settings


def ask(page: Page, **wanted: Any) -> requests.Response:
    return requests.post(f"{page.address}/api/requests", json=wanted, timeout=30)


def send(page: Page, asked: dict[str, Any], content: bytes) -> requests.Response:
    return requests.put(page.address + asked["upload"], data=content, timeout=60)


def nothing_is_left(settings: Settings) -> bool:
    """Whether neither the inbox nor the index has a film, and no part of an upload is kept."""
    left = list((settings.films / UPLOADS).iterdir()) if (settings.films / UPLOADS).is_dir() else []
    return not left and not discover(settings.films).films and not read_index(index_path(settings)).films


def until(what: Callable[[], bool]) -> None:
    for _ in range(3000):
        if what():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def test_an_uploaded_film_is_in_the_inbox_with_its_sidecar(page: Page, settings: Settings, tmp_path: Path) -> None:
    photo = settings.galleries / "mine" / "Grace Hopper" / "1.jpg"
    photo.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(photo)
    film = make_video(tmp_path / "film.mp4").read_bytes()
    answer = ask(page, file="Heat (1995).mp4", size=len(film), cast=["Grace Hopper"], gallery="mine", title="Heat")
    assert answer.status_code == 201
    asked = answer.json()
    RequestEntry.model_validate(asked)
    assert answer.headers["location"] == f"/api/requests/{asked['id']}"
    assert (asked["state"], asked["share"]) == ("uploading", 0.0)
    brought = send(page, asked, film).json()
    assert (brought["state"], brought["film"], brought["upload"]) == ("waiting", "Heat (1995)", None)
    assert "wios ui" in brought["reason"]
    (film_in_inbox,) = discover(settings.films).films
    assert film_in_inbox.path.read_bytes() == film
    assert not film_in_inbox.path.is_symlink()
    sidecar = read_sidecar(sidecar_path(film_in_inbox.path))
    assert (sidecar.cast, sidecar.title, sidecar.gallery) == (
        ["Grace Hopper"],
        "Heat",
        str(settings.galleries / "mine"),
    )
    assert not list((settings.films / UPLOADS).iterdir())
    listed = page.json("/api/requests")
    RequestList.model_validate(listed)
    assert [entry["id"] for entry in listed["requests"]] == [asked["id"]]
    assert page.json(f"/api/films/{film_in_inbox.key}")["state"] == "queued"


def test_a_film_in_the_inbox_is_added_by_its_path_and_may_be_described_again(page: Page, settings: Settings) -> None:
    make_video(settings.films / "shelf" / "Heat (1995).mkv")
    first = ask(page, path="shelf/Heat (1995).mkv").json()
    again = ask(page, path="shelf/Heat (1995).mkv", cast=["Al Pacino"]).json()
    assert (first["film"], again["film"]) == ("Heat (1995)", "Heat (1995)")
    assert first["id"] != again["id"]
    assert read_sidecar(settings.films / "shelf" / "Heat (1995).wios.yaml").cast == ["Al Pacino"]


@pytest.mark.parametrize(
    "path",
    [
        "../out.mp4",
        "/etc/passwd",
        "a/../../out.mp4",
        "..",
        ".",
        ".uploads/x.mp4",
        "a\0b.mp4",
        "link/out.mp4",
        "x" * 900,
    ],
)
def test_a_path_outside_of_the_inbox_is_refused(refusing: tuple[Page, Settings], path: str) -> None:
    page, settings = refusing
    answer = ask(page, path=path)
    assert answer.status_code == 400
    assert any(words in answer.json()["reason"] for words in ("inside of", "there is no such file"))
    assert not read_index(index_path(settings)).films


@pytest.mark.parametrize("gallery", ["..", "/etc", "../../..", "x\0y"])
def test_photos_outside_of_the_galleries_are_not_read(refusing: tuple[Page, Settings], gallery: str) -> None:
    page, settings = refusing
    answer = ask(page, path="inside.mp4", gallery=gallery)
    assert answer.status_code == 400
    assert not read_index(index_path(settings)).films


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({}, "either `file`"),
        ({"file": "a.mp4", "path": "a.mp4"}, "either `file`"),
        ({"file": "a.mp4"}, "size:"),
        ({"file": "a.exe", "size": 5}, "the name of a film ends in"),
        ({"file": "a.mp4", "size": 0}, "has 0 bytes"),
        ({"file": "a.mp4", "size": 10**15}, "upload_gigabytes"),
        ({"file": "a.mp4", "size": 5, "tconst": "x"}, "tconst:"),
        ({"file": "a.mp4", "size": 5, "cast": []}, "cast:"),
        ({"file": "a.mp4", "size": 5, "other": 1}, "other:"),
        ({"path": "gone.mp4"}, "there is no such file"),
    ],
)
def test_an_invalid_request_is_refused_with_its_reason(
    refusing: tuple[Page, Settings], wanted: dict[str, Any], says: str
) -> None:
    page, _ = refusing
    answer = ask(page, **wanted)
    assert answer.status_code == 400
    assert says in answer.json()["reason"]
    assert page.json("/api/requests")["total"] == 0


def test_malformed_json_and_unknown_requests_are_refused(page: Page) -> None:
    assert requests.post(f"{page.address}/api/requests", data=b"{", timeout=30).status_code == 400
    for id in ("0" * 32, "..%2F..%2Ffilms", "x"):
        assert page.get(f"/api/requests/{id}").status_code == 404
        assert page.get(f"/request/{id}").status_code == 404


def test_the_name_of_an_uploaded_file_cannot_leave_the_inbox(page: Page, settings: Settings, tmp_path: Path) -> None:
    film = make_video(tmp_path / "film.mp4").read_bytes()
    for file in ("../../../out.mp4", "..\\out2.mp4", f"{HOSTILE}.mp4"):
        asked = ask(page, file=file, size=len(film)).json()
        send(page, asked, film)
        film = make_video(tmp_path / "film.mp4", seed=len(file)).read_bytes()
    films = discover(settings.films).films
    assert len(films) == 3
    assert all(settings.films in film.path.parents for film in films)
    assert HOSTILE not in page.get("/bring").text + page.get("/").text
    assert not (settings.data / "out.mp4").exists()


def test_the_inbox_comes_first_where_films_wait_in_it(page: Page, settings: Settings) -> None:
    def order() -> list[int]:
        text = page.get("/bring").text
        return [text.index("<h2>The inbox</h2>"), text.index('<form id="bring"')]

    assert order() == sorted(order(), reverse=True)
    ready, waiting = (make_video(settings.films / f"{title} (2020).mp4", seed=len(title)) for title in ("A", "Waiting"))
    fill(settings.lake, library_row("A (2020)", path=str(ready)))
    publish(settings.lake, settings.library)
    assert order() == sorted(order())
    text = page.get("/bring").text
    assert text.index(f"<code>{waiting.name}</code>") < text.index(f"<code>{ready.name}</code>"), "waiting ones first"


def test_a_film_that_lies_in_the_inbox_needs_no_upload(page: Page, settings: Settings) -> None:
    make_video(settings.films / "Heat.mkv")
    asked = ask(page, path="Heat.mkv").json()
    answer = requests.put(f"{page.address}/api/requests/{asked['id']}/film", data=iter([b"x"]), timeout=30)
    assert (answer.status_code, answer.headers["connection"]) == (409, "close")
    assert "nothing is to be sent" in answer.json()["reason"]


def test_requests_of_an_earlier_version_are_still_read(page: Page, settings: Settings) -> None:
    asked = ask(page, file="Heat.mkv", size=10, title="Heat").json()
    file = settings.data / "requests" / f"{asked['id']}.json"
    stored = json.loads(file.read_text())
    stored["said"] = stored.pop("details")
    file.write_text(json.dumps(stored))
    assert page.json(f"/api/requests/{asked['id']}") == asked


def test_a_file_that_is_not_a_video_is_refused_and_removed(page: Page, settings: Settings) -> None:
    asked = ask(page, file="a.mp4", size=1000).json()
    answer = send(page, asked, b"x" * 1000).json()
    assert answer["state"] == "failed"
    assert answer["reason"].startswith("a.mp4:")
    assert nothing_is_left(settings)
    assert send(page, asked, b"x" * 1000).status_code == 409


def test_an_upload_of_another_length_than_announced_is_removed(page: Page, settings: Settings) -> None:
    asked = ask(page, file="a.mp4", size=1000).json()
    assert send(page, asked, b"x" * 2000).status_code == 400

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    try:
        answer = requests.put(page.address + asked["upload"], data=endless(), timeout=60)
        assert answer.status_code == 400
    except requests.ConnectionError:
        pass
    failed = page.json(f"/api/requests/{asked['id']}")
    assert failed["state"] == "failed"
    assert "larger than" in failed["reason"]
    assert nothing_is_left(settings)


def begin_upload(page: Page, asked: dict[str, Any], part: bytes) -> socket.socket:
    where = urlsplit(page.address)
    connection = socket.create_connection((where.hostname, where.port))
    head = f"PUT {asked['upload']} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 100000\r\n\r\n"
    connection.sendall(head.encode() + part)
    return connection


def test_a_partial_upload_never_reaches_the_inbox_and_is_removed(page: Page, settings: Settings) -> None:
    asked = ask(page, file="a.mp4", size=100_000).json()
    with begin_upload(page, asked, b"x" * 50_000):
        until(lambda: page.json(f"/api/requests/{asked['id']}")["share"] == 0.5)
        assert len(list((settings.films / UPLOADS).iterdir())) == 1
        assert not discover(settings.films).films
    until(lambda: page.json(f"/api/requests/{asked['id']}")["state"] == "failed")
    assert "cut off after 50000 of 100000 bytes" in page.json(f"/api/requests/{asked['id']}")["reason"]
    assert nothing_is_left(settings)


def test_an_idle_or_slow_upload_is_ended(page: Page, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE_TIMEOUT_S", 0.2)
    silent = ask(page, file="silent.mp4", size=100_000).json()
    with begin_upload(page, silent, b"x" * 10):
        until(lambda: page.json(f"/api/requests/{silent['id']}")["state"] == "failed")
    monkeypatch.setattr(uploads, "IDLE_TIMEOUT_S", 5)
    monkeypatch.setattr(uploads, "GRACE_S", 0)
    monkeypatch.setattr(uploads, "MIN_BYTES_PER_S", 10**12)
    slow = ask(page, file="slow.mp4", size=100_000).json()
    with begin_upload(page, slow, b"x" * 10):
        until(lambda: page.json(f"/api/requests/{slow['id']}")["state"] == "failed")
    assert "too slowly" in page.json(f"/api/requests/{slow['id']}")["reason"]
    assert nothing_is_left(settings)


def test_the_number_of_simultaneous_uploads_is_limited(page: Page, settings: Settings) -> None:
    every = [ask(page, file=f"{n}.mp4", size=100_000).json() for n in range(3)]
    connections = [begin_upload(page, asked, b"x") for asked in every[:2]]
    until(lambda: len(list((settings.films / UPLOADS).glob("*"))) == 2)
    answer = send(page, every[2], b"x" * 100_000)
    assert answer.status_code == 409
    assert "already" in answer.json()["reason"]
    for connection in connections:
        connection.close()


def test_a_film_is_refused_before_the_upload_if_the_disk_is_full(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "RESERVED_BYTES", 1 << 60)
    answer = ask(page, file="a.mp4", size=1000)
    assert answer.status_code == 400
    assert "free some space" in answer.json()["reason"]


def test_other_bodies_are_limited_in_size_and_time(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "MAX_BODY_BYTES", 1000)
    monkeypatch.setattr(security, "BODY_TIMEOUT_S", 0.2)
    assert requests.post(f"{page.address}/api/requests", data=b" " * 5000, timeout=30).status_code == 413
    where = urlsplit(page.address)
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(f"POST /api/requests HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 9\r\n\r\n".encode())
        connection.settimeout(30)
        assert b" 408 " in connection.recv(1000)


def test_requests_survive_a_restart_and_a_cut_off_upload_has_failed(settings: Settings, tmp_path: Path) -> None:
    film = make_video(tmp_path / "film.mp4").read_bytes()
    with serving(settings) as page:
        brought = ask(page, file="whole.mp4", size=len(film)).json()
        send(page, brought, film)
        cut = ask(page, file="cut.mp4", size=100_000).json()
    file = settings.data / "requests" / f"{cut['id']}.json"
    gone = {**json.loads(file.read_text()), "phase": "receiving", "process": "1@1.00"}
    assert not lives(gone["process"])
    file.write_text(json.dumps(gone))
    part = settings.films / UPLOADS / f"{cut['id']}.mp4"
    part.write_bytes(b"half")
    with serving(settings) as page:
        assert not part.exists()
        assert page.json(f"/api/requests/{brought['id']}")["state"] == "waiting"
        after = page.json(f"/api/requests/{cut['id']}")
    assert (after["state"], after["reason"]) == ("failed", "'cut.mp4' was cut off when the page ended; send it again")


def test_an_announced_upload_expires_and_is_not_taken_later(page: Page, settings: Settings) -> None:
    asked = ask(page, file="late.mp4", size=100_000).json()
    assert asked["state"] == "uploading"
    file = settings.data / "requests" / f"{asked['id']}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "asked_s": time.time() - 3601}))
    after = page.json(f"/api/requests/{asked['id']}")
    reason = "'late.mp4' was announced, and nothing was sent for 60 minutes; make a new request"
    assert (after["state"], after["reason"], after["upload"]) == ("failed", reason, None)
    refused = send(page, asked, b"0" * 100_000)
    assert (refused.status_code, refused.json()["reason"]) == (409, reason)
    assert nothing_is_left(settings)


def test_a_request_follows_the_run_of_its_film(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video(settings.films / "Heat.mkv")
    states, ready = FilmStates(settings), set[str]()
    kept = FilmRequests(settings, states, ready.__contains__)
    asked = kept.add_from_inbox("Heat.mkv", Sidecar())
    seen = []
    runs = [
        FilmState("failed", reason="before", since=asked.asked_s - 5),
        FilmState("running", stage="frames", share=0.5, since=asked.asked_s + 1),
        FilmState("running", stage="faces", since=asked.asked_s + 1),
        FilmState("running", stage="names", since=asked.asked_s + 1),
        FilmState("failed", reason="no cast", since=asked.asked_s + 1),
    ]
    for state in runs:
        monkeypatch.setattr(states, "_runs", {"Heat": state})
        seen.append(kept.state(asked))
    assert [state.name for state in seen] == ["waiting", "frames", "faces", "names", "failed"]
    assert (seen[1].share, seen[-1].reason) == (0.5, "no cast")
    monkeypatch.setattr(states, "_runs", {})
    ready.add("Heat")
    assert kept.state(asked).name == "ready"


def test_the_request_of_a_ready_film_redirects_to_its_page(settings: Settings) -> None:
    film = make_video(settings.films / "Heat.mkv")
    fill(settings.lake, library_row("Heat", path=str(film)))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        asked = ask(page, path="Heat.mkv").json()
        assert (asked["state"], asked["page"]) == ("ready", "/film/Heat")
        answer = page.get(f"/request/{asked['id']}")
    assert (answer.status_code, answer.headers["location"]) == (307, "/film/Heat")
