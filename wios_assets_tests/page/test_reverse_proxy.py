"""The page, and Dagster's in it, behind a real nginx that ends TLS, asked by a browser and by a program.

nginx keeps or rewrites Host, and keeps or strips the sub-path.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from wios_assets.settings import load_settings
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.automation.running_ui import started_ui
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.page.browsing import Watched, people, seek, until
from wios_assets_tests.page.served import Page, serving

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
OPENSSL = shutil.which("openssl")
NAME = "films.localhost"
TOKEN = "correct horse battery staple"


@dataclass
class Case:
    """How the proxy is set up: its sub-path, whether it strips it, and whether it keeps the Host."""

    root: str
    strips: bool
    keeps_host: bool


CASES = {
    "host kept": Case("", False, True),
    "host rewritten": Case("", False, False),
    "sub-path, host kept": Case("/wios", False, True),
    "sub-path stripped, host rewritten": Case("/wios", True, False),
}


def configuration(folder: Path, case: Case, port: int, page: Page) -> str:
    """nginx's, as the manual has it."""
    host = "proxy_set_header Host $http_host;" if case.keeps_host else ""
    return f"""
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location {case.root}/ {{
      proxy_pass {page.address}{"/" if case.strips else ""};
      proxy_http_version 1.1;
      {host}
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      client_max_body_size 0; proxy_request_buffering off;
    }}
  }}
}}"""


@contextmanager
def nginx(folder: Path, case: Case, port: int, page: Page) -> Iterator[None]:
    assert NGINX is not None
    assert OPENSSL is not None
    folder.mkdir()
    # nginx's workers are another user.
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    command = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    names = ["-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    certificate = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command, *names, *certificate], check=True, capture_output=True)
    (folder / "nginx.conf").write_text(configuration(folder, case, port, page))
    process = subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-p", str(folder)])
    try:
        for _ in range(1200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, (folder / "error.log").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(params=CASES)
def proxied(
    request: pytest.FixtureRequest, finished: FinishedExample, tmp_path: Path
) -> Iterator[tuple[Page, Case, Path]]:
    if NGINX is None or OPENSSL is None:
        pytest.skip("no nginx or no openssl; `apt-get install nginx-light openssl` brings them")
    case = CASES[request.param]
    port = free_port()
    where = {"allowed_hosts": [f"{NAME}:{port}"], "trusted_proxies": ["127.0.0.1"], "root_path": case.root}
    own = copy_of(finished, tmp_path / "data").model_dump(include={"data", "cache"})
    settings = load_settings(**own, page_token=TOKEN, page=where)
    with serving(settings) as page, nginx(tmp_path / "nginx", case, port, page):
        yield Page(f"https://{NAME}:{port}{case.root}"), case, settings.films


def test_the_page_works_in_a_browser_behind_the_proxy(
    browser: Browser, proxied: tuple[Page, Case, Path], finished: FinishedExample, tmp_path: Path
) -> None:
    page, case, films = proxied
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
    watched = Watched(context, page)
    tab = watched.open("/")
    tab.get_by_label("Token").fill(TOKEN)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_selector(".film-card")
    assert tab.url == f"{page.address}/"
    (cookie,) = context.cookies()
    assert (cookie["path"], cookie["secure"], cookie["httpOnly"]) == (case.root or "/", True, True)
    # The first answer was the sign-in page, with status 401.
    watched.complaints.clear()

    tab.locator(".film-card").first.click()
    tab.wait_for_selector("#film[data-ready]")
    until(tab, "video.readyState >= 1")
    seek(tab, finished.example.question_s)
    assert people(tab) == sorted(finished.example.on_screen)
    key = tab.evaluate("document.getElementById('film').dataset.key")
    part = tab.evaluate("fetch(video.src, {headers: {range: 'bytes=100-199'}}).then(a => a.status)")
    assert part == 206

    tab.goto(f"{page.address}/review/{key}?show=named")
    card = tab.locator("[data-tracks]").first
    posted = tab.evaluate(
        """([path, tracks, revision]) => fetch(path, {method: "POST", headers: {"content-type": "application/json"},
        body: JSON.stringify({tracks: tracks.split(" ").map(Number), verdict: "not_a_face", revision})
        }).then(a => a.status)""",
        [
            f"{urlsplit(page.address).path}/api/films/{key}/reviews",
            card.get_attribute("data-tracks"),
            card.get_attribute("data-revision"),
        ],
    )
    assert posted == 201

    tab.goto(f"{page.address}/bring")
    # The same film would be refused; an empty box at the end makes it another.
    content = finished.example.film.read_bytes() + b"\x00\x00\x00\x08free"
    another = tmp_path / "Another (2001).mp4"
    another.write_bytes(content)
    tab.locator("#file").set_input_files(another)
    tab.locator("#bring button[type=submit]").click()
    tab.wait_for_url("**/request/*", timeout=60_000)
    assert tab.url.startswith(f"{page.address}/request/")
    expect(tab.locator("#request")).to_be_visible()
    assert [path.read_bytes() == content for path in films.rglob("Another*.mp4")] == [True]
    assert (watched.complaints, watched.elsewhere) == ([], [])
    context.close()


def test_a_foreign_page_and_a_foreign_name_are_refused_behind_the_proxy(
    proxied: tuple[Page, Case, Path], tmp_path: Path
) -> None:
    certificate = str(tmp_path / "nginx" / "cert.pem")
    page, case, _ = proxied
    port = urlsplit(page.address).port
    address = f"https://127.0.0.1:{port}{case.root}"
    own = {"host": f"{NAME}:{port}", "authorization": f"Bearer {TOKEN}"}

    def status(method: str, path: str, **headers: str) -> int:
        answer = requests.request(method, address + path, headers={**own, **headers}, verify=certificate, timeout=30)
        return answer.status_code

    assert status("GET", "/api/films") == status("HEAD", "/api/films") == 200
    assert status("POST", "/api/requests", origin="https://evil.example") == 403
    assert status("POST", "/api/requests", origin=page.address.removesuffix(case.root)) == 400
    assert status("GET", "/api/films", **{"x-forwarded-host": "evil.example"}) == 421
    assert status("GET", "/api/films", host="evil.example") == (421 if case.keeps_host else 200)
    assert status("GET", "/api/films", authorization="") == 401


@dataclass
class Proxy:
    """An nginx before `wios ui`: the page's public address, where to connect, and nginx's certificate."""

    page: Page
    port: int
    certificate: Path
    case: Case

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.port}"

    def ask(self, method: str, path: str, content: object = None, **headers: str) -> requests.Response:
        """Ask for a path below the sub-path with the token; the connection is to loopback."""
        own = {"host": f"{NAME}:{self.port}", "authorization": f"Bearer {TOKEN}", **headers}
        address = f"https://127.0.0.1:{self.port}{self.case.root}{path}"
        return requests.request(
            method,
            address,
            json=content,
            headers=own,
            verify=str(self.certificate),
            allow_redirects=False,
            timeout=30,
        )


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Proxy]]:
    """One `wios ui` under a sub-path, behind an nginx that keeps sub-path and Host, and one that does neither."""
    if NGINX is None or OPENSSL is None:
        pytest.skip("no nginx or no openssl; `apt-get install nginx-light openssl` brings them")
    folder = tmp_path_factory.mktemp("proxies")
    (folder / "data").mkdir()
    cases = [Case("/wios", False, True), Case("/wios", True, False)]
    ports = [free_port() for _ in cases]
    names = ",".join(f"{NAME}:{port}" for port in ports)
    where = {"PAGE__ALLOWED_HOSTS": names, "PAGE__TRUSTED_PROXIES": "127.0.0.1", "PAGE__ROOT_PATH": "/wios"}
    with started_ui(folder / "data", PAGE_TOKEN=TOKEN, **where) as ui, ExitStack() as stack:
        opened = []
        for number, (case, port) in enumerate(zip(cases, ports, strict=True)):
            stack.enter_context(nginx(folder / str(number), case, port, Page(ui.page)))
            certificate = folder / str(number) / "cert.pem"
            opened.append(Proxy(Page(f"https://{NAME}:{port}/wios"), port, certificate, case))
        yield opened


@pytest.mark.parametrize("number", [0, 1])
def test_dagsters_page_and_its_web_socket_work_behind_the_proxy(
    browser: Browser, proxies: list[Proxy], number: int
) -> None:
    proxy = proxies[number]
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto(f"{proxy.page.address}/")
    tab.get_by_label("Token").fill(TOKEN)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("link", name="Runs and lineage in Dagster").wait_for()
    received: list[str] = []
    elsewhere: list[str] = []
    tab.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))

    def asked(address: str) -> None:
        if not address.startswith((f"{proxy.page.address}/", "data:", "blob:")):
            elsewhere.append(address)

    tab.on("request", lambda request: asked(request.url))
    tab.get_by_role("link", name="Runs and lineage in Dagster").click()
    tab.wait_for_url(f"{proxy.page.address}/dagster/**")
    tab.goto(f"{proxy.page.address}/dagster/asset-groups")
    expect(tab.get_by_text("appearances", exact=True).first).to_be_visible(timeout=60_000)
    for _ in range(1200):
        if any("connection_ack" in frame for frame in received):
            break
        tab.wait_for_timeout(50)
    assert any("connection_ack" in frame for frame in received)
    assert elsewhere == []
    context.close()


@pytest.mark.parametrize("number", [0, 1])
def test_dagsters_redirects_and_head_keep_the_sub_path(proxies: list[Proxy], number: int) -> None:
    proxy = proxies[number]
    assert proxy.ask("GET", "/dagster").headers["location"].removeprefix(proxy.origin) == "/wios/dagster/"
    shown, asked = proxy.ask("GET", "/dagster/"), proxy.ask("HEAD", "/dagster/")
    assert (shown.status_code, asked.status_code, asked.content) == (200, 200, b"")
    assert "/wios/dagster/" in shown.text


@pytest.mark.parametrize("number", [0, 1])
def test_a_foreign_page_cannot_drive_dagster_through_the_proxy(proxies: list[Proxy], number: int) -> None:
    proxy = proxies[number]
    mutation = {"query": "mutation { reloadWorkspace { __typename } }"}
    path = "/dagster/graphql"
    assert proxy.ask("POST", path, mutation, origin=proxy.origin).status_code == 200
    assert proxy.ask("POST", path, mutation, origin="https://evil.example").status_code == 403
    assert proxy.ask("POST", path, mutation, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert proxy.ask("POST", path, mutation, authorization="").status_code == 401
    foreign = proxy.ask("POST", path, mutation, host="evil.example")
    # A proxy that rewrites Host answers under any name; then the browser's Origin tells.
    assert foreign.status_code == (421 if proxy.case.keeps_host else 200)
    assert proxy.ask("POST", path, mutation, host="evil.example", origin="https://evil.example").status_code in (
        403,
        421,
    )
    by_get = proxy.ask("GET", f"{path}?query={mutation['query']}")
    assert by_get.status_code == 405
    assert "Workspace" not in by_get.text


@pytest.mark.parametrize("number", [0, 1])
def test_a_web_socket_of_a_foreign_page_is_refused_behind_the_proxy(proxies: list[Proxy], number: int) -> None:
    proxy = proxies[number]
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    address = f"wss://{NAME}:{proxy.port}/wios/dagster/graphql"

    def handshake(origin: str, **headers: str) -> str:
        with connect(
            address,
            sock=socket.create_connection(("127.0.0.1", proxy.port)),
            ssl=trusted,
            server_hostname=NAME,
            origin=Origin(origin),
            subprotocols=[Subprotocol("graphql-ws")],
            additional_headers=headers,
        ) as opened:
            opened.send(json.dumps({"type": "connection_init"}))
            return str(opened.recv(timeout=30))

    token = {"authorization": f"Bearer {TOKEN}"}
    assert "connection_ack" in handshake(proxy.origin, **token)
    for origin, headers in ((proxy.origin, {}), ("https://evil.example", token), ("null", token)):
        with pytest.raises(InvalidStatus, match="403"):
            handshake(origin, **headers)
