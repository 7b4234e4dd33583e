"""The dashboard: how much film there is, who is seen most, what waits, how fast and how large it is."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import WiosError
from wios_assets.lake.paths import Version, files_version, parquet_files, table_folder
from wios_assets.page.state.film_states import FilmStates, RecentRun
from wios_assets.page.state.shelf import Shelf

MOST_SHOWN = 12
_MEASURED_S = 120.0
_MOST_SEEN = """
    SELECT coalesce(nconst, actor) AS key, max_by(actor, seconds) AS actor, sum(seconds) AS seconds,
        count(DISTINCT film) AS films
    FROM screen_time WHERE kind = 'cast' GROUP BY ALL ORDER BY seconds DESC, actor LIMIT $most
"""
_TO_REVIEW = """
    SELECT film, count(*) FILTER (decision = 'weak') AS weak,
        count(DISTINCT actor) FILTER (decision = 'unknown') AS unknown
    FROM track_names WHERE decision IN ('weak', 'unknown') GROUP BY film ORDER BY weak + 3 * unknown DESC, film
"""


@dataclass(frozen=True)
class SeenActor:
    """A cast member: key, name, seconds on screen and films, over all films."""

    key: str
    actor: str
    seconds: float
    films: int


@dataclass(frozen=True)
class ToReview:
    """A film with tracks that nobody named: weak tracks, and unknown people."""

    film: str
    title: str
    weak: int
    unknown: int


@dataclass(frozen=True)
class Overview:
    """Figures over the whole library.

    Attributes:
        films: films that are ready. hours: their length. states: number of films by state, `stale` besides.
        named_share, unknown_share: of the seconds of film in which somebody is on screen, by person; None without any.
        runs: newest runs, the newest first. speed: hours of film analysed in an hour, over these runs; None without.
        lake_bytes: size of the lake. free_bytes, disk_bytes: of its disk.
    """

    films: int
    hours: float
    states: dict[str, int]
    named_share: float | None
    unknown_share: float | None
    most_seen: list[SeenActor]
    to_review: list[ToReview]
    reviews: int
    runs: list[RecentRun]
    speed: float | None
    lake_bytes: int
    free_bytes: int
    disk_bytes: int


class Overviews:
    """Computes the overview; what reads the whole lake is kept until the library is published anew. Thread-safe."""

    def __init__(self, shelf: Shelf, states: FilmStates) -> None:
        self.shelf, self.states = shelf, states
        self._lock = threading.Lock()
        self._read: tuple[Version, list[SeenActor], list[ToReview]] = ((), [], [])
        self._measured: tuple[float, int] = (0.0, 0)

    def now(self) -> Overview:
        """The present figures."""
        settings = self.shelf.catalog.settings
        films = self.shelf.catalog.films()
        waiting = self.states.waiting(set(films))
        kinds = {"ready": 0, "running": 0, "queued": 0, "failed": 0, "stale": 0}
        for film in (*films, *waiting):
            state = self.states.of(film, film in films)
            kinds["failed" if state.reason is not None else state.kind] += 1
            kinds["stale"] += bool(state.stale)
        seconds = self.shelf.seconds()
        named = sum(each[0] for each in seconds.values())
        everybody = named + sum(each[1] for each in seconds.values())
        with self._lock:
            most_seen, to_review = self._read_lake()
            lake_bytes = self._lake_bytes(settings.lake)
        disk = shutil.disk_usage(next(each for each in (settings.lake, *settings.lake.parents) if each.exists()))
        runs = self.states.recent_runs()
        done = [
            (row["duration_s"], run.seconds)
            for run in runs
            if run.kind == "done" and run.seconds and (row := films.get(run.film)) is not None
        ]
        return Overview(
            films=len(films),
            hours=sum(row["duration_s"] for row in films.values()) / 3600,
            states=kinds,
            named_share=named / everybody if everybody else None,
            unknown_share=1 - named / everybody if everybody else None,
            most_seen=most_seen,
            to_review=to_review[:MOST_SHOWN],
            reviews=len(to_review),
            runs=runs,
            speed=sum(length for length, _ in done) / sum(taken for _, taken in done) if done else None,
            lake_bytes=lake_bytes,
            free_bytes=disk.free,
            disk_bytes=disk.total,
        )

    def _read_lake(self) -> tuple[list[SeenActor], list[ToReview]]:
        catalog = self.shelf.catalog
        version = files_version(parquet_files(table_folder(catalog.settings.lake, "library")))
        known, most_seen, to_review = self._read
        if known != version or not version:
            films = catalog.films()
            most_seen, to_review = [], []
            with suppress(WiosError), catalog.library() as library:
                ask = library.connection.execute
                most_seen = [SeenActor(*row) for row in ask(_MOST_SEEN, {"most": MOST_SHOWN}).fetchall()]
                to_review = [
                    ToReview(film, films[film]["title"] or film, weak, unknown)
                    for film, weak, unknown in ask(_TO_REVIEW).fetchall()
                    if film in films
                ]
            self._read = (version, most_seen, to_review)
        return most_seen, to_review

    def _lake_bytes(self, lake: Path) -> int:
        measured_s, size = self._measured
        if time.monotonic() - measured_s > _MEASURED_S or not size:
            size = 0
            for file in lake.rglob("*"):
                with suppress(OSError):
                    size += file.stat().st_size if file.is_file() else 0
            self._measured = (time.monotonic(), size)
        return size
