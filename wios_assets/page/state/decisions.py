"""What people decided on a film, found in its tracks, and the film as it is with that."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from wios_assets.errors import WiosError
from wios_assets.lake.library import Library, Row
from wios_assets.lake.paths import partition_folder
from wios_assets.page.folders import State, file_state, folder_state
from wios_assets.reviews.decisions import Decision, FilmFaces, decisions_file, read_decisions, read_faces, revision_of
from wios_assets.reviews.overlay import decided_names
from wios_assets.settings import Settings
from wios_assets.tables import CAST, FACE_EMBEDDINGS, FACE_TRACKS, FACES, SHOTS, TRACK_NAMES, Table
from wios_assets.timeline.film_timeline import film_timeline
from wios_assets.timeline.frames import records, table_frame

# Films of which the faces are kept; one of two hours takes some 50 MB.
_KEPT_FACES = 3
_KEPT = 512
_COLUMNS = {
    FACE_TRACKS.name: "track, shot, start_s, end_s, best_face",
    SHOTS.name: "shot, start_s, end_s",
    CAST.name: "billing, actor, nconst, character",
}


@dataclass(frozen=True)
class Decided:
    """People's decisions on a film in one state.

    Attributes:
        tracks: tells this state of the film's tracks from another; their numbers hold within it.
        revision: of all decisions. by_track: those on each track, in the order in which they were made.
        made: all, those included whose face is found no more.
    """

    tracks: str
    revision: int
    by_track: Mapping[int, Sequence[Decision]]
    made: Sequence[Decision]

    def token(self, revision: int) -> str:
        """What a reviewer has seen, as it goes out and comes back."""
        return f"{self.tracks}.{revision}"

    def seen(self, token: str) -> int | None:
        """The revision in a token; None where it is none, or the film's tracks were others then."""
        tracks, _, revision = token.rpartition(".")
        return int(revision) if tracks == self.tracks and revision.isdecimal() and revision.isascii() else None

    def on(self, tracks: Sequence[int]) -> int:
        """The newest revision on some tracks, 0 for none."""
        return max((each.newest for track in tracks for each in self.by_track.get(track, ())), default=0)

    def holding(self, tracks: Sequence[int]) -> list[Decision]:
        """Decisions on some tracks that hold, an act once, in the order in which they were made."""
        held = [each for track in tracks for each in self.by_track.get(track, ()) if each.undone_at is None]
        return sorted({each.id: each for each in held}.values(), key=lambda each: each.revision)

    def ahead_of(self, appearances: Sequence[Row]) -> bool:
        """Whether something was decided since rows of the table `appearances` were made."""
        rests_on = min((row["decisions"] or 0 for row in appearances), default=0)
        return bool(self.by_track) and self.revision > rests_on


class DecidedTracks:
    """Decisions on films. Any thread may ask; each state of them is looked up in the tracks once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._faces: OrderedDict[str, tuple[State, FilmFaces]] = OrderedDict()
        self._decided: OrderedDict[str, tuple[tuple[State, State], Decided]] = OrderedDict()

    def state(self, film: str) -> State:
        """What tells one state of a film's decisions from another."""
        return file_state(decisions_file(self.settings.data, film))

    def faces(self, film: str) -> FilmFaces:
        """The film's faces.

        Raises:
            WiosError: they are not in the lake.
        """
        state = self._state_of_faces(film)
        with self._lock:
            kept = self._faces.get(film)
        if kept is not None and kept[0] == state:
            return kept[1]
        faces = read_faces(self.settings.lake, film)
        with self._lock:
            self._faces[film] = (state, faces)
            while len(self._faces) > _KEPT_FACES:
                self._faces.popitem(last=False)
        return faces

    def on(self, film: str) -> Decided:
        """A film's decisions as they are now.

        Raises:
            WiosError: their file cannot be read.
        """
        state = self._state_of_faces(film), self.state(film)
        with self._lock:
            kept = self._decided.get(film)
        if kept is not None and kept[0] == state:
            return kept[1]
        made = read_decisions(self.settings.data, film)
        by_track: dict[int, list[Decision]] = {}
        if made:
            try:
                found = self.faces(film).find(made)
            except WiosError:
                found = [None] * len(made)
            for each, track in zip(made, found, strict=True):
                if track is not None:
                    by_track.setdefault(track, []).append(each)
        tracks = hashlib.blake2b(repr(state[0]).encode(), digest_size=6).hexdigest()
        decided = Decided(tracks, revision_of(made), by_track, made)
        with self._lock:
            self._decided[film] = (state, decided)
            while len(self._decided) > _KEPT:
                self._decided.popitem(last=False)
        return decided

    def _state_of_faces(self, film: str) -> State:
        lake = self.settings.lake
        tables = (FACE_TRACKS, FACES, FACE_EMBEDDINGS)
        return tuple(part for table in tables for part in folder_state(partition_folder(lake, table.name, film)))


def film_frame(library: Library, table: Table, film: str) -> pd.DataFrame:
    """A film's rows of a table, those columns that the timeline needs."""
    columns = _COLUMNS.get(table.name, "*")
    rows = library.film_rows(table.name, film, f'SELECT {columns} FROM "{table.name}" WHERE film = $film')
    return table_frame(rows, table)


def decided_rows(
    library: Library, film: Row, by_track: Mapping[int, Sequence[Decision]]
) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of appearances, minute_appearances and screen_time in which people's decisions show.

    They hold until a run has worked the names out anew.

    Args:
        film: the film's row of the table `library`.
    """
    key, duration_s = film["film"], film["duration_s"]
    names, tracks, shots, cast = (film_frame(library, t, key) for t in (TRACK_NAMES, FACE_TRACKS, SHOTS, CAST))
    timeline = film_timeline(decided_names(names, by_track), tracks, shots, cast, duration_s)
    return records(timeline.appearances), records(timeline.minutes), records(timeline.screen_time)
