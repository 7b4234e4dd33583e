from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from wios_assets.errors import WiosError
from wios_assets.lake.library import publish
from wios_assets.page.security import COOKIE, required_token
from wios_assets.settings import load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import fill, library_row

pytestmark = pytest.mark.slow

TOKEN = "correct horse battery staple"


def data(folder: Path, **chosen: object) -> Iterator[Page]:
    settings = load_settings(data=folder / "data", cache=folder / "cache", **chosen)
    fill(settings.lake, library_row("heat", title="Heat"))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        yield page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    yield from data(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    yield from data(tmp_path_factory.mktemp("guarded"), page_token=TOKEN)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "films.example"])
def test_the_page_needs_a_token_where_other_machines_reach_it(tmp_path: Path, host: str) -> None:
    with pytest.raises(WiosError, match="WIOS_PAGE_TOKEN"):
        required_token(load_settings(data=tmp_path, page_host=host))
    with pytest.raises(WiosError, match="give it 16 or more"):
        required_token(load_settings(data=tmp_path, page_host=host, page_token="short"))
    assert required_token(load_settings(data=tmp_path, page_host=host, page_token=TOKEN)) == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_a_loopback_address_needs_no_token(tmp_path: Path, host: str) -> None:
    assert required_token(load_settings(data=tmp_path, page_host=host)) is None


def test_a_token_is_not_shown_among_the_settings(tmp_path: Path) -> None:
    assert TOKEN not in repr(load_settings(data=tmp_path, page_token=TOKEN))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a:b"])
def test_a_request_under_a_foreign_name_is_refused(page: Page, host: str) -> None:
    assert page.get("/api/films", host=host).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3001", "127.0.0.1:80", "[::1]:3001"])
def test_a_request_under_an_address_is_answered(page: Page, host: str) -> None:
    assert page.get("/api/films", host=host).status_code == 200


@pytest.mark.parametrize("path", ["/", "/film/heat", "/api/films", "/data/heat", "/static/film.js", "/nothing"])
def test_every_answer_has_the_security_headers(page: Page, path: str) -> None:
    headers = page.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/", "/film/heat", "/data/heat", "/api/films", "/video/heat", "/api/openapi.json"])
def test_nothing_is_shown_without_the_token(guarded: Page, path: str) -> None:
    refused = guarded.get(path)
    assert refused.status_code == 401
    assert "Heat" not in refused.text
    assert guarded.get(path, authorization="Bearer wrong").status_code == 401
    assert guarded.get(path, cookie=f"{COOKIE}={TOKEN}").status_code == 401


def test_a_program_sends_the_token_in_a_header(guarded: Page) -> None:
    assert guarded.get("/api/films", authorization=f"Bearer {TOKEN}").json()["total"] == 1


def test_a_person_types_the_token_once(guarded: Page) -> None:
    with requests.Session() as session:
        wrong = session.post(f"{guarded.address}/enter", data={"token": "guess"}, timeout=10)
        assert wrong.status_code == 401
        assert not session.cookies
        right = session.post(f"{guarded.address}/enter", data={"token": TOKEN}, timeout=10)
        assert right.status_code == 200
        assert "Heat" in right.text
        cookie = right.history[0].headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in cookie
        assert session.get(f"{guarded.address}/film/heat", timeout=10).status_code == 200


@pytest.mark.parametrize("after", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_redirects_to_another_site(guarded: Page, after: str) -> None:
    answer = requests.post(
        f"{guarded.address}/enter", data={"token": TOKEN, "after": after}, allow_redirects=False, timeout=10
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_huge_form_is_refused(guarded: Page) -> None:
    answer = requests.post(f"{guarded.address}/enter", data="token=" + "x" * 100_000, timeout=10)
    assert answer.status_code == 413


def test_another_site_cannot_send_anything(page: Page) -> None:
    answer = requests.post(f"{page.address}/enter", headers={"Sec-Fetch-Site": "cross-site"}, timeout=10)
    assert answer.status_code == 403
