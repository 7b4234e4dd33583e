"""Which films there are and what is known of each, read from the lake once for each of its states."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wios_assets.errors import WiosError
from wios_assets.lake import questions
from wios_assets.lake.library import Library, Row, open_library
from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.page.folders import State, folder_state
from wios_assets.page.state.decisions import DecidedTracks, decided_rows
from wios_assets.page.state.film_map import FilmMap, Person, film_map
from wios_assets.settings import Settings
from wios_assets.text import fold

# The tables that a film's map is made of; the first is written first.
PARTS = ("appearances", "minute_appearances", "screen_time")
# Pauses in seconds before the next try, while a run is between two of the tables.
_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4)
# Films of which the map is kept; one of two hours takes some 700 KB.
_KEPT = 512


@dataclass(frozen=True)
class Hit:
    """A film that a search found, and the people in it that the words fit."""

    film: Row
    people: tuple[Person, ...]


class Shelf:
    """Films and their maps. Any thread may ask; the library is opened anew once another was published."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._library: Library | None = None
        self._published: tuple[int, int] | None = None
        self._films: tuple[State, dict[str, Row]] = ((), {})
        self._maps: OrderedDict[str, tuple[tuple[State, ...], FilmMap]] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}
        self.decided = DecidedTracks(settings)

    def close(self) -> None:
        """Let go of the library's file."""
        with self._lock:
            if self._library is not None:
                self._library.close()
            self._library = None

    def library(self) -> Library:
        """The published library, on a connection that the calling thread may use alone.

        Raises:
            WiosError: no film was analysed yet.
        """
        with self._lock:
            file = self.settings.library
            try:
                stat = file.stat()
                published = (stat.st_ino, stat.st_mtime_ns)
            except OSError:
                published = None
            if self._library is None or published is None or published != self._published:
                if self._library is not None:
                    self._library.close()
                    self._library = None
                self._library = open_library(self.settings)
                stat = file.stat()
                self._published = (stat.st_ino, stat.st_mtime_ns)
            cursor = self._library.connection.cursor()
            cursor.execute("USE library")
            return Library(cursor, self._library.lake, self.settings.data)

    def films(self) -> dict[str, Row]:
        """Films that can be asked about, by key, in order of title; empty where none was analysed yet."""
        state = folder_state(table_folder(self.settings.lake, "library"))
        if not state:
            return {}
        known, films = self._films
        if known == state:
            return films
        with self.library() as library:
            films = {row["film"]: row for row in questions.films(library)}
        self._films = (state, films)
        return films

    def find(self, asked: str) -> Row:
        """The film that is meant: by key, title, or the beginning of either.

        Raises:
            UnknownFilm: no film is called so. WiosError: several are.
        """
        films = self.films()
        if asked in films:
            return films[asked]
        if not films:
            raise questions.UnknownFilm(f"there is no film {asked!r}: none was analysed yet; `wios run FILM` does it")
        return films[questions.match_film(asked, {key: row["title"] for key, row in films.items()})]

    def map(self, film: Row) -> FilmMap:
        """Who is on screen when in a film, as its row of the table `library` names it.

        While a run rewrites the film, the map before it is given until the new one is whole. What people decided since
        the lake's names were given shows in it.

        Raises:
            WiosError: the film's appearances are not in the lake.
        """
        key = film["film"]
        state = self._state(key)
        kept = self._maps.get(key)
        if kept is not None and kept[0] == state and kept[1].film is film:
            with suppress(KeyError):
                self._maps.move_to_end(key)
            return kept[1]
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            kept = self._maps.get(key)
            if kept is not None and kept[0] == self._state(key) and kept[1].film is film:
                return kept[1]
            state, made = self._read(film)
            if not made.whole and kept is not None:
                return kept[1]
            self._maps[key] = (state, made)
            while len(self._maps) > _KEPT:
                self._maps.popitem(last=False)
            return made

    def maps(self) -> Iterator[FilmMap]:
        """The maps of all films that have one, in order of title."""
        for film in self.films().values():
            with suppress(WiosError):
                yield self.map(film)

    def search(self, words: str) -> list[Hit]:
        """Films whose title, actors or characters hold every word, in any case and without accents, by title."""
        wanted = fold(words).split()
        if not wanted:
            return [Hit(film, ()) for film in self.films().values()]
        hits = []
        for film in self.films().values():
            title = fold(f"{film['title'] or ''} {film['year'] or ''} {film['film']}")
            people: tuple[Person, ...] = ()
            with suppress(WiosError):
                people = tuple(
                    person
                    for person in self.map(film).people
                    if person.kind == "cast" and _fits(wanted, f"{person.actor} {person.character or ''}", title)
                )
            if people or all(word in title for word in wanted):
                hits.append(Hit(film, people))
        return hits

    def film_rows(self, table: str, film: str, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Answer to `sql`, which asks `table` for one film as `$film`; see `Library.film_rows`."""
        with self.library() as library:
            return library.film_rows(table, film, sql, parameters)

    def _state(self, film: str) -> tuple[State, ...]:
        parts = (folder_state(partition_folder(self.settings.lake, table, film)) for table in PARTS)
        return (*parts, self.decided.state(film))

    def _read(self, film: Row) -> tuple[tuple[State, ...], FilmMap]:
        key = film["film"]
        for pause in _PAUSES:
            time.sleep(pause)
            state = self._state(key)
            with self.library() as library:
                appearances, minutes, times = (
                    library.film_rows(table, key, f"SELECT * FROM {table} WHERE film = $film ORDER BY {order}")
                    for table, order in zip(
                        PARTS, ("start_s, end_s", "minute, kind, seconds DESC, actor", "rank"), strict=True
                    )
                )
                decided = self.decided.on(key)
                if decided.ahead_of(appearances):
                    appearances, minutes, times = decided_rows(library, film, decided.by_track)
                quality = _quality(library, key, appearances)
                made = film_map(film, appearances, minutes, times, quality, state, decided.token(decided.revision))
            if made.whole and state == self._state(key):
                break
        return state, made


def _fits(wanted: list[str], person: str, title: str) -> bool:
    """Whether every word is in the person or the title, and one at least in the person."""
    own = fold(person)
    return any(word in own for word in wanted) and all(word in own or word in title for word in wanted)


def _quality(library: Library, film: str, appearances: list[Row]) -> dict[int, float]:
    """Quality of the chips of the appearances' best faces; empty where the lake holds no chips."""
    faces = [row["best_face"] for row in appearances if row["best_face"] is not None]
    if not faces:
        return {}
    sql = "SELECT face, quality FROM face_embeddings WHERE film = $film AND face IN (SELECT unnest($faces::BIGINT[]))"
    with suppress(WiosError):
        rows = library.film_rows("face_embeddings", film, sql, {"faces": faces})
        return {row["face"]: row["quality"] or 0.0 for row in rows}
    return {}
