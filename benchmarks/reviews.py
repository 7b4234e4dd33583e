"""Time that a reviewer waits for the list, a decision and the film's page, on a generated film of two hours.

python -m benchmarks.reviews
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests
import uvicorn

from wios_assets.lake.library import publish
from wios_assets.page.app import build_application
from wios_assets.page.server import listen
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.long_film import actor_name, store_long_film
from wios_assets_tests.sample_lake import store

FILM = "long"


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The page's address while it is served; no run follows a decision."""
    application = build_application(settings, lambda settings, film: None)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", access_log=False))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=40, help="decisions that are made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder) / "data", cache=Path(folder) / "cache")
        store(settings.lake, "library", [store_long_film(settings.lake, FILM, evidence=True)])
        publish(settings.lake, settings.library)
        with served(settings) as address:
            durations: dict[str, list[float]] = {name: [] for name in ("list", "decision", "film page", "undo")}

            def timed(name: str, ask: Callable[[], Any]) -> Any:
                started = time.perf_counter()
                answer = ask()
                durations[name].append(time.perf_counter() - started)
                answer.raise_for_status()
                return answer.json()

            path = f"{address}/api/films/{FILM}/reviews"
            for number in range(chosen.decisions):
                entry = timed("list", lambda: requests.get(path, timeout=60))["reviews"][0]
                content = {"verdict": "is", "person": actor_name(1), "tracks": entry["tracks"]}
                content["revision"] = entry["revision"]
                made = timed("decision", partial(requests.post, path, json=content, timeout=60))
                timed("film page", lambda: requests.get(f"{address}/data/{FILM}", timeout=60))
                if number % 4 == 0:
                    timed("undo", partial(requests.post, f"{path}/{made['id']}/undo", json={}, timeout=60))
    print("| step | first, s | median, s | slowest, s |\n| --- | --- | --- | --- |")
    for name, seconds in durations.items():
        print(f"| {name} | {seconds[0]:.2f} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")


if __name__ == "__main__":
    main()
