"""Uploads by the tus protocol 1.0: resuming after a break and a restart, cancelling, expiring, and its own client."""

from __future__ import annotations

import base64
import io
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from wios_assets.films.inbox import discover
from wios_assets.page import uploads
from wios_assets.page.state.film_requests import UPLOADS
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.page.served import Page, serving

pytestmark = pytest.mark.slow

TUS = {"tus-resumable": "1.0.0"}
PART = {**TUS, "content-type": "application/offset+octet-stream"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache", page={"upload_gigabytes": 0.01})
    settings.films.mkdir(parents=True)
    return settings


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_video(tmp_path_factory.mktemp("sent") / "film.mp4").read_bytes()


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def create(page: Page, size: int, **values: str) -> requests.Response:
    headers = {**TUS, "upload-length": str(size), "upload-metadata": metadata(**{"filename": "Heat.mp4", **values})}
    return requests.post(f"{page.address}/api/uploads", headers=headers, timeout=30)


def created(page: Page, size: int, **values: str) -> str:
    answer = create(page, size, **values)
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-expires"]
    return page.address + answer.headers["location"]


def send(address: str, offset: int, part: bytes, **headers: str) -> requests.Response:
    sent = {**PART, "upload-offset": str(offset), **headers}
    return requests.patch(address, data=part, headers=sent, timeout=30)


def offset_of(address: str) -> int:
    answer = requests.head(address, headers=TUS, timeout=30)
    assert answer.status_code == 200
    assert (answer.headers["tus-resumable"], answer.headers["cache-control"]) == ("1.0.0", "no-store")
    return int(answer.headers["upload-offset"])


def parts_kept(settings: Settings) -> list[Path]:
    folder = settings.films / UPLOADS
    return list(folder.iterdir()) if folder.is_dir() else []


def test_a_film_sent_in_parts_is_added_with_its_last_byte(page: Page, settings: Settings, content: bytes) -> None:
    address = created(page, len(content), title="Heat", cast="Al Pacino; Robert De Niro")
    half = len(content) // 2
    first = send(address, 0, content[:half])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    assert first.headers["upload-expires"]
    assert not discover(settings.films).films
    assert offset_of(address) == half
    assert send(address, half, content[half:]).status_code == 204
    (film,) = discover(settings.films).films
    assert film.path.read_bytes() == content
    assert film.sidecar is not None
    assert (film.sidecar.title, film.sidecar.cast) == ("Heat", ["Al Pacino", "Robert De Niro"])
    assert requests.head(address, headers=TUS, timeout=30).status_code == 410
    assert page.json(f"/api/requests/{address.rpartition('/')[2]}")["film"] == "Heat"


def test_a_broken_connection_and_a_restarted_page_go_on_where_they_ended(settings: Settings, content: bytes) -> None:
    half = len(content) // 2
    with serving(settings) as page:
        address = created(page, len(content))
        path = address.removeprefix(page.address)
        host, port = page.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            head += f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
            connection.sendall(head.encode() + content[:half])
            for _ in range(3000):
                if parts_kept(settings) and parts_kept(settings)[0].stat().st_size == half:
                    break
                time.sleep(0.02)
        for _ in range(3000):
            if send(address, half, b"").status_code == 204:
                break
            time.sleep(0.02)
        assert offset_of(address) == half
    with serving(settings) as page:
        address = page.address + path
        assert offset_of(address) == half
        assert page.json(f"/api/requests/{path.rpartition('/')[2]}")["state"] == "uploading"
        assert send(address, half, content[half:]).status_code == 204
    assert discover(settings.films).films[0].path.read_bytes() == content


def test_a_wrong_offset_is_a_conflict_and_changes_nothing(page: Page, content: bytes) -> None:
    address = created(page, len(content))
    assert send(address, 0, content[:100]).status_code == 204
    for offset in (0, 99, 101):
        refused = send(address, offset, b"x")
        assert (refused.status_code, "100 bytes were received" in refused.text) == (409, True)
    assert offset_of(address) == 100


def test_more_than_was_announced_is_refused(page: Page, content: bytes) -> None:
    address = created(page, 100)
    assert send(address, 0, content[:101]).status_code == 400
    assert offset_of(address) <= 100


def test_a_cancelled_upload_leaves_nothing(page: Page, settings: Settings, content: bytes) -> None:
    address = created(page, len(content))
    send(address, 0, content[:100])
    assert parts_kept(settings)
    assert requests.delete(address, headers=TUS, timeout=30).status_code == 204
    assert not parts_kept(settings)
    assert send(address, 100, content[100:]).status_code == 410
    assert requests.delete(address, headers=TUS, timeout=30).status_code == 410
    assert "cancelled" in page.json(f"/api/requests/{address.rpartition('/')[2]}")["reason"]


def test_an_upload_that_does_not_go_on_expires(settings: Settings, content: bytes) -> None:
    with serving(settings) as page:
        address = created(page, len(content))
        path = address.removeprefix(page.address)
        send(address, 0, content[:100])
        (part,) = parts_kept(settings)
        old = time.time() - settings.page.upload_hours * 3600 - 10
        os.utime(part, (old, old))
        assert send(address, 100, content[100:]).status_code == 410
        assert "within 24 hours" in page.json(f"/api/requests/{path.rpartition('/')[2]}")["reason"]
    with serving(settings):
        assert not parts_kept(settings)


def test_a_file_that_is_no_film_is_refused_at_its_end(page: Page, settings: Settings) -> None:
    address = created(page, 100)
    assert send(address, 0, b"x" * 60).status_code == 204
    refused = send(address, 60, b"x" * 40)
    assert (refused.status_code, "Heat.mp4" in refused.text) == (400, True)
    assert not parts_kept(settings)


@pytest.mark.parametrize(
    ("size", "values", "reason"),
    [
        (10**9, {}, "upload_gigabytes"),
        (100, {"filename": "film.txt"}, "ends in one of"),
        (100, {"filename": ""}, "filename"),
        (100, {"tconst": "1"}, "tconst"),
        (100, {"gallery": "/etc"}, "outside"),
    ],
)
def test_what_cannot_be_added_is_refused_before_it_is_sent(
    page: Page, size: int, values: dict[str, Any], reason: str
) -> None:
    refused = create(page, size, **values)
    assert (refused.status_code, reason in refused.text) == (400, True), refused.text


def test_the_protocol_is_described_and_its_version_required(page: Page, content: bytes) -> None:
    described = requests.options(f"{page.address}/api/uploads", timeout=30)
    assert (described.status_code, described.headers["tus-version"]) == (204, "1.0.0")
    assert described.headers["tus-extension"] == "creation,termination,expiration"
    assert int(described.headers["tus-max-size"]) == 10_000_000
    address = created(page, len(content))
    for method in ("HEAD", "PATCH", "DELETE"):
        refused = requests.request(method, address, headers={"tus-resumable": "0.2.2"}, timeout=30)
        assert (refused.status_code, refused.headers["tus-version"]) == (412, "1.0.0")
    assert send(address, 0, b"x", **{"content-type": "text/plain"}).status_code == 415
    assert send(address, 0, b"x", **{"upload-offset": "-1"}).status_code == 400
    overridden = {**PART, "upload-offset": "0", "x-http-method-override": "PATCH"}
    assert requests.post(address, data=content[:10], headers=overridden, timeout=30).status_code == 204
    assert offset_of(address) == 10


def test_another_sites_page_cannot_send_nor_cancel(page: Page, content: bytes) -> None:
    address = created(page, len(content))
    assert send(address, 0, b"x", origin="http://evil.example").status_code == 403
    foreign = {**TUS, "origin": "http://evil.example"}
    assert requests.delete(address, headers=foreign, timeout=30).status_code == 403
    assert offset_of(address) == 0


def test_the_protocols_own_python_client_sends_a_film(page: Page, settings: Settings, tmp_path: Path) -> None:
    film = make_video(tmp_path / "Client Film (2020).mp4")
    client: Any = TusClient(f"{page.address}/api/uploads")
    stream = io.BytesIO(film.read_bytes())
    uploader = client.uploader(file_stream=stream, chunk_size=700, metadata={"filename": film.name})
    uploader.upload_chunk()
    # Another uploader goes on with what the first one sent.
    resumed = client.uploader(file_stream=stream, chunk_size=700, url=uploader.url)
    assert resumed.offset == 700
    resumed.upload()
    assert discover(settings.films).films[0].path.read_bytes() == film.read_bytes()


def test_a_pause_keeps_what_was_received(page: Page, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE_TIMEOUT_S", 0.2)
    address = created(page, len(content))
    host, port = page.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        path = address.removeprefix(page.address)
        head = f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        head += f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content[:50])
        connection.settimeout(20)
        assert connection.recv(100).startswith(b"HTTP/1.1 204")
    assert offset_of(address) == 50
