"""Load test of `who`: 200 films of two hours, a server process, and clients in another process over loopback.

Prints the time of an answer in the handler (from `prediction_log`) and at the client, requests per second and memory;
`benchmarks.film_page` measures the page itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil

from wios_assets.lake.library import publish
from wios_assets.lake.store import read_rows
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import PREDICTION_LOG
from wios_assets_tests.page.long_film import store_long_film
from wios_assets_tests.sample_lake import store

PARTS = 6
"""Number of measurements of the memory."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the test in seconds")
    parser.add_argument("--rate", type=float, default=250.0, help="target requests per second")
    parser.add_argument("--clients", type=int, default=16, help="connections")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wios-who-") as folder:
        settings = load_settings(data=Path(folder) / "data", cache=Path(folder) / "cache")
        started = time.monotonic()
        store(
            settings.lake, "library", [store_long_film(settings.lake, f"film {n:03d}", n) for n in range(chosen.films)]
        )
        publish(settings.lake, settings.library)
        print(f"{chosen.films} films made in {time.monotonic() - started:.0f} s")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "wios_assets", "serve", "--port", str(port)],
            env=os.environ | {"WIOS_DATA": str(settings.data), "WIOS_CACHE": str(settings.cache)},
            stdout=subprocess.DEVNULL,
        )
        try:
            _measure(settings, f"127.0.0.1:{port}", server, chosen)
        finally:
            server.terminate()
            server.wait(30)


def _measure(settings: Settings, at: str, server: subprocess.Popen[bytes], chosen: argparse.Namespace) -> None:
    process = psutil.Process(server.pid)
    while not _answers(at):
        time.sleep(0.1)
    # Once through all films, so that each is in memory as it is after the page's own reading ahead.
    started = time.monotonic()
    for number in range(chosen.films):
        _get(at, f"/api/films/film%20{number:03d}/who?t=1")
    print(f"every film requested once: {time.monotonic() - started:.1f} s")
    load = asyncio.run(_load(at, chosen.films, 10.0, chosen.rate, chosen.clients))
    memory = [process.memory_info().rss]
    cpu = sum(process.cpu_times()[:2])
    load = []
    for _ in range(PARTS):
        load += asyncio.run(_load(at, chosen.films, chosen.seconds / PARTS, chosen.rate, chosen.clients))
        memory.append(process.memory_info().rss)
    took = sum(process.cpu_times()[:2]) - cpu
    time.sleep(6)
    rows = read_rows(settings.lake, PREDICTION_LOG)
    handler = sorted(rows["duration_ms"].to_pylist()[-len(load) :])
    print(
        f"requests a second: {len(load) / chosen.seconds:.0f} for {chosen.seconds:.0f} s, {chosen.clients} connections"
    )
    print(f"in the handler, ms: p50 {_at(handler, 0.5):.2f}, p99 {_at(handler, 0.99):.2f}, most {handler[-1]:.1f}")
    client = sorted(1000 * duration for duration in load)
    print(f"at the client, ms: p50 {_at(client, 0.5):.2f}, p99 {_at(client, 0.99):.2f}, most {client[-1]:.1f}")
    print(f"memory, MiB, from beginning to end: {', '.join(f'{each / 2**20:.0f}' for each in memory)}")
    print(f"processor: {took / chosen.seconds:.2f} cores")
    print(f"answers logged: {rows.num_rows}")


async def _load(at: str, films: int, seconds: float, rate: float, clients: int) -> list[float]:
    """Seconds per answer; each client sends requests at its own pace, one at a time."""
    host, _, port = at.partition(":")
    durations: list[float] = []
    ends = time.monotonic() + seconds

    async def client(number: int) -> None:
        chance = random.Random(number)
        reader, writer = await asyncio.open_connection(host, int(port))
        pause = clients / rate
        turn = time.monotonic() + chance.random() * pause
        while turn < ends:
            await asyncio.sleep(max(0.0, turn - time.monotonic()))
            film, t = chance.randrange(films), chance.random() * 7200
            sent = time.perf_counter()
            writer.write(f"GET /api/films/film%20{film:03d}/who?t={t:.3f} HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            length = next(int(v.split(b":")[1]) for v in head.split(b"\r\n") if v.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            durations.append(time.perf_counter() - sent)
            turn += pause
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return durations


def _get(at: str, path: str) -> bytes:
    with urllib.request.urlopen(f"http://{at}{path}", timeout=60) as answer:
        content: bytes = answer.read()
    return content


def _answers(at: str) -> bool:
    try:
        _get(at, "/static/icon.svg")
    except OSError:
        return False
    return True


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
