"""What a person may look at and decide: people without a name, names to be checked, and what was decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from wios_assets.errors import WiosError
from wios_assets.lake.library import Row
from wios_assets.naming.decided_tracks import NOT_A_FACE
from wios_assets.page.state.decisions import Decided, film_frame
from wios_assets.page.state.library_cache import Shelf
from wios_assets.reviews.accuracy import checked_intervals, checked_top
from wios_assets.reviews.decisions import Decision
from wios_assets.reviews.overlay import decided_names, undecided_names
from wios_assets.reviews.queue import to_review
from wios_assets.tables import CAST, FACE_TRACKS, SHOTS, TRACK_NAMES
from wios_assets.timeline.appearances import appearances as intervals
from wios_assets.timeline.frames import records

Show = Literal["unnamed", "named", "decided"]
MOST_FACES = 6


@dataclass(frozen=True)
class Review:
    """Tracks that one decision settles: a weak track, all of an unknown person's, or those of a named interval.

    Attributes:
        tracks: their numbers. start_s, end_s: the longest of them, seconds on the player's clock.
        seconds: how long all of them last. faces: the best face of each, the longest track's first.
        now: weak, unknown or named; `person` is the name, or unknown:<n>.
        proposal: who it may be: the person named, else the nearest cast member who was not refused.
        nearest, distance, runner_up, probability, reason: naming's evidence.
        decisions: what people decided on them, oldest first; in a list of decisions that act alone.
        token: state to be sent back with a decision, see `Decided`.
    """

    tracks: tuple[int, ...]
    start_s: float
    end_s: float
    seconds: float
    faces: tuple[int, ...]
    now: Literal["weak", "unknown", "named"]
    person: str | None
    proposal: str | None
    nearest: str | None
    distance: float | None
    runner_up: str | None
    probability: float | None
    reason: str | None
    decisions: tuple[Decision, ...]
    token: str

    @property
    def everywhere(self) -> bool:
        """Whether a name holds for like tracks without one, too."""
        return self.now == "unknown"

    @property
    def holding(self) -> tuple[Decision, ...]:
        """Decisions that hold."""
        return tuple(each for each in self.decisions if each.undone_at is None)


@dataclass(frozen=True)
class Reviews:
    """A film's reviews.

    Attributes:
        unnamed: those without a name, the most useful first. named: names that nobody checked, the longest first.
        decided: what was decided, the latest first. cast: whom a track may be given to, in order of billing.
        token: state of the film's decisions. top: see `checked_top`.
    """

    unnamed: list[Review]
    named: list[Review]
    decided: list[Review]
    cast: list[str]
    token: str
    top: pd.DataFrame = field(repr=False)


def reviews_of(shelf: Shelf, film: Row) -> Reviews:
    """A film's reviews, with every decision as it is now.

    Args:
        film: its row of the table `library`.

    Raises:
        WiosError: the film's tracks or their names are not in the lake.
    """
    key = film["film"]
    decided = shelf.decided.on(key)
    with shelf.library() as library:
        lake_names, tracks, shots, cast = (
            film_frame(library, table, key) for table in (TRACK_NAMES, FACE_TRACKS, SHOTS, CAST)
        )
    names = decided_names(lake_names, decided.by_track) if decided.by_track else lake_names
    row_of = {row["track"]: row for row in records(names)}
    track_of = {row["track"]: row for row in records(tracks)}
    make = _Maker(row_of, track_of, decided)
    named = intervals(names, tracks, shots, cast)
    people = [str(actor) for actor in cast.sort_values("billing")["actor"]] if len(cast) else []
    given = sorted({row["actor"] for row in records(named) if row["kind"] == "cast"} - set(people))
    return Reviews(
        unnamed=list(_unnamed(names, tracks, make)),
        named=list(_named(named, make)),
        decided=list(_decided(decided, make)),
        cast=[*dict.fromkeys(people), *given],
        token=decided.token(decided.revision),
        top=_top(lake_names, tracks, shots, cast, decided),
    )


def cast_of(shelf: Shelf, film: str) -> list[str]:
    """A film's cast in order of billing; empty where the lake has none."""
    with suppress(WiosError):
        rows = shelf.film_rows(CAST.name, film, 'SELECT actor FROM "cast" WHERE film = $film ORDER BY billing')
        return list(dict.fromkeys(row["actor"] for row in rows))
    return []


class _Maker:
    """Makes reviews out of tracks."""

    def __init__(self, names: dict[int, Row], tracks: dict[int, Row], decided: Decided) -> None:
        self.names, self.tracks, self.decided = names, tracks, decided

    def seconds(self, track: int) -> float:
        return float(self.tracks[track]["end_s"] - self.tracks[track]["start_s"])

    def review(self, tracks: Iterable[int], decisions: Sequence[Decision] | None = None) -> Review:
        own = sorted(tracks, key=lambda track: (-self.seconds(track), track))
        leading, row = self.tracks[own[0]], self.names[own[0]]
        acts = decisions if decisions is not None else self._acts(own)
        refused = {each.person for each in acts if each.verdict == "is_not" and each.undone_at is None}
        candidates = [row["actor"]] if row["decision"] == "named" else [row["nearest"], row["runner_up"]]
        return Review(
            tracks=tuple(sorted(own)),
            start_s=float(leading["start_s"]),
            end_s=float(leading["end_s"]),
            seconds=math.fsum(map(self.seconds, own)),
            faces=tuple(int(face) for n in own if (face := self.tracks[n]["best_face"]) is not None)[:MOST_FACES],
            now=row["decision"],
            person=row["actor"],
            proposal=next((name for name in candidates if name is not None and name not in refused), None),
            **{name: row[name] for name in ("nearest", "distance", "runner_up", "probability", "reason")},
            decisions=tuple(acts),
            token=self.decided.token(self.decided.on(own)),
        )

    def _acts(self, tracks: Sequence[int]) -> list[Decision]:
        found = {each.id: each for track in tracks for each in self.decided.by_track.get(track, ())}
        return sorted(found.values(), key=lambda each: each.revision)


def _unnamed(names: pd.DataFrame, tracks: pd.DataFrame, make: _Maker) -> Iterable[Review]:
    """Weak tracks, then unknown people; what was refused already comes after what nobody looked at."""
    groups: dict[Any, list[int]] = {}
    for row in records(to_review(names, tracks)):
        if row["reason"] != NOT_A_FACE:
            groups.setdefault(row["actor"] or row["track"], []).append(row["track"])
    made = [make.review(group) for group in groups.values()]
    return sorted(made, key=lambda each: (bool(each.holding), each.now != "weak", -each.seconds))


def _named(appearances: pd.DataFrame, make: _Maker) -> Iterable[Review]:
    cast = [row for row in records(appearances) if row["kind"] == "cast"]
    made = [make.review(row["tracks"]) for row in cast]
    return sorted((each for each in made if not each.holding), key=lambda each: (-each.seconds, each.start_s))


def _decided(decided: Decided, make: _Maker) -> Iterable[Review]:
    acts: dict[str, tuple[Decision, list[int]]] = {}
    for track, made in decided.by_track.items():
        for each in made:
            if track in make.tracks:
                acts.setdefault(each.id, (each, []))[1].append(track)
    ordered = sorted(acts.values(), key=lambda act: -act[0].newest)
    return (make.review(dict.fromkeys(tracks), [decision]) for decision, tracks in ordered)


def _top(
    names: pd.DataFrame, tracks: pd.DataFrame, shots: pd.DataFrame, cast: pd.DataFrame, decided: Decided
) -> pd.DataFrame:
    """How right naming alone is, as far as it was checked: the names that it gave before people decided."""
    alone = undecided_names(names, decided.by_track)
    seconds = {int(row["track"]): float(row["end_s"] - row["start_s"]) for row in records(tracks)}
    said_of = {
        track: [(each.verdict, each.person) for each in made if each.undone_at is None]
        for track, made in decided.by_track.items()
    }
    return checked_top(checked_intervals(intervals(alone, tracks, shots, cast), seconds, said_of))
