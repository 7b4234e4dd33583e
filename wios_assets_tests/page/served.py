"""The page, served on a free port of loopback while a test asks it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import requests
from starlette.types import ASGIApp

from wios_assets.page.app import build_application
from wios_assets.page.name_updates import UpdateNames
from wios_assets.page.server import PageServer, listen, server_config
from wios_assets.settings import Settings

# anyio loads its parts when they are first used, and pytest parses them for its assertions. In the page's thread that
# can fail: CPython 3.11 miscounts the depth of a syntax tree when the garbage collector runs meanwhile (gh-106905).
for _part in ("open_file", "to_thread", "from_thread", "lowlevel", "abc"):
    getattr(anyio, _part)


class Page:
    """A running page; `address` is where it answers."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, **headers: str) -> requests.Response:
        """Ask for a path, as it is written, without following redirects."""
        return self._ask("GET", path, headers)

    def post(self, path: str, **headers: str) -> requests.Response:
        """Send nothing to a path."""
        return self._ask("POST", path, headers)

    def send(self, path: str, content: Any, **headers: str) -> requests.Response:
        """Send JSON to a path."""
        return requests.post(self.address + path, json=content, headers=headers, allow_redirects=False, timeout=30)

    def json(self, path: str) -> Any:
        """The JSON that a path answers with."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> requests.Response:
        request = requests.Request(method, self.address).prepare()
        request.url = self.address + path
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value
        with requests.Session() as session:
            return session.send(request, allow_redirects=False, timeout=30)


@contextmanager
def serving(settings: Settings, update: UpdateNames | None = None, dagster: ASGIApp | None = None) -> Iterator[Page]:
    """The page over the lake of `settings`; `update` updates names after decisions; `dagster` is Dagster's page."""
    listening = listen("127.0.0.1", 0)
    application = build_application(settings, update, dagster)
    server = PageServer(server_config(application), application)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield Page(f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
