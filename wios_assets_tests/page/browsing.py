"""The page in a headless browser: tabs that may not complain, and waiting for what they show."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Request
from playwright.sync_api import Page as Tab

from wios_assets.demo.edit_list import TruthRow
from wios_assets_tests.page.served import Page

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_S = 60.0
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"),
]


class Watched:
    """A context whose tabs may not complain nor ask anyone but the page."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._on_request)

    def open(self, path: str) -> Tab:
        tab = self.context.new_page()
        tab.goto(self.page.address + path)
        return tab

    def film(self, key: str, query: str = "") -> Tab:
        tab = self.open(f"/film/{quote(key, safe='')}{query}")
        tab.wait_for_selector("#film[data-ready]")
        return tab

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.page.address).netloc:
            self.elsewhere.append(request.url)


def people(tab: Tab) -> list[str]:
    """Actors on screen now, as the page names them, unknown ones left out."""
    return sorted(tab.locator("#now li.cast .name").all_text_contents())


def until(tab: Tab, expression: str, argument: object = None) -> None:
    """Wait until an expression holds. The page forbids eval, which Playwright's own waiting needs."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if tab.evaluate(expression, argument):
            return
        tab.wait_for_timeout(50)
    pytest.fail(f"never: {expression}")


def seek(tab: Tab, seconds: float) -> None:
    tab.evaluate("t => { video.currentTime = t; }", seconds)
    until(tab, "t => !video.seeking && Math.abs(video.currentTime - t) < 0.1", seconds)


def telling_instants(rows: tuple[TruthRow, ...]) -> dict[float, list[str]]:
    """Instants in the middle of takes in which a face alone, or two together, are seen plainly for seconds."""
    wanted: dict[float, list[str]] = {}
    for row in rows:
        middle = (row.start_s + row.end_s) / 2
        holding = [other for other in rows if other.start_s < middle < other.end_s]
        plain = all(each.visible == "frontal" and not int(each.optional) for each in holding)
        if row.end_s - row.start_s >= 2.5 and plain:
            wanted[middle] = sorted(each.person for each in holding)
    return wanted
