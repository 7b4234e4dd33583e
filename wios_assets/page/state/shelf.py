"""The films as a shelf: with their states and figures, filtered and sorted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wios_assets.errors import WiosError
from wios_assets.lake.library import Row
from wios_assets.lake.paths import Version, files_version, parquet_files, table_folder
from wios_assets.page.state.catalog import Catalog, Hit
from wios_assets.page.state.film_states import FilmState, FilmStates
from wios_assets.text import fold

Sort = Literal["title", "year", "length", "unknown", "added"]
SORTS: tuple[Sort, ...] = ("title", "year", "length", "unknown", "added")
StateFilter = Literal["", "ready", "running", "queued", "failed", "stale"]
STATES: tuple[StateFilter, ...] = ("", "ready", "running", "queued", "failed", "stale")
_SECONDS = """
    SELECT film, coalesce(sum(seconds) FILTER (kind = 'cast'), 0) AS named_s,
        coalesce(sum(seconds) FILTER (kind = 'unknown'), 0) AS unknown_s
    FROM screen_time GROUP BY film
"""


@dataclass(frozen=True)
class ShelfQuery:
    """Which films are shown, in which order.

    Attributes:
        words: of title, actors and characters. state: of the film; empty for all.
        year_from, year_to: years of release, both included. minutes_from, minutes_to: length in minutes.
        unknown_from: least share of unknown people's time on screen, 0 to 1.
    """

    words: str = ""
    state: StateFilter = ""
    year_from: int | None = None
    year_to: int | None = None
    minutes_from: float | None = None
    minutes_to: float | None = None
    unknown_from: float | None = None
    sort: Sort = "title"

    def parameters(self) -> dict[str, str]:
        """The query as the parameters of an address, without the words and what has its default."""
        values = {name: value for name, value in vars(self).items() if name != "words"}
        return {name: f"{value}" for name, value in values.items() if value not in (None, "", "title")}

    @property
    def is_filtered(self) -> bool:
        """Whether something other than the words leaves films out."""
        return bool(self.parameters().keys() - {"sort"})


@dataclass(frozen=True)
class ShelfFilm:
    """A film on the shelf.

    Attributes:
        hit: the film, and the people in it that match the words.
        unknown_share: unknown people's share of all time on screen, 0 to 1; None where nobody is on screen.
        added_s: when its file came to its place, seconds since the epoch; 0 where it is gone.
    """

    hit: Hit
    state: FilmState
    unknown_share: float | None
    added_s: float


class Shelf:
    """Films with their figures, read once for each state of the library. Thread-safe."""

    def __init__(self, catalog: Catalog, states: FilmStates) -> None:
        self.catalog, self.states = catalog, states
        self._seconds: tuple[Version, dict[str, tuple[float, float]]] = ((), {})

    def seconds(self) -> dict[str, tuple[float, float]]:
        """Seconds on screen of cast members and of unknown people, by film."""
        version = files_version(parquet_files(table_folder(self.catalog.settings.lake, "library")))
        known, seconds = self._seconds
        if known != version or not version:
            seconds = {}
            with suppress(WiosError), self.catalog.library() as library:
                rows = library.connection.execute(_SECONDS).fetchall()
                seconds = {film: (named, unknown) for film, named, unknown in rows}
            self._seconds = (version, seconds)
        return seconds

    def film(self, row: Row) -> ShelfFilm:
        """A film by its row of the table `library`, or of `waiting_row`."""
        return self._entry(Hit(row, ()), self.seconds())

    def films(self, query: ShelfQuery) -> list[ShelfFilm]:
        """Films that fit a query, in its order."""
        ready = self.catalog.films()
        words = fold(query.words).split()
        waiting = self.states.waiting(set(ready))
        hits = [
            Hit(waiting_row(key, entry.path), ())
            for key, entry in waiting.items()
            if all(word in fold(key) for word in words)
        ]
        seconds = self.seconds()
        entries = [self._entry(hit, seconds) for hit in (*hits, *self.catalog.search(query.words))]
        kept = [each for each in entries if _fits(each, query)]
        order = _ORDERS[query.sort]
        # By title, films that are not ready come first, as they are listed.
        return kept if order is None else sorted(kept, key=order)

    def _entry(self, hit: Hit, seconds: dict[str, tuple[float, float]]) -> ShelfFilm:
        film = hit.film["film"]
        named, unknown = seconds.get(film, (0.0, 0.0))
        share = unknown / (named + unknown) if named + unknown > 0 else None
        added_s = 0.0
        with suppress(OSError, ValueError):
            added_s = Path(hit.film["path"]).lstat().st_ctime
        return ShelfFilm(hit, self.states.of(film, hit.film["duration_s"] is not None), share, added_s)


def waiting_row(key: str, path: str) -> Row:
    """A row of the table `library` for a film that is not ready."""
    return {
        **dict.fromkeys(("year", "tconst", "duration_s")),
        "film": key,
        "title": key,
        "path": path,
        "present": True,
        **dict.fromkeys(("people", "unknown_people", "appearances"), 0),
        "named_seconds": 0.0,
    }


def _fits(each: ShelfFilm, query: ShelfQuery) -> bool:
    row, state = each.hit.film, each.state
    if query.state == "stale":
        if not state.stale:
            return False
    elif query.state == "failed":
        if state.reason is None and state.kind != "failed":
            return False
    elif query.state and state.kind != query.state:
        return False
    minutes = row["duration_s"] / 60 if row["duration_s"] is not None else None
    return (
        _within(row["year"], query.year_from, query.year_to)
        and _within(minutes, query.minutes_from, query.minutes_to)
        and _within(each.unknown_share, query.unknown_from, None)
    )


def _within(value: float | None, least: float | None, most: float | None) -> bool:
    """Whether a value lies in a range; a value that is not known only does where there is no range."""
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)


def _title(each: ShelfFilm) -> tuple[str, str]:
    return fold(each.hit.film["title"] or each.hit.film["film"]), each.hit.film["film"]


_ORDERS: dict[Sort, Callable[[ShelfFilm], Any] | None] = {
    "title": None,
    "year": lambda each: (-(each.hit.film["year"] or 0), _title(each)),
    "length": lambda each: (-(each.hit.film["duration_s"] or 0), _title(each)),
    "unknown": lambda each: (-(each.unknown_share or 0), _title(each)),
    "added": lambda each: (-each.added_s, _title(each)),
}
