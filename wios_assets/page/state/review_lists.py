"""The lists of a film's review: tracks without a name, names to check, and what was decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from wios_assets.lake.library import Row
from wios_assets.page.state.catalog import Catalog
from wios_assets.reviews.accuracy import checked_intervals, checked_top
from wios_assets.reviews.current_timeline import TrackTables
from wios_assets.reviews.decisions import Decision
from wios_assets.reviews.film_decisions import FilmDecisions
from wios_assets.reviews.overlay import NOT_SHOWN, undecided_names
from wios_assets.reviews.queue import to_review
from wios_assets.timeline.appearances import appearances, is_unknown
from wios_assets.timeline.frames import records
from wios_assets.timeline.likely_names import Candidates, likely_names

ListName = Literal["unnamed", "named", "decided"]
MOST_FACES = 6
EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Review:
    """Tracks that are decided on together: a weak track, all of an unknown person's, or those of a named interval.

    Attributes:
        tracks: their numbers. start_s, end_s: of the longest track, seconds on the player's clock.
        seconds: total length of all tracks. faces: best face of each, the longest track's first.
        outcome: weak, unknown or named; `person` is the name, or unknown:<n>.
        proposal: the person named, else the likeliest, else the nearest cast member that nobody refused.
        perhaps: likeliest names that nobody refused, actor and probability, the likeliest first.
        nearest, distance, runner_up, probability, reason: the evidence.
        decisions: decisions on the tracks, oldest first; in the list of decisions that decision alone.
        token: to be sent back with a decision, see `FilmDecisions.token`.
    """

    tracks: tuple[int, ...]
    start_s: float
    end_s: float
    seconds: float
    faces: tuple[int, ...]
    face_s: float | None
    box: tuple[float, float, float, float] | None
    outcome: Literal["weak", "unknown", "named"]
    person: str | None
    proposal: str | None
    perhaps: Candidates
    nearest: str | None
    distance: float | None
    runner_up: str | None
    probability: float | None
    reason: str | None
    decisions: tuple[Decision, ...]
    token: str

    @property
    def everywhere(self) -> bool:
        """Whether a name applies to similar unnamed tracks as well."""
        return self.person is not None and is_unknown(self.person)

    @property
    def active(self) -> tuple[Decision, ...]:
        """Decisions that are not undone."""
        return tuple(each for each in self.decisions if each.undone_at is None)

    @property
    def settled(self) -> bool:
        """Whether somebody said who it is: that unknown people are one does not."""
        return any(each.person is None or not is_unknown(each.person) for each in self.active)


@dataclass(frozen=True)
class ReviewLists:
    """The review of a film.

    Attributes:
        unnamed: tracks without a name, the most useful first. named: names that nobody checked, the longest first.
        decided: decisions, the newest first. cast: names that a track may be given, in order of billing.
        token: of all decisions on the film. accuracy: see `checked_top`.
    """

    unnamed: list[Review]
    named: list[Review]
    decided: list[Review]
    cast: list[str]
    token: str
    accuracy: pd.DataFrame = field(repr=False)


def read_review_lists(catalog: Catalog, film: str) -> ReviewLists:
    """The review of a film, with the current decisions.

    Raises:
        WiosError: the film's tracks or their names are not in the lake.
    """
    decisions = catalog.decisions.of(film)
    stored = TrackTables.read(catalog.settings.lake, film)
    decided = stored.with_decisions(decisions)
    builder = _ReviewBuilder(decided, decisions)
    named = records(appearances(decided.names, decided.tracks, decided.shots, decided.cast))
    billed = [str(actor) for actor in stored.cast.sort_values("billing")["actor"]] if len(stored.cast) else []
    others = sorted({row["actor"] for row in named if row["kind"] == "cast"} - set(billed))
    return ReviewLists(
        unnamed=_unnamed(decided, builder),
        named=_named(named, builder),
        decided=_decided(decisions, builder),
        cast=[*dict.fromkeys(billed), *others],
        token=decisions.token(decisions.revision),
        accuracy=_accuracy(stored, decisions),
    )


class _ReviewBuilder:
    """Builds reviews from track numbers."""

    def __init__(self, tables: TrackTables, decisions: FilmDecisions) -> None:
        self.names: dict[int, Row] = {row["track"]: row for row in records(tables.names)}
        self.tracks: dict[int, Row] = {row["track"]: row for row in records(tables.tracks)}
        self.decisions = decisions

    def review(self, tracks: Iterable[int], decisions: Sequence[Decision] | None = None) -> Review:
        ordered = sorted(tracks, key=lambda track: (-self._seconds(track), track))
        longest, name = self.tracks[ordered[0]], self.names[ordered[0]]
        decisions = self.decisions.on(ordered) if decisions is None else decisions
        refused = {each.person for each in decisions if each.verdict == "is_not" and each.undone_at is None}
        named = name["decision"] == "named"
        rows = ({**self.tracks[track], "perhaps": self.names[track]["perhaps"]} for track in ordered)
        perhaps = [] if named else likely_names(rows, refused)
        likeliest = [each["actor"] for each in perhaps]
        candidates = [name["actor"]] if named else [*likeliest, name["nearest"], name["runner_up"]]
        return Review(
            tracks=tuple(sorted(ordered)),
            start_s=float(longest["start_s"]),
            end_s=float(longest["end_s"]),
            seconds=math.fsum(map(self._seconds, ordered)),
            faces=tuple(int(face) for n in ordered if (face := self.tracks[n]["best_face"]) is not None)[:MOST_FACES],
            face_s=name["time_s"],
            box=None if None in (box := tuple(name[edge] for edge in EDGES)) else box,
            outcome=name["decision"],
            person=name["actor"],
            proposal=next((each for each in candidates if each is not None and each not in refused), None),
            perhaps=perhaps,
            **{column: name[column] for column in ("nearest", "distance", "runner_up", "probability", "reason")},
            decisions=tuple(decisions),
            token=self.decisions.token_on(ordered),
        )

    def _seconds(self, track: int) -> float:
        return float(self.tracks[track]["end_s"] - self.tracks[track]["start_s"])


def _unnamed(tables: TrackTables, builder: _ReviewBuilder) -> list[Review]:
    """Weak tracks, then unknown people; those that somebody settled come last."""
    groups: dict[Any, list[int]] = {}
    for row in records(to_review(tables.names, tables.tracks)):
        if row["reason"] not in NOT_SHOWN:
            groups.setdefault(row["actor"] or row["track"], []).append(row["track"])
    reviews = [builder.review(group) for group in groups.values()]
    return sorted(reviews, key=lambda each: (each.settled, each.outcome != "weak", -each.seconds))


def _named(intervals: Sequence[Row], builder: _ReviewBuilder) -> list[Review]:
    reviews = [builder.review(row["tracks"]) for row in intervals if row["kind"] == "cast"]
    return sorted((each for each in reviews if not each.active), key=lambda each: (-each.seconds, each.start_s))


def _decided(decisions: FilmDecisions, builder: _ReviewBuilder) -> list[Review]:
    tracks_of: dict[str, tuple[Decision, list[int]]] = {}
    for track, on_track in decisions.by_track.items():
        for each in on_track:
            if track in builder.tracks:
                tracks_of.setdefault(each.id, (each, []))[1].append(track)
    ordered = sorted(tracks_of.values(), key=lambda pair: -pair[0].newest)
    return [builder.review(dict.fromkeys(tracks), [decision]) for decision, tracks in ordered]


def _accuracy(stored: TrackTables, decisions: FilmDecisions) -> pd.DataFrame:
    """Accuracy of naming alone, as far as people checked it: of the names before any decision."""
    names = undecided_names(stored.names, decisions.by_track)
    seconds = {int(row["track"]): float(row["end_s"] - row["start_s"]) for row in records(stored.tracks)}
    active = {
        track: [(each.verdict, each.person) for each in on_track if each.undone_at is None]
        for track, on_track in decisions.by_track.items()
    }
    intervals = appearances(names, stored.tracks, stored.shots, stored.cast)
    return checked_top(checked_intervals(intervals, seconds, active))
