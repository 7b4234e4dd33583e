"""What is believed of a reverse proxy, and what is refused with the setting to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

import wios_assets.page
from wios_assets.errors import BadInput
from wios_assets.lake.library import publish
from wios_assets.settings import load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import fill, library_row

pytestmark = pytest.mark.slow

TOKEN = "correct horse battery staple"
NAME = "films.example.org"
OWN = {"origin": f"https://{NAME}", "sec-fetch-site": "same-origin"}
FORWARDED = {"x-forwarded-host": NAME, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}


@contextmanager
def page_with(tmp_path: Path, token: str | None = None, **page: object) -> Iterator[Page]:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache", page=page, page_token=token)
    fill(settings.lake, library_row("heat", title="Heat"))
    publish(settings.lake, settings.library)
    with serving(settings) as served:
        yield served


@pytest.fixture(scope="module")
def usual_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with page_with(tmp_path_factory.mktemp("usual")) as served:
        yield served


@pytest.mark.parametrize("host", [NAME, f"{NAME}:8443", "NAS.local:3001"])
def test_an_unknown_name_is_refused_with_the_setting_and_answered_once_it_is_allowed(
    usual_page: Page, tmp_path: Path, host: str
) -> None:
    refused = usual_page.get("/", host=host)
    assert refused.status_code == 421
    assert "page.allowed_hosts (WIOS_PAGE__ALLOWED_HOSTS)" in refused.text
    with page_with(tmp_path, allowed_hosts="nas.local, films.example.org") as page:
        assert page.get("/", host=host).status_code == 200
        assert page.get("/", host=f"x.{host}").status_code == 421


@pytest.mark.parametrize("kept", [True, False])
def test_a_change_from_behind_the_proxy_passes_whether_it_keeps_the_host_or_rewrites_it(
    usual_page: Page, tmp_path: Path, kept: bool
) -> None:
    host = {"host": NAME} if kept else {}
    change = "/api/films/heat/names/nothing"
    refused = usual_page.post(change, **OWN, **FORWARDED, **host)
    assert refused.status_code in (403, 421)
    assert "page.allowed_hosts" in refused.text
    with page_with(tmp_path, allowed_hosts=[NAME]) as page:
        assert page.post(change, **OWN, **FORWARDED, **host).status_code in (404, 405)
        evil = {**OWN, "origin": f"https://{NAME}:444"}
        assert page.post(change, **evil, **FORWARDED, **host).status_code == 403


def test_the_host_that_an_untrusted_client_forwards_is_not_believed(tmp_path: Path) -> None:
    with page_with(tmp_path, allowed_hosts=[NAME], trusted_proxies=["192.0.2.1"]) as page:
        change = {"x-forwarded-host": "evil.example", "origin": "https://evil.example"}
        assert page.post("/nothing", **change).status_code == 403
        assert "/evil" not in page.get("/", **{"x-forwarded-prefix": "/evil"}).text


def test_a_name_that_leads_here_by_rebinding_is_refused_whatever_it_forwards(tmp_path: Path) -> None:
    with page_with(tmp_path, allowed_hosts=[NAME], trusted_proxies="127.0.0.0/8") as page:
        assert page.get("/", host="evil.example", **FORWARDED).status_code == 421
        assert page.get("/", **{**FORWARDED, "x-forwarded-host": "evil.example"}).status_code == 421
        assert page.get("/", **FORWARDED).status_code == 200


@pytest.mark.parametrize("stripped", [True, False])
@pytest.mark.parametrize("named", ["setting", "header"])
def test_links_redirects_and_cookies_keep_the_sub_path(tmp_path: Path, stripped: bool, named: str) -> None:
    root = {"root_path": "/wios/"} if named == "setting" else {}
    headers = {} if named == "setting" else {"x-forwarded-prefix": "/wios"}
    before = "" if stripped else "/wios"
    with page_with(tmp_path, TOKEN, trusted_proxies=["127.0.0.1"], allowed_hosts=[NAME], **root) as page:
        known = {**headers, **FORWARDED, "authorization": f"Bearer {TOKEN}"}
        text = page.get(f"{before}/", **known).text
        assert 'href="/wios/film/heat"' in text
        assert 'href="/film' not in text
        assert 'src="/static' not in text
        assert page.get(f"{before}/film/hea", **known).headers["location"] == "/wios/film/heat"
        assert page.get(f"{before}/static/film.js", **headers).status_code == 200
        assert page.get(f"{before}/api/openapi.json", **known).json()["servers"] == [{"url": "/wios"}]
        signed_in = requests.post(
            f"{page.address}{before}/enter",
            data={"token": TOKEN},
            headers={**OWN, **FORWARDED, **headers},
            allow_redirects=False,
            timeout=10,
        )
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/wios/")
        cookie = signed_in.headers["set-cookie"]
        assert "Path=/wios;" in cookie
        assert "Secure" in cookie


def test_no_template_has_a_path_without_the_sub_path() -> None:
    templates = Path(wios_assets.page.__file__).parent / "templates"
    absolute = re.compile(r"""(?:href|src|action|poster|data-source)=["']/""")
    assert {
        file.name for file in templates.glob("*.html") if absolute.search(file.read_text(encoding="utf-8"))
    } == set()


@pytest.mark.parametrize(
    "path", ["/", "/film/heat", "/data/heat", "/api/films", "/api/films/heat", "/bring", "/static/film.js", "/nothing"]
)
def test_head_is_answered_like_get_without_content(usual_page: Page, path: str) -> None:
    plain = {"accept-encoding": "identity"}
    shown = usual_page.get(path, **plain)
    asked = requests.head(usual_page.address + path, headers=plain, timeout=10)
    assert (asked.status_code, asked.content) == (shown.status_code, b"")
    for name in ("content-type", "content-length", "etag", "content-security-policy"):
        assert asked.headers.get(name) == shown.headers.get(name), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_hosts", "https://films.example.org"),
        ("allowed_hosts", "*"),
        ("trusted_proxies", "nas.local"),
        ("root_path", "wios"),
        ("root_path", "//evil.example"),
        ("root_path", '/"onload='),
        ("root_path", "/.."),
    ],
)
def test_a_setting_that_is_not_usable_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadInput, match=rf"page\.{name}"):
        load_settings(data=tmp_path, page={name: value})


def test_the_environment_lists_names_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_PAGE__ALLOWED_HOSTS", "nas.local, films.example.org:8443")
    assert load_settings(data=tmp_path).page.allowed_hosts == ("nas.local", "films.example.org:8443")
