"""The page /api describes every route, without anything from elsewhere; its examples are asked as they stand."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
from collections.abc import Iterator
from shutil import which

import pytest

from wios_assets.lake.library import publish
from wios_assets.page.routes.api_page import models_of, operations
from wios_assets.settings import load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import fill, library_row


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("api page")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    fill(settings.lake, library_row("FILM"))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        yield page


def test_every_route_parameter_and_model_is_described(page: Page) -> None:
    schema, shown = page.json("/api/openapi.json"), page.get("/api").text
    described = list(operations(schema, page.address))
    assert len(described) == sum(len(methods) for methods in schema["paths"].values())
    for each in described:
        assert f'id="{each.id}"' in shown
        assert each.summary
        assert all(field.description for field in each.parameters), each
        assert all(answer.model is None or f'id="model-{answer.model}"' in shown for answer in each.answers), each
    for name, _, fields in models_of(schema):
        assert f'id="model-{name}"' in shown
        assert all(field.type for field in fields)
    anchors = set(re.findall(r'href="#([^"]+)"', shown))
    assert anchors - {"main"} <= set(re.findall(r'id="([^"]+)"', shown))


def test_nothing_comes_from_elsewhere(page: Page) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.get("/api").text)
    assert addresses
    assert all(address.startswith(("/", "#")) for address in addresses)


@pytest.mark.skipif(which("curl") is None, reason="curl is absent")
def test_examples_that_read_can_be_asked_as_they_stand(page: Page) -> None:
    examples = [html.unescape(each) for each in re.findall(r"<pre[^>]*>(curl http[^<]+)</pre>", page.get("/api").text)]
    assert len(examples) > 10
    example = next(each for each in examples if each.endswith("/api/films/FILM/screen-time"))
    answer = subprocess.run([*shlex.split(example), "-sS"], capture_output=True, check=True, timeout=20)
    assert b'"people"' in answer.stdout or b"screen" in answer.stdout


def test_refusals_are_not_kept_and_head_answers_where_get_does(page: Page) -> None:
    assert page.get("/api/films/none").headers["cache-control"] == "no-store"
    assert page.get("/nothing").headers["cache-control"] == "no-store"
    head = page._ask("HEAD", "/api/films/FILM", {})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == page.get("/api/films/FILM").headers["etag"]
