"""The films of the library and their maps, each read from the lake once for each of its states."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from wios_assets.errors import WiosError
from wios_assets.lake import questions
from wios_assets.lake.library import Library, Row, open_library
from wios_assets.lake.paths import Version, files_version, parquet_files, partition_version, table_folder
from wios_assets.page.state.decisions import DecisionCache
from wios_assets.page.state.film_map import Credit, FilmMap, Person, build_film_map
from wios_assets.page.state.portraits import portrait_quality
from wios_assets.reviews.current_timeline import rows_with_decisions
from wios_assets.reviews.film_decisions import chosen_faces
from wios_assets.settings import Settings
from wios_assets.tables import CAST
from wios_assets.text import fold

# The tables of a film's map, with the order of their rows; a run writes the first one first.
_MAP_TABLES = {
    "appearances": "start_s, end_s",
    "minute_appearances": "minute, kind, seconds DESC, actor",
    "screen_time": "rank",
}
# Pauses in seconds before the next try, while a run replaces one table after the other.
_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4)
# The map of a film of two hours takes some 700 KB.
_CACHED_MAPS = 512


@dataclass(frozen=True)
class Hit:
    """A film that a search matches, and the people in it that match."""

    film: Row
    people: tuple[Person, ...]


class Catalog:
    """Films and their maps. Thread-safe. A newly published library is opened at the next request."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.decisions = DecisionCache(settings)
        self._lock = threading.Lock()
        self._library: Library | None = None
        self._library_version: Version = ()
        self._films_lock = threading.Lock()
        self._films: tuple[Version, dict[str, Row]] = ((), {})
        self._maps: LRUCache[str, tuple[tuple[Version, ...], FilmMap]] = LRUCache(_CACHED_MAPS)
        self._map_locks: dict[str, threading.Lock] = {}

    def close(self) -> None:
        """Close the library's file."""
        with self._lock:
            if self._library is not None:
                self._library.close()
            self._library = None

    def library(self) -> Library:
        """The published library, on a connection of its own for the calling thread.

        Raises:
            WiosError: no film was analysed yet.
        """
        with self._lock:
            version = files_version([self.settings.library])
            if self._library is None or not version or version != self._library_version:
                if self._library is not None:
                    self._library.close()
                    self._library = None
                self._library = open_library(self.settings)
                self._library_version = files_version([self.settings.library])
            cursor = self._library.connection.cursor()
            cursor.execute("USE library")
            return Library(cursor, self._library.lake, self.settings.data)

    def films(self) -> dict[str, Row]:
        """Films that can be asked about: rows of the table `library` by key, in order of title; empty at first."""
        version = files_version(parquet_files(table_folder(self.settings.lake, "library")))
        if not version:
            return {}
        # Maps hold for one reading of the films, so two threads must not read them twice.
        with self._films_lock:
            cached_version, films = self._films
            if cached_version != version:
                with self.library() as library:
                    films = {row["film"]: row for row in questions.films(library)}
                self._films = (version, films)
            return films

    def find(self, query: str) -> Row:
        """The film with this key or title, or whose key or title alone begins so.

        Raises:
            NotFound: no film matches. BadInput: several do.
        """
        films = self.films()
        if query in films:
            return films[query]
        if not films:
            raise questions.UnknownFilm(f"there is no film {query!r}: none was analysed yet; run `wios run FILM`")
        return films[questions.match_film(query, {key: row["title"] for key, row in films.items()})]

    def cast(self, film: str) -> list[Credit]:
        """A film's cast in order of billing; empty where the lake has none."""
        characters: dict[str, list[str]] = {}
        with suppress(WiosError):
            sql = 'SELECT actor, character FROM "cast" WHERE film = $film ORDER BY billing'
            for row in self.film_rows(CAST.name, film, sql):
                own = characters.setdefault(row["actor"], [])
                if row["character"] and row["character"] not in own:
                    own.append(row["character"])
        return [Credit(actor, " / ".join(own) or None) for actor, own in characters.items()]

    def map(self, film: Row) -> FilmMap:
        """Who is on screen when in a film, including decisions that no run has worked in yet.

        While a run replaces the film's tables, the previous map is returned until the new one is consistent.

        Args:
            film: its row of the table `library`.

        Raises:
            WiosError: the film's appearances are not in the lake.
        """
        key = film["film"]
        if (current := self._current_map(film)) is not None:
            return current
        with self._lock:
            reading = self._map_locks.setdefault(key, threading.Lock())
        with reading:
            if (current := self._current_map(film)) is not None:
                return current
            version, film_map = self._read_map(film)
            with self._lock:
                previous = self._maps.get(key)
                if not film_map.consistent and previous is not None:
                    return previous[1]
                self._maps[key] = (version, film_map)
            return film_map

    def maps(self) -> Iterator[FilmMap]:
        """The maps of all films that have one, in order of title."""
        for film in self.films().values():
            with suppress(WiosError):
                yield self.map(film)

    def search(self, query: str) -> list[Hit]:
        """Films whose title, actors or characters contain every word, whatever case and accents, in order of title."""
        words = fold(query).split()
        if not words:
            return [Hit(film, ()) for film in self.films().values()]
        hits = []
        for film in self.films().values():
            title = fold(f"{film['title'] or ''} {film['year'] or ''} {film['film']}")
            people: tuple[Person, ...] = ()
            with suppress(WiosError):
                people = tuple(
                    person
                    for person in self.map(film).people
                    if person.kind == "cast" and _matches(words, f"{person.actor} {person.character or ''}", title)
                )
            if people or all(word in title for word in words):
                hits.append(Hit(film, people))
        return hits

    def film_rows(self, table: str, film: str, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Result of `sql`, which reads `table` for one film as `$film`; see `Library.film_rows`."""
        with self.library() as library:
            return library.film_rows(table, film, sql, parameters)

    def _current_map(self, film: Row) -> FilmMap | None:
        """The cached map, if it belongs to the present state of the lake."""
        key = film["film"]
        version = self._map_version(key)
        with self._lock:
            cached = self._maps.get(key)
        return cached[1] if cached is not None and cached[0] == version and cached[1].film is film else None

    def _map_version(self, film: str) -> tuple[Version, ...]:
        tables = (partition_version(self.settings.lake, table, film) for table in _MAP_TABLES)
        return (*tables, self.decisions.version(film))

    def _read_map(self, film: Row) -> tuple[tuple[Version, ...], FilmMap]:
        key = film["film"]
        for pause in _PAUSES:
            time.sleep(pause)
            version = self._map_version(key)
            with self.library() as library:
                appearances, minutes, screen_time = (
                    library.film_rows(table, key, f"SELECT * FROM {table} WHERE film = $film ORDER BY {order}")
                    for table, order in _MAP_TABLES.items()
                )
                decisions = self.decisions.of(key)
                current = rows_with_decisions(library, key, film["duration_s"], decisions) if decisions.all else None
                if current is not None:
                    appearances, minutes, screen_time = current.appearances, current.minutes, current.screen_time
                unreadable = _unreadable(library, key)
                quality = portrait_quality(library, key, appearances)
                portraits = chosen_faces(library, key, decisions)
            token = decisions.token(decisions.revision)
            film_map = build_film_map(
                film, appearances, minutes, screen_time, quality, version, token, unreadable, portraits
            )
            if film_map.consistent and version == self._map_version(key):
                break
        return version, film_map


def _matches(words: list[str], person: str, title: str) -> bool:
    """Whether every word is in the person or the title, and at least one in the person."""
    own = fold(person)
    return any(word in own for word in words) and all(word in own or word in title for word in words)


def _unreadable(library: Library, film: str) -> list[tuple[float, float]]:
    """Stretches (start, end) in seconds that could not be read; none where the lake has no samples."""
    with suppress(WiosError):
        return questions.unreadable(library, film)
    return []
