"""A film whose run failed, tried again in a headless browser on the page alone, as `wios serve` has it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from wios_assets.settings import load_settings
from wios_assets_tests.automation.running_ui import own_environment, wait_for
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.page.browsing import Watched
from wios_assets_tests.page.served import serving

pytestmark = pytest.mark.slow


def test_a_failed_film_is_run_again_by_its_button_and_shows_the_new_reason(browser: Browser, tmp_path: Path) -> None:
    data = tmp_path / "data"
    film = data / "films" / "Broken.mp4"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"this is no film\n" * 1000)
    os.utime(film, (time.time() - 1000,) * 2)
    failed = subprocess.run(
        [sys.executable, "-m", "wios_assets", "run", "Broken"],
        env=own_environment(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1, failed.stderr
    settings = load_settings(data=data, spark_master="local[1]", inbox={"settle_seconds": 2})
    with serving(settings) as page:

        def entry() -> dict[str, object]:
            shown: dict[str, object] = page.json("/api/films/Broken")
            return shown

        wait_for("the history to be read", lambda: entry()["state"] == "failed")
        first = entry()
        assert failed.stderr.splitlines()[-1] == f"wios: {first['reason']}"
        # Another fault, so that the second run's reason is told from the first's.
        make_video(film)
        film.unlink()

        context = browser.new_context(viewport={"width": 1280, "height": 800})
        watched = Watched(context, page)
        tab = watched.open("/")
        card = tab.locator(".films li")
        expect(card).to_contain_text(str(first["reason"]))
        card.get_by_role("button", name="Try again").click()
        expect(card.locator(".state")).to_have_text("queued")
        expect(card.get_by_role("button")).to_have_count(0)
        wait_for("the second run", lambda: entry()["state"] == "failed" and entry()["run"] != first["run"])
        second = entry()
        assert "is gone; put it back" in str(second["reason"])
        tab.locator(".film-card").click()
        expect(tab.locator("#waiting")).to_contain_text(str(second["reason"]))
        tab.get_by_role("button", name="Try again").click()
        expect(tab.locator("#waiting .state")).to_have_text("queued")
        refused = page.post("/api/films/Broken/runs")
        assert refused.status_code == 409
        assert refused.json()["reason"] == "film 'Broken' is being run; wait until it is done"
        assert page.post("/api/films/Nothing/runs").status_code == 404
        assert page.post("/api/films/Broken/runs", origin="https://evil.example").status_code == 403
        assert (watched.complaints, watched.elsewhere) == ([], [])
        context.close()
        wait_for("the third run", lambda: entry()["state"] == "failed" and entry()["run"] != second["run"])
