"""Decisions on a film, matched with its tracks, and the film's timeline as they change it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from cachetools import LRUCache

from wios_assets.errors import WiosError
from wios_assets.lake.library import Library, Row
from wios_assets.lake.paths import Version, files_version, partition_version
from wios_assets.reviews.decisions import Decision, FilmFaces, decisions_file, read_decisions, read_faces, revision_of
from wios_assets.reviews.overlay import decided_names
from wios_assets.settings import Settings
from wios_assets.tables import CAST, FACE_EMBEDDINGS, FACE_TRACKS, FACES, SHOTS, TRACK_NAMES, Table
from wios_assets.timeline.film_timeline import FilmTimeline, film_timeline
from wios_assets.timeline.frames import table_frame

# The faces of a film of two hours take some 50 MB.
_CACHED_FACES = 3
_CACHED_DECISIONS = 512
# Of these tables the timeline needs only some columns.
_COLUMNS = {
    FACE_TRACKS.name: "track, shot, start_s, end_s, best_face",
    SHOTS.name: "shot, start_s, end_s",
    CAST.name: "billing, actor, nconst, character",
}


@dataclass(frozen=True)
class FilmDecisions:
    """The decisions on a film at one revision.

    Attributes:
        tracks_version: identifies the state of the film's tracks; track numbers are valid within it.
        revision: of all decisions. all: every decision, including those whose face is not found any more.
        by_track: the decisions on each track, oldest first, including undone ones.
    """

    tracks_version: str
    revision: int
    all: Sequence[Decision]
    by_track: Mapping[int, Sequence[Decision]]

    def token(self, revision: int) -> str:
        """What a reviewer has seen, as it is sent with the tracks and comes back with a decision."""
        return f"{self.tracks_version}.{revision}"

    def seen_revision(self, token: str) -> int | None:
        """The revision in a token; None where the token is malformed or belongs to other tracks."""
        tracks_version, _, revision = token.rpartition(".")
        valid = tracks_version == self.tracks_version and revision.isdecimal() and revision.isascii()
        return int(revision) if valid else None

    def on(self, tracks: Sequence[int]) -> list[Decision]:
        """The decisions on some tracks, one of each id, oldest first, including undone ones."""
        unique = {each.id: each for track in tracks for each in self.by_track.get(track, ())}
        return sorted(unique.values(), key=lambda each: each.revision)

    def token_on(self, tracks: Sequence[int]) -> str:
        """Token of the newest decision on some tracks."""
        newest = (each.newest for track in tracks for each in self.by_track.get(track, ()))
        return self.token(max(newest, default=0))

    def newer_than(self, appearances: Sequence[Row]) -> bool:
        """Whether a decision was made or undone since rows of the table `appearances` were made."""
        included = min((row["decisions"] or 0 for row in appearances), default=0)
        return bool(self.by_track) and self.revision > included


class DecisionCache:
    """Decisions on films, matched with tracks once for each state of both. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._faces: LRUCache[str, tuple[Version, FilmFaces]] = LRUCache(_CACHED_FACES)
        self._decisions: LRUCache[str, tuple[tuple[Version, Version], FilmDecisions]] = LRUCache(_CACHED_DECISIONS)

    def version(self, film: str) -> Version:
        """Identifies the state of a film's decisions."""
        return files_version([decisions_file(self.settings.data, film)])

    def faces(self, film: str) -> FilmFaces:
        """The faces of a film.

        Raises:
            WiosError: they are not in the lake.
        """
        version = self._tracks_version(film)
        with self._lock:
            cached = self._faces.get(film)
        if cached is not None and cached[0] == version:
            return cached[1]
        faces = read_faces(self.settings.lake, film)
        with self._lock:
            self._faces[film] = (version, faces)
        return faces

    def of(self, film: str) -> FilmDecisions:
        """The current decisions on a film.

        Raises:
            WiosError: their file cannot be read.
        """
        version = self._tracks_version(film), self.version(film)
        with self._lock:
            cached = self._decisions.get(film)
        if cached is not None and cached[0] == version:
            return cached[1]
        stored = read_decisions(self.settings.data, film)
        tracks_version = hashlib.blake2b(repr(version[0]).encode(), digest_size=6).hexdigest()
        decisions = FilmDecisions(tracks_version, revision_of(stored), stored, self._by_track(film, stored))
        with self._lock:
            self._decisions[film] = (version, decisions)
        return decisions

    def _by_track(self, film: str, stored: Sequence[Decision]) -> dict[int, list[Decision]]:
        by_track: dict[int, list[Decision]] = {}
        if stored:
            try:
                tracks = self.faces(film).find(stored)
            except WiosError:
                # Without faces in the lake no decision can be matched.
                return {}
            for each, track in zip(stored, tracks, strict=True):
                if track is not None:
                    by_track.setdefault(track, []).append(each)
        return by_track

    def _tracks_version(self, film: str) -> Version:
        lake = self.settings.lake
        tables = (FACE_TRACKS, FACES, FACE_EMBEDDINGS)
        return tuple(part for table in tables for part in partition_version(lake, table.name, film))


@dataclass(frozen=True)
class TrackTables:
    """The tables of one film from which its timeline is derived, without the column `film`.

    Attributes:
        names: rows of `tables.TRACK_NAMES`. tracks, shots, cast: rows of FACE_TRACKS, SHOTS and CAST, with the columns
        that the timeline needs.
    """

    names: pd.DataFrame
    tracks: pd.DataFrame
    shots: pd.DataFrame
    cast: pd.DataFrame

    @classmethod
    def read(cls, library: Library, film: str) -> TrackTables:
        """The tables of a film.

        Raises:
            WiosError: one of them is not in the lake.
        """
        return cls(*(_read_table(library, table, film) for table in (TRACK_NAMES, FACE_TRACKS, SHOTS, CAST)))

    def with_decisions(self, decisions: FilmDecisions) -> TrackTables:
        """The same tables, with names as the decisions change them."""
        names = decided_names(self.names, decisions.by_track) if decisions.by_track else self.names
        return TrackTables(names, self.tracks, self.shots, self.cast)

    def timeline(self, duration_s: float) -> FilmTimeline:
        """Appearances, minutes and screen time of a film of this length in seconds."""
        return film_timeline(self.names, self.tracks, self.shots, self.cast, duration_s)


def _read_table(library: Library, table: Table, film: str) -> pd.DataFrame:
    columns = _COLUMNS.get(table.name, "*")
    rows = library.film_rows(table.name, film, f'SELECT {columns} FROM "{table.name}" WHERE film = $film')
    return table_frame(rows, table)
