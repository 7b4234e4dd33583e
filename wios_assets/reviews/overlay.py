"""Names with what people have decided since they were given: what is shown until a run works all of it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from wios_assets.naming.decided_tracks import DECIDED, NOT_A_FACE
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.appearances import UNKNOWN, is_unknown
from wios_assets.timeline.frames import records, table_frame


class _Claim(Protocol):
    @property
    def decision(self) -> str: ...
    @property
    def actor(self) -> str | None: ...
    @property
    def probability(self) -> float | None: ...


class Made(Protocol):
    """A decision as it is stored; `revision` and `undone_revision` say when it was made and taken back."""

    @property
    def verdict(self) -> str: ...
    @property
    def person(self) -> str | None: ...
    @property
    def revision(self) -> int: ...
    @property
    def undone_revision(self) -> int: ...
    @property
    def claim(self) -> _Claim | None: ...


def decided_names(names: pd.DataFrame, decisions: Mapping[int, Sequence[Made]]) -> pd.DataFrame:
    """Names of tracks in which every decision shows, whatever state of the decisions the names rest on.

    What else follows from a decision (like tracks, others who cannot be that person) comes with the next run.

    Args:
        names: rows of `tables.TRACK_NAMES`.
        decisions: those on each track, by its number, in the order in which they were made, those taken back included.

    Returns:
        `names`, where a track that was decided on since has actor, decision, probability and reason of the decision.
    """
    rows = records(names)
    fresh = _FreshNumbers(rows)
    for row in rows:
        own, rests_on = decisions.get(row["track"], ()), row["decisions"] or 0
        if all(max(each.revision, each.undone_revision) <= rests_on for each in own):
            continue
        claim = next((each.claim for each in own if each.claim is not None), None)
        if claim is not None and any(each.revision <= rests_on for each in own):
            row.update(
                actor=fresh.of(claim.actor) if claim.actor and is_unknown(claim.actor) else claim.actor,
                decision=claim.decision,
                probability=claim.probability,
                reason="as it was before a person decided",
            )
        for each in own:
            if not each.undone_revision:
                _take(row, each)
    return table_frame(rows, TRACK_NAMES)


def undecided_names(names: pd.DataFrame, decisions: Mapping[int, Sequence[Made]]) -> pd.DataFrame:
    """Names of tracks as naming gave them before anybody decided on the track.

    Args:
        names, decisions: as in `decided_names`.
    """
    rows = records(names)
    for row in rows:
        claim = next((each.claim for each in decisions.get(row["track"], ()) if each.claim is not None), None)
        if claim is not None:
            row.update(actor=claim.actor, decision=claim.decision, probability=claim.probability)
    return table_frame(rows, TRACK_NAMES)


def _take(row: dict[str, Any], decision: Made) -> None:
    if decision.verdict == "is":
        row.update(actor=decision.person, decision="named", probability=1.0, reason=DECIDED)
    elif decision.verdict == "not_a_face":
        row.update(actor=None, decision="weak", probability=0.0, reason=NOT_A_FACE)
    elif row["actor"] == decision.person:
        row.update(actor=None, decision="weak", reason=f"not {decision.person}, as a person decided")


class _FreshNumbers:
    """Numbers for unknown people of an earlier run, which that of the names may have given to others."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        taken = [row["actor"] for row in rows if row["actor"] and is_unknown(row["actor"])]
        self._next = 1 + max((int(actor.removeprefix(UNKNOWN)) for actor in taken), default=0)
        self._given: dict[str, str] = {}

    def of(self, actor: str) -> str:
        if actor not in self._given:
            self._given[actor] = f"{UNKNOWN}{self._next}"
            self._next += 1
        return self._given[actor]
