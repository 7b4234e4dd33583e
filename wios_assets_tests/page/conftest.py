"""A headless browser for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from wios_assets_tests.page.browsing import ARGUMENTS, CHROMIUM, PATIENCE_S

# Playwright's own five seconds are too few on a machine that does other work as well.
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # One a module: while Playwright runs, no run of Dagster can begin in this process.
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}; `apt-get install chromium` brings it")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()
