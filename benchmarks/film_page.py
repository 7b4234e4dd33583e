"""The page of a generated film of two hours with 60 actors, 40 unknown people and 4,000 appearances, in Chromium.

    python -m benchmarks.film_page [--opens 5] [--seconds 5] [--decisions 3]

Prints a Markdown table: the size of the page's data; seconds from the request until the lanes are drawn; frames a
second while the slider is moved through the film at every frame, and while the timeline is zoomed (Performance API);
seconds from a decision until the page, the API, an export and the command line show it, and until they show its
undoing. No run follows the decisions.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.processor import processor
from benchmarks.reviews import served
from wios_assets.lake.library import publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.browsing import ARGUMENTS, CHROMIUM
from wios_assets_tests.page.long_film import DURATION_S, store_long_film
from wios_assets_tests.sample_lake import store
from wios_assets_tests.video_files import write_film

FILM = "long"
# Calls `step` with 0 to 1 at every frame for some seconds; gives the milliseconds between frames.
_FRAMES = """
    ([seconds, step]) => new Promise((resolve) => {
        const times = [];
        const first = performance.now();
        const frame = (now) => {
            times.push(now);
            const share = (performance.now() - first) / (1000 * seconds);
            if (share >= 1) return resolve(times.slice(1).map((each, n) => each - times[n]));
            act(share);
            requestAnimationFrame(frame);
        };
        const seek = document.getElementById("seek");
        const steps = {
            scrub: (share) => {
                seek.value = String(7200 * share);
                seek.dispatchEvent(new Event("input", { bubbles: true }));
            },
            zoom: (share) => {
                const strip = document.getElementById("minutes");
                const { left, width, top } = strip.getBoundingClientRect();
                const deltaY = share < 0.5 ? -40 : 40;
                const place = { clientX: left + width * 0.6, clientY: top + 30, bubbles: true, cancelable: true };
                strip.dispatchEvent(new WheelEvent("wheel", { deltaY, ...place }));
            },
        };
        const act = steps[step];
        requestAnimationFrame(frame);
    })
"""


def make_film(settings: Settings, folder: Path) -> None:
    """Store the film with its tracks and faces, and a video with a picture every 40 seconds."""
    times = np.arange(0, DURATION_S + 1, 40.0).tolist()
    pictures = (np.full((180, 320, 3), n % 200, np.uint8) for n in range(len(times)))
    video = write_film(folder / "long.mp4", pictures, times, b_frames=0)
    store(settings.lake, "library", [store_long_film(settings.lake, FILM, evidence=True, path=str(video))])
    publish(settings.lake, settings.library)


def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A new tab with the film's page, and the seconds until its lanes were drawn."""
    tab = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    started = time.perf_counter()
    tab.goto(f"{address}/film/{FILM}", wait_until="commit")
    tab.wait_for_selector("#film[data-ready]")
    return tab, time.perf_counter() - started


def frames(tab: Page, seconds: float, step: str) -> str:
    """Frames a second, and the longest time between two frames of all but one in a hundred."""
    lengths = sorted(tab.evaluate(_FRAMES, [seconds, step]))
    rate = 1000 * len(lengths) / sum(lengths)
    return f"{rate:.0f} a second, 99 % within {lengths[int(0.99 * (len(lengths) - 1))]:.0f} ms"


@contextmanager
def everywhere(settings: Settings, address: str) -> Iterator[dict[str, Callable[[], str]]]:
    """The ways to ask who is in the film, by name; each gives text that holds the names."""
    api = f"{address}/api/films/{FILM}"
    environment = os.environ | {"WIOS_DATA": str(settings.data), "WIOS_CACHE": str(settings.cache)}
    command = [sys.executable, "-m", "wios_assets", "screen-time", FILM, "--json"]
    yield {
        "page": lambda: requests.get(f"{address}/data/{FILM}", timeout=60).text,
        "API": lambda: requests.get(f"{api}/screen-time", timeout=60).text,
        "export": lambda: requests.get(f"{api}/export?what=appearances&format=csv", timeout=60).text,
        "command line": lambda: subprocess.run(
            command, env=environment, capture_output=True, check=True
        ).stdout.decode(),
    }


def decide_and_ask(settings: Settings, address: str, count: int) -> dict[str, list[float]]:
    """Seconds until each way shows a decision, and until it shows its undoing, counted from the request."""
    path = f"{address}/api/films/{FILM}/reviews"
    took: dict[str, list[float]] = {}
    with everywhere(settings, address) as ways:
        for number in range(count):
            for name, ask in ways.items():
                revision = json.loads(requests.get(f"{address}/data/{FILM}", timeout=60).text)["revision"]
                person = f"Somebody {number} {name}"
                content = {
                    "people": ["unknown:1"],
                    "verdict": "is",
                    "person": person,
                    "new": True,
                    "revision": revision,
                }
                started = time.perf_counter()
                made = requests.post(path, json=content, timeout=60)
                made.raise_for_status()
                if person not in ask():
                    raise SystemExit(f"{name}: does not show the decision")
                took.setdefault(f"decision until the {name} shows it", []).append(time.perf_counter() - started)
                started = time.perf_counter()
                requests.post(f"{path}/{made.json()['id']}/undo", json={}, timeout=60).raise_for_status()
                if person in ask():
                    raise SystemExit(f"{name}: does not show the undoing")
                took.setdefault(f"undoing until the {name} shows it", []).append(time.perf_counter() - started)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=5, help="how often the page is opened")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long frames are counted")
    parser.add_argument("--decisions", type=int, default=3, help="decisions for each way of asking")
    chosen = parser.parse_args()
    if not CHROMIUM.is_file():
        sys.exit(f"{CHROMIUM}: there is no Chromium; `apt-get install chromium` brings it")
    rows: list[tuple[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="wios-page-") as name:
        folder = Path(name)
        settings = load_settings(data=folder / "data", cache=folder / "cache")
        make_film(settings, folder)
        with served(settings) as address:
            data = requests.get(f"{address}/data/{FILM}", headers={"accept-encoding": "gzip"}, stream=True, timeout=60)
            rows.append(("data", f"{int(data.headers['content-length']) / 1000:.0f} KB compressed"))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
                seconds = [opened(browser, address)[1] for _ in range(chosen.opens)]
                rows.append(("page opens", f"{statistics.median(seconds):.2f} s (most {max(seconds):.2f})"))
                tab, _ = opened(browser, address)
                rows.append(("frames while scrubbing", frames(tab, chosen.seconds, "scrub")))
                rows.append(("frames while zooming", frames(tab, chosen.seconds, "zoom")))
                browser.close()
            for what, took in decide_and_ask(settings, address, chosen.decisions).items():
                rows.append((what, f"{statistics.median(took):.2f} s (most {max(took):.2f})"))
    print(f"{processor()}\n\n| what | figure |\n| --- | --- |")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
