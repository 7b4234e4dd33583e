"""Who is on screen in a film, with every decision of people applied, also those that no run has stored yet.

The page, the API, exports and the command line answer from here, so that a decision holds everywhere at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wios_assets.lake import questions
from wios_assets.lake.library import Library, Row
from wios_assets.lake.store import read_rows
from wios_assets.reviews.stored_revision import stored_revision
from wios_assets.tables import CAST, FACE_TRACKS, SHOTS, TRACK_NAMES, Table

if TYPE_CHECKING:
    import pandas as pd

    from wios_assets.reviews.film_decisions import FilmDecisions

# Of these tables the timeline needs only some columns.
_COLUMNS = {
    FACE_TRACKS.name: ["track", "shot", "start_s", "end_s", "best_face"],
    SHOTS.name: ["shot", "start_s", "end_s"],
    CAST.name: ["billing", "actor", "nconst", "character"],
}
_RESTS_ON = "SELECT min(coalesce(decisions, 0)) AS revision FROM track_names WHERE film = $film"


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
    def read(cls, lake: Path, film: str) -> TrackTables:
        """The tables of a film.

        Raises:
            WiosError: one of them is not in the lake.
        """
        return cls(*(_read_table(lake, table, film) for table in (TRACK_NAMES, FACE_TRACKS, SHOTS, CAST)))

    def with_decisions(self, decisions: FilmDecisions) -> TrackTables:
        """The same tables, with names as the decisions change them."""
        from wios_assets.reviews.overlay import decided_names

        names = decided_names(self.names, decisions.by_track) if decisions.by_track else self.names
        return TrackTables(names, self.tracks, self.shots, self.cast)


class CurrentRows:
    """A film's rows of `appearances`, `minute_appearances` and `screen_time`, each with `film`, made when asked for.

    Args:
        film: the film's key. tables: its tables, with decisions applied. duration_s: its length in seconds.
    """

    def __init__(self, film: str, tables: TrackTables, duration_s: float) -> None:
        self.film, self.tables, self.duration_s = film, tables, duration_s

    @cached_property
    def appearances(self) -> list[Row]:
        rows = self._rows(self._intervals)
        return sorted(rows, key=lambda row: (row["start_s"], row["end_s"], row["actor"]))

    @cached_property
    def minutes(self) -> list[Row]:
        from wios_assets.timeline.minutes import minute_appearances

        rows = self._rows(minute_appearances(self._intervals, self.duration_s))
        return sorted(rows, key=lambda row: (row["minute"], row["kind"], -row["seconds"], row["actor"]))

    @cached_property
    def screen_time(self) -> list[Row]:
        from wios_assets.timeline.minutes import screen_time

        return self._rows(screen_time(self._intervals, self.duration_s))

    @cached_property
    def _intervals(self) -> pd.DataFrame:
        from wios_assets.timeline.appearances import appearances

        return appearances(self.tables.names, self.tables.tracks, self.tables.shots, self.tables.cast)

    def _rows(self, frame: pd.DataFrame) -> list[Row]:
        from wios_assets.timeline.frames import records

        return [{"film": self.film, **row} for row in records(frame)]


def rows_with_decisions(
    library: Library, film: str, duration_s: float, decisions: FilmDecisions | None = None
) -> CurrentRows | None:
    """A film's rows with every decision applied; None where the rows in the lake rest on all decisions.

    Args:
        film: the film's key.
        decisions: its decisions, if they are matched already.

    Raises:
        WiosError: a table is not in the lake, or the decisions cannot be read.
    """
    revision = decisions.revision if decisions is not None else stored_revision(library.data, film)
    if not revision:
        return None
    rests_on = library.film_rows(TRACK_NAMES.name, film, _RESTS_ON)[0]["revision"]
    if rests_on is None or rests_on >= revision:
        return None
    # Imported here, because they import pandas, which answers that need no decision should not wait for.
    from wios_assets.reviews.decisions import read_decisions
    from wios_assets.reviews.film_decisions import match_decisions

    if decisions is None:
        decisions = match_decisions(library.lake, film, read_decisions(library.data, film))
    if not decisions.by_track:
        return None
    return CurrentRows(film, TrackTables.read(library.lake, film).with_decisions(decisions), duration_s)


def who(library: Library, film: str, seconds: float) -> list[Row]:
    """As `questions.who`, with every decision applied."""
    stored = questions.who(library, film, seconds)
    row = questions.find_film(library, film)
    current = rows_with_decisions(library, row["film"], row["duration_s"])
    if current is None:
        return stored
    instant = min(seconds, math.nextafter(row["duration_s"], 0.0))
    people = [each for each in current.appearances if each["start_s"] <= instant < each["end_s"]]
    return sorted(people, key=_rank)


def appearances(library: Library, film: str) -> list[Row]:
    """As `questions.appearances`, with every decision applied."""
    current = _current(library, film)
    return questions.appearances(library, film) if current is None else current.appearances


def minutes(library: Library, film: str) -> list[Row]:
    """As `questions.minutes`, with every decision applied."""
    current = _current(library, film)
    return questions.minutes(library, film) if current is None else current.minutes


def screen_time(library: Library, film: str) -> list[Row]:
    """As `questions.screen_time`, with every decision applied."""
    current = _current(library, film)
    return questions.screen_time(library, film) if current is None else current.screen_time


def _current(library: Library, film: str) -> CurrentRows | None:
    row = questions.find_film(library, film)
    return rows_with_decisions(library, row["film"], row["duration_s"])


def _rank(row: Mapping[str, Any]) -> tuple[str, float, str]:
    probability = row["probability"]
    return row["kind"], 1.0 if probability is None else -probability, row["actor"]


def _read_table(lake: Path, table: Table, film: str) -> pd.DataFrame:
    rows = read_rows(lake, table, film)
    frame: pd.DataFrame = rows.select(_COLUMNS.get(table.name, rows.column_names[1:])).to_pandas()
    return frame
