"""The decisions on a film, matched with its tracks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import WiosError
from wios_assets.lake.library import Library
from wios_assets.lake.paths import Version, partition_version
from wios_assets.reviews.decisions import Decision, FilmFaces, read_face_boxes, read_faces, revision_of
from wios_assets.reviews.overlay import chosen_portraits
from wios_assets.tables import FACE_EMBEDDINGS, FACE_TRACKS, FACES

_BEST_FACES = """
    SELECT track, best_face FROM face_tracks WHERE film = $film AND track IN (SELECT unnest($tracks::BIGINT[]))
"""


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

    def tracks_of(self, act: str) -> list[int]:
        """The tracks that the decisions with this id concern."""
        return [track for track, on_track in self.by_track.items() if any(each.id == act for each in on_track)]


def match_decisions(lake: Path, film: str, stored: Sequence[Decision], faces: FilmFaces | None = None) -> FilmDecisions:
    """Match decisions with the tracks as they are; without faces in the lake none can be matched.

    Args:
        faces: the film's faces, if they are loaded already.
    """
    by_track: dict[int, list[Decision]] = {}
    for each, track in zip(stored, _tracks(lake, film, stored, faces), strict=True):
        if track is not None:
            by_track.setdefault(track, []).append(each)
    version = hashlib.blake2b(repr(tracks_version(lake, film)).encode(), digest_size=6).hexdigest()
    return FilmDecisions(version, revision_of(stored), stored, by_track)


def chosen_faces(library: Library, film: str, decisions: FilmDecisions) -> dict[str, int]:
    """The faces that people chose to stand for somebody in a film, by person.

    Raises:
        WiosError: the film's tracks are not in the lake.
    """
    tracks = chosen_portraits(decisions.by_track)
    if not tracks:
        return {}
    rows = library.film_rows(FACE_TRACKS.name, film, _BEST_FACES, {"tracks": [*tracks.values()]})
    faces = {row["track"]: row["best_face"] for row in rows}
    return {person: face for person, track in tracks.items() if (face := faces.get(track)) is not None}


def tracks_version(lake: Path, film: str) -> Version:
    """Identifies the state of a film's tracks."""
    tables = (FACE_TRACKS, FACES, FACE_EMBEDDINGS)
    return tuple(part for table in tables for part in partition_version(lake, table.name, film))


def _tracks(lake: Path, film: str, stored: Sequence[Decision], faces: FilmFaces | None) -> list[int | None]:
    if not stored:
        return []
    try:
        if faces is not None:
            return faces.find(stored)
        found = read_face_boxes(lake, film, [each.time_s for each in stored]).find(stored)
        # Embeddings, which take long to read, are needed only for a face that is not where it was.
        return found if None not in found else read_faces(lake, film).find(stored)
    except WiosError:
        return [None] * len(stored)
