"""Names of tracks with decisions applied that were made since: shown until the next run works the names out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from wios_assets.naming.decided_tracks import FOLLOWS, HIDDEN, NOT_A_FACE, TrackDecisions
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.appearances import UNKNOWN, is_unknown
from wios_assets.timeline.frames import records, table_frame

NOT_SHOWN = (NOT_A_FACE, HIDDEN)
"""Reasons of tracks that are not shown and not offered for review."""


class StoredOutcome(Protocol):
    """Result of naming for the track before any decision."""

    @property
    def decision(self) -> str: ...
    @property
    def actor(self) -> str | None: ...
    @property
    def probability(self) -> float | None: ...


class StoredDecision(Protocol):
    """A decision as it is stored; the revisions say when it was made and taken back (0 while it holds)."""

    @property
    def verdict(self) -> str: ...
    @property
    def person(self) -> str | None: ...
    @property
    def portrait(self) -> bool: ...
    @property
    def revision(self) -> int: ...
    @property
    def undone_revision(self) -> int: ...
    @property
    def claim(self) -> StoredOutcome | None: ...


def decided_names(names: pd.DataFrame, decisions: Mapping[int, Sequence[StoredDecision]]) -> pd.DataFrame:
    """Names of tracks with every decision applied, whatever state of the decisions the names were made from.

    The track itself changes, and where a decision is taken back, so do the tracks that followed it. What a new decision
    means for others (similar tracks, and faces on screen at the same time) comes with the next run.

    Args:
        names: rows of `tables.TRACK_NAMES`.
        decisions: those on each track, by its number, in the order in which they were made, those taken back included.

    Returns:
        `names`, with actor, decision, probability and reason changed where a track was decided on since.
    """
    rows = records(names)
    numbers = _FreshNumbers(rows)
    no_longer = _teachers_no_longer(decisions)
    for row in rows:
        if (row["reason"], row["actor"]) in no_longer:
            _unfollow(row)
        own, includes = decisions.get(row["track"], ()), row["decisions"] or 0
        if all(max(each.revision, each.undone_revision) <= includes for each in own):
            continue
        undecided = _outcome_before(own)
        if undecided is not None and any(each.revision <= includes for each in own):
            actor = undecided.actor
            row.update(
                actor=_present_number(row, actor, numbers),
                decision=undecided.decision,
                probability=undecided.probability,
                reason="as it was before a person decided",
            )
        outcome = _in_force(own).outcome(row["actor"])
        if outcome is not None:
            kept = row["probability"] if row["decision"] == "unknown" else 0.0
            row.update(
                actor=outcome.person,
                decision=outcome.outcome,
                probability=kept if outcome.probability is None else outcome.probability,
                reason=outcome.reason,
            )
        refused = {each.person for each in own if each.verdict == "is_not" and not each.undone_revision}
        offered = outcome is None or (outcome.outcome != "named" and outcome.reason not in NOT_SHOWN)
        row["perhaps"] = [each for each in row["perhaps"] or () if offered and each["actor"] not in refused]
    return table_frame(rows, TRACK_NAMES)


def followers(names: pd.DataFrame, tracks: Iterable[int], person: str) -> list[int]:
    """The tracks that a run gave a person's name because they are like one of `tracks`, which somebody decided on.

    Args:
        names: rows of `tables.TRACK_NAMES`.
    """
    reasons = {FOLLOWS.format(track=track) for track in tracks}
    own = names[(names["actor"] == person) & names["reason"].isin(reasons)]
    return [int(track) for track in own["track"]]


def chosen_portraits(decisions: Mapping[int, Sequence[StoredDecision]]) -> dict[str, int]:
    """By person, the track whose best face was chosen last to stand for the person, if it still shows the person."""
    newest: dict[str, tuple[int, int]] = {}
    for track, own in decisions.items():
        person = _in_force(own).person
        revisions = [
            each.revision for each in own if each.portrait and each.person == person and not each.undone_revision
        ]
        if person is not None and revisions:
            newest[person] = max(newest.get(person, (0, 0)), (max(revisions), track))
    return {person: track for person, (_, track) in newest.items()}


def _teachers_no_longer(decisions: Mapping[int, Sequence[StoredDecision]]) -> set[tuple[str, str]]:
    """Reason and name of tracks that followed a decision which does not hold any more."""
    return {
        (FOLLOWS.format(track=track), each.person)
        for track, own in decisions.items()
        for each in own
        if each.person is not None and each.verdict == "is" and _in_force(own).person != each.person
    }


def _unfollow(row: dict[str, Any]) -> None:
    """Take the name away that a track got by following a decision."""
    number = next(iter(row["numbers"] or ()), None)
    row.update(
        actor=None if number is None else f"{UNKNOWN}{number}",
        decision="weak" if number is None else "unknown",
        probability=0.0,
        reason="as it was before a person decided",
    )


def undecided_names(names: pd.DataFrame, decisions: Mapping[int, Sequence[StoredDecision]]) -> pd.DataFrame:
    """Names of tracks as naming alone gave them, before anybody decided on the track.

    Args:
        names, decisions: as in `decided_names`.
    """
    rows = records(names)
    for row in rows:
        undecided = _outcome_before(decisions.get(row["track"], ()))
        if undecided is not None:
            row.update(actor=undecided.actor, decision=undecided.decision, probability=undecided.probability)
    return table_frame(rows, TRACK_NAMES)


def _in_force(decisions: Iterable[StoredDecision]) -> TrackDecisions:
    added_up = TrackDecisions()
    for each in decisions:
        if not each.undone_revision:
            added_up = added_up.then(each.verdict, each.person)
    return added_up


def _outcome_before(decisions: Iterable[StoredDecision]) -> StoredOutcome | None:
    return next((each.claim for each in decisions if each.claim is not None), None)


def _present_number(row: Mapping[str, Any], actor: str | None, numbers: _FreshNumbers) -> str | None:
    """The name before a decision, with the number that the person of the film has now if it was unknown."""
    if actor is None or not is_unknown(actor):
        return actor
    return f"{UNKNOWN}{row['numbers'][0]}" if row["numbers"] else numbers.of(actor)


class _FreshNumbers:
    """Numbers for unknown people whose numbers are not stored and may belong to others by now."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        taken = [row["actor"] for row in rows if row["actor"] and is_unknown(row["actor"])]
        self._next = 1 + max((int(actor.removeprefix(UNKNOWN)) for actor in taken), default=0)
        self._given: dict[str, str] = {}

    def of(self, actor: str) -> str:
        if actor not in self._given:
            self._given[actor] = f"{UNKNOWN}{self._next}"
            self._next += 1
        return self._given[actor]
