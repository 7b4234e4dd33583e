"""Dagster's page, served by a real `wios ui`: what it refuses, and what a browser shows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from wios_assets_tests.automation.running_ui import Ui, started_ui
from wios_assets_tests.page.served import Page

pytestmark = pytest.mark.slow

MUTATION = "mutation { reloadWorkspace { __typename } }"
PROTOCOL = Subprotocol("graphql-ws")


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    with started_ui(tmp_path_factory.mktemp("dagster page")) as running:
        yield running


@pytest.fixture
def page(ui: Ui) -> Page:
    return Page(ui.page)


def test_a_program_on_this_machine_reloads_the_workspace(page: Page) -> None:
    answer = page.send("/dagster/graphql", {"query": MUTATION})
    assert (answer.status_code, answer.json()) == (200, {"data": {"reloadWorkspace": {"__typename": "Workspace"}}})


def test_the_page_itself_reloads_the_workspace(page: Page) -> None:
    headers = {"origin": page.address, "sec-fetch-site": "same-origin"}
    assert page.send("/dagster/graphql", {"query": MUTATION}, **headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example", "x-forwarded-host": "127.0.0.1"}, 421),
    ],
)
def test_a_mutation_from_a_foreign_page_is_refused(page: Page, headers: dict[str, str], status: int) -> None:
    answer = page.send("/dagster/graphql", {"query": MUTATION}, **headers)
    assert answer.status_code == status
    assert "page.allowed_hosts" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "text/x; application/json"])
def test_an_operation_in_the_address_is_refused(page: Page, method: str, media_type: str) -> None:
    answer = requests.request(
        method,
        f"{page.address}/dagster/graphql?query=mutation%7BreloadWorkspace%7B__typename%7D%7D",
        headers={"content-type": media_type},
        timeout=30,
    )
    assert answer.status_code in (405, 415)
    assert "reloadWorkspace" not in answer.text


def test_the_query_editor_carries_out_nothing_of_its_address(page: Page) -> None:
    answer = page.get(f"/dagster/graphql?query={MUTATION}", accept="text/html")
    assert answer.status_code == 200
    assert "GraphiQL" in answer.text
    assert "Workspace" not in answer.text


def test_a_web_socket_of_the_page_is_accepted_and_one_of_a_foreign_page_refused(ui: Ui) -> None:
    address = f"{ui.page.replace('http', 'ws')}/dagster/graphql"
    for own in (Origin(ui.page), None):
        with connect(address, origin=own, subprotocols=[PROTOCOL]) as socket:
            socket.send('{"type": "connection_init"}')
            assert "connection_ack" in str(socket.recv(timeout=30))
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=Origin(origin), subprotocols=[PROTOCOL])
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, additional_headers={"Sec-Fetch-Site": "cross-site"}, subprotocols=[PROTOCOL])


def test_no_other_port_listens(ui: Ui) -> None:
    import psutil

    process = psutil.Process(ui.process.pid)
    listening = {
        connection.laddr.port
        for each in (process, *process.children(recursive=True))
        for connection in each.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {int(ui.page.rpartition(":")[2])}


@pytest.mark.parametrize("path", ["/dagster/", "/dagster/assets", "/dagster/server_info", "/dagster/favicon.svg"])
def test_what_is_read_is_answered_to_head_too(page: Page, path: str) -> None:
    shown = page.get(path)
    asked = requests.head(page.address + path, timeout=30)
    assert (asked.status_code, asked.content) == (shown.status_code, b"") == (200, b"")
    assert asked.headers["content-type"] == shown.headers["content-type"]
    assert shown.headers["x-frame-options"] == "DENY"


def test_a_browser_shows_the_graph_and_is_told_of_changes_by_a_web_socket(browser: Browser, ui: Ui) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    received: list[str] = []
    foreign: list[str] = []
    tab.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    tab.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(ui.page) else None)
    tab.goto(f"{ui.page}/dagster")
    tab.goto(f"{ui.page}/dagster/asset-groups")
    expect(tab.get_by_text("appearances", exact=True).first).to_be_visible(timeout=60_000)
    for _ in range(1200):
        if any("connection_ack" in frame for frame in received):
            break
        tab.wait_for_timeout(50)
    assert any("connection_ack" in frame for frame in received)
    assert [address for address in foreign if not re.match(r"(data|blob):", address)] == []
    context.close()
