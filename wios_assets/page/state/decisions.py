"""Decisions on films, kept in memory for each state of the decisions and of the tracks."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from wios_assets.lake.paths import Version, files_version
from wios_assets.reviews.decisions import FilmFaces, decisions_file, read_decisions, read_faces
from wios_assets.reviews.film_decisions import FilmDecisions, match_decisions, tracks_version
from wios_assets.settings import Settings

# The faces of a film of two hours take some 50 MB.
_CACHED_FACES = 3
_CACHED_DECISIONS = 512


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
        version = tracks_version(self.settings.lake, film)
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
        version = tracks_version(self.settings.lake, film), self.version(film)
        with self._lock:
            cached = self._decisions.get(film)
        if cached is not None and cached[0] == version:
            return cached[1]
        stored = read_decisions(self.settings.data, film)
        decisions = match_decisions(self.settings.lake, film, stored, self._cached_faces(film, version[0]))
        with self._lock:
            self._decisions[film] = (version, decisions)
        return decisions

    def _cached_faces(self, film: str, version: Version) -> FilmFaces | None:
        with self._lock:
            cached = self._faces.get(film)
        return cached[1] if cached is not None and cached[0] == version else None
