"""How the application answers: errors by their kind, and compression."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wios_assets.errors import BadInput, Conflict, NotFound, Unavailable, WiosError
from wios_assets.lake.library import publish
from wios_assets.page.state.catalog import Catalog
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import fill, library_row

COLUMNS = "/api/tables/appearances/columns"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("app")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    # Compression would be seen to make this file smaller; no browser knows its type.
    video = folder / "film.xyz"
    video.write_bytes(b"0" * 10_000)
    fill(settings.lake, library_row("heat", title="Heat", path=str(video)))
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


@pytest.mark.parametrize(
    ("kind", "status"), [(BadInput, 400), (NotFound, 404), (Conflict, 409), (Unavailable, 503), (WiosError, 503)]
)
def test_every_kind_of_error_has_one_status_in_the_api_and_on_pages(
    page: Page, monkeypatch: pytest.MonkeyPatch, kind: type[WiosError], status: int
) -> None:
    def fail(catalog: Catalog, query: str) -> None:
        raise kind(f"{query}: <b>cannot</b> be\nshown; try another")

    monkeypatch.setattr(Catalog, "find", fail)
    answer = page.get("/api/films/heat/who?t=1")
    assert (answer.status_code, answer.json()) == (status, {"reason": "heat: <b>cannot</b> be shown; try another"})
    shown = page.get("/review/heat")
    assert (shown.status_code, shown.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "heat: &lt;b&gt;cannot&lt;/b&gt; be shown; try another" in shown.text


@pytest.mark.parametrize("path", ["/", COLUMNS, "/api/openapi.json", "/static/film.js", "/static/page.css"])
def test_text_is_compressed_for_clients_that_accept_it(page: Page, path: str) -> None:
    compressed, plain = page.get(path, accept_encoding="br, gzip"), page.get(path, accept_encoding="identity")
    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert compressed.content == plain.content
    for answer in (compressed, plain):
        assert "accept-encoding" in answer.headers["vary"].lower()


@pytest.mark.parametrize("refusal", ["identity", "", "gzip;q=0", "br, gzip; q=0.0"])
def test_a_client_that_refuses_gzip_gets_plain_text(page: Page, refusal: str) -> None:
    assert "content-encoding" not in page.get(COLUMNS, accept_encoding=refusal).headers


def test_a_video_of_any_type_is_sent_as_it_is(page: Page) -> None:
    answer = page.get("/video/heat", accept_encoding="gzip")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == "10000"
