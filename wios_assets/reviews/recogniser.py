"""The recogniser in use: when the winner of a comparison is taken up, and what a person decided."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wios_assets.atomic import write_atomic

_FILE = "recogniser.json"


@dataclass(frozen=True)
class InUse:
    """The recogniser that naming uses, and the figure with which it was accepted.

    Attributes:
        recogniser: its name.
        run: number of the comparison that it was accepted from.
        figure: name of the figure that decided. value: its mean. spread: its standard deviation over seeds.
        pinned: whether it stays whatever later comparisons find.
        by: `comparison` or `person`.
        since: when it was accepted, ISO 8601, UTC.
    """

    recogniser: str
    run: int
    figure: str
    value: float
    spread: float
    pinned: bool
    by: str
    since: str


@dataclass(frozen=True)
class Verdict:
    """Whether the winner of a comparison is taken up.

    Attributes:
        in_use: the recogniser in use from now on; None where none was ever chosen.
        taken_up: whether it is the winner. reason: why, in a sentence.
    """

    in_use: InUse | None
    taken_up: bool
    reason: str


def read_in_use(data: Path) -> InUse | None:
    """The recogniser in use; None where none was accepted yet."""
    try:
        return InUse(**json.loads((data / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_in_use(data: Path, in_use: InUse) -> None:
    """Store the recogniser in use."""
    write_atomic(data / _FILE, json.dumps(asdict(in_use), ensure_ascii=False, indent=1), durable=True)


def figures_of(run: Mapping[str, Any], recogniser: str) -> tuple[str, float, float]:
    """Name, mean and spread of the deciding figure that a comparison found for a recogniser.

    Args:
        run: a row of `tables.RECOGNISER_RUNS`.

    Raises:
        ValueError: the comparison did not have this recogniser.
    """
    index = list(run["recognisers"]).index(recogniser)
    figure = str(run["figure"])
    return figure, float(run[figure][index]), float(run[f"{figure}_spread"][index])


def accepted(run: Mapping[str, Any], recogniser: str, *, pinned: bool = False, by: str = "comparison") -> InUse:
    """A recogniser as accepted now, from a comparison."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return InUse(recogniser, int(run["run"]), *figures_of(run, recogniser), pinned, by, now)


def judge(before: InUse | None, run: Mapping[str, Any]) -> Verdict:
    """Whether a comparison's winner is taken up by itself.

    It is not where a person pinned another, nor where its figure is lower than the one accepted last by more than the
    larger spread of the two: galleries that became worse, or a fault, would else change every film's names unseen.

    Args:
        before: the recogniser in use.
        run: a row of `tables.RECOGNISER_RUNS` without `taken_up`, `reason` and `in_use`.
    """
    winner = run["winner"]
    if winner is None:
        return Verdict(before, False, "too few people or pictures to compare with")
    if before is not None and before.pinned:
        return Verdict(before, False, f"{before.recogniser} is pinned")
    figure, value, spread = figures_of(run, winner)
    if before is not None and before.figure == figure and not math.isnan(before.value):
        limit = before.value - max(spread, before.spread)
        if value < limit:
            return Verdict(
                before,
                False,
                f"worse than the last accepted: {figure} {value:.3f}, {before.value:.3f} with {before.recogniser} in "
                f"run {before.run}; `wios recogniser use` takes it up all the same",
            )
    reason = "the first one" if before is None else f"{figure} {value:.3f}, not worse than in run {before.run}"
    return Verdict(accepted(run, winner), True, reason)
