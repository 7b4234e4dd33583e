"""Questions over all films: the time of `wios find` over 200 films of two hours with 4,000 appearances each.

Each question is asked first in a process of its own, as the command does, after the library was opened, and then again
in the same process, as the page does. Prints a table; `whole command` is `wios find` with Python's start.
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
from pathlib import Path

from benchmarks.processor import processor
from wios_assets.lake.library import open_library, publish
from wios_assets.lake.scene_search import SceneQuestion, find_scenes
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.long_film import actor_name, store_long_film
from wios_assets_tests.sample_lake import store

A, B, C = map(actor_name, (3, 10, 1))
QUESTIONS: dict[str, tuple[str, ...]] = {
    "with A and B": (A, B),
    "with A and B in one picture, first of each film": (A, B, "--together", "--first"),
    "with A, without B": (A, "--without", B),
    "with A over a minute": (A, "--over", "60"),
    "with A and B, without C, by key": ("nm0000003", "nm0000010", "--without", "nm0000001"),
}
_AGAIN = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--data", type=Path, help="data folder whose films are used; else they are made")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ask is not None:
        print(json.dumps(_ask(load_settings(), chosen.ask)))
        return
    print(f"\n{processor()}, load {os.getloadavg()[0]:.1f} before the first run\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="wios-find-") as folder:
        settings = load_settings(data=chosen.data or Path(folder) / "data")
        if chosen.data is None:
            keys = [f"film {number:03d}" for number in range(chosen.films)]
            store(settings.lake, "library", [store_long_film(settings.lake, key, n) for n, key in enumerate(keys)])
            publish(settings.lake, settings.library)
        print("| question | scenes | first in a process, ms | processor, ms | again, ms | whole command, s |")
        print("|" + " --- |" * 6)
        for name in QUESTIONS:
            _measure(settings, name, chosen.runs)


def _measure(settings: Settings, name: str, runs: int) -> None:
    environment = os.environ | {"WIOS_DATA": str(settings.data)}
    answers = []
    commands = []
    for _ in range(runs):
        command = [sys.executable, "-m", "benchmarks.scenes", "--ask", name]
        answers.append(json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout))
        started = time.perf_counter()
        command = [sys.executable, "-m", "wios_assets", "find", *QUESTIONS[name]]
        subprocess.run(command, env=environment, capture_output=True, check=True)
        commands.append(time.perf_counter() - started)
    first, processor_ms, again = (
        statistics.median(each[figure] for each in answers) for figure in ("first", "processor", "again")
    )
    least = min(each["first"] for each in answers)
    print(
        f"| {name} | {answers[0]['scenes']} | {first:.0f} (least {least:.0f}) | {processor_ms:.0f} | {again:.0f} "
        f"| {statistics.median(commands):.2f} |",
        flush=True,
    )


def _ask(settings: Settings, name: str) -> dict[str, float]:
    """Milliseconds of a question when it is asked first, of the processor then, and when it is asked again."""
    words = list(QUESTIONS[name])
    flags = {word: word in words for word in ("--first", "--together")}
    values = {option: words[words.index(option) + 1] for option in ("--without", "--over") if option in words}
    people = words[: next((n for n, word in enumerate(words) if word.startswith("--")), len(words))]
    question = SceneQuestion(
        tuple(people),
        (values["--without"],) if "--without" in values else (),
        float(values.get("--over", 0)),
        flags["--first"],
        flags["--together"],
    )
    with open_library(settings) as library:
        taken = []
        processor_s = time.process_time()
        for number in range(1 + _AGAIN):
            started = time.perf_counter()
            answer = find_scenes(library, question)
            answer.scenes(0, 50)
            taken.append(1000 * (time.perf_counter() - started))
            if number == 0:
                processor_s = time.process_time() - processor_s
    return {
        "scenes": len(answer),
        "first": taken[0],
        "processor": 1000 * processor_s,
        "again": statistics.median(taken[1:]),
    }


if __name__ == "__main__":
    main()
