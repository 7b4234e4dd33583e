"""Evaluation of a film's appearances against the truth.

Time is compared on a grid of 0.1 s. Grid points within 0.3 s of a boundary in the truth of the same person are not
counted, because boundaries set by hand are no more exact; nor are rows marked optional.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.frames import records

STEPS_PER_SECOND = 10
COLLAR_S = 0.3
MINUTE_STEPS = 60 * STEPS_PER_SECOND
SEEN_IN_MINUTE = STEPS_PER_SECOND
"""Least grid points for a person to count as seen in a minute: one second."""
TOP_ZONES = 20
DECIMALS = 4

Mask = NDArray[np.bool_]
Row = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Result of comparing a film's appearances with its truth. A zone is a named interval.

    Attributes:
        figures: precision, recall, f1, recall_frontal, false_name_rate, zones, zone_precision, zone_precision_top20,
            minute_f1, seconds_true, seconds_named, expected_calibration_error; NaN where the divisor is 0.
        curve: a row per distinct probability, falling: probability, and precision, recall and seconds_named of all
            names with at least this probability.
        reliability: a row per tenth of the probability scale: lower, upper, zones, mean_probability, right (share).
        top: a row per number of zones: top (the number), and longest and surest, the shares that are right among the
            first zones by duration and by probability.
        actors: a row per person: actor, seconds_true, seconds_named, precision, recall, f1, zones, zone_precision.
        mistakes: the worst first: kind (wrong name, missed), start_s, end_s, actor, seconds (wrong or missed),
            instead (of a wrong name: who is there without a name; of a missed person: who was named wrongly there),
            visible (how, if missed), probability, appearance, best_face (if named).
    """

    figures: dict[str, float]
    curve: pd.DataFrame
    reliability: pd.DataFrame
    top: pd.DataFrame
    actors: pd.DataFrame
    mistakes: pd.DataFrame


def evaluate(truth: pd.DataFrame, appearances: pd.DataFrame, worst: int = 20) -> Evaluation:
    """Evaluate a film's appearances against its truth.

    Args:
        truth: start_s, end_s, person, visible, optional, as `truth.read_truth` gives them.
        appearances: columns of the table appearances, at least start_s, end_s, actor and probability. Unknown people
            count as not named.
        worst: number of mistakes to list.
    """
    film = _Film(truth, appearances)
    reliability = film.reliability()
    figures = {**film.figures(), "expected_calibration_error": _rounded(calibration_error(reliability))}
    return Evaluation(figures, film.curve(), reliability, film.top(), film.actors(), film.mistakes(worst))


def calibration_error(reliability: pd.DataFrame) -> float:
    """Expected calibration error (Naeini et al., AAAI 2015): mean gap between probability and share right, over zones.

    Args:
        reliability: as in `Evaluation`.

    Returns:
        0 to 1; NaN without zones.
    """
    zones = reliability["zones"].to_numpy(dtype=float)
    if not zones.sum():
        return math.nan
    gaps = (reliability["mean_probability"] - reliability["right"]).abs().fillna(0.0).to_numpy(dtype=float)
    return float((gaps * zones).sum() / zones.sum())


def top_counts(intervals: int) -> list[int]:
    """Numbers of intervals for which the share of right ones is given: 10, 20, 30 … and all."""
    return [*range(10, intervals, 10), intervals] if intervals else []


@dataclass(frozen=True)
class _Zone:
    """A named interval with its grid points; `right` if the person is there for at least half of it."""

    row: Row
    actor: str
    first: int
    last: int
    seconds: float
    probability: float
    right: bool
    optional: bool


class _Film:
    """Truth and appearances of one film on the grid; masks are bool [steps], one per person."""

    def __init__(self, truth: pd.DataFrame, appearances: pd.DataFrame) -> None:
        self.truth = records(truth)
        named = [row for row in records(appearances) if row["actor"] and not is_unknown(row["actor"])]
        ends = [row["end_s"] for row in (*self.truth, *named)]
        self.steps = _step(max(ends, default=0.0) + COLLAR_S) + 1
        self.known = [row for row in self.truth if not row["person"].startswith("unknown")]
        self.names = sorted({row["person"] for row in self.known} | {row["actor"] for row in named})
        self.seen, self.frontal, self.ignored, self.optional, self.named = (
            {name: np.zeros(self.steps, dtype=bool) for name in self.names} for _ in range(5)
        )
        self.probability = {name: np.full(self.steps, -1.0) for name in self.names}
        for row in self.known:
            self._mark_truth(row)
        for row in named:
            first, last = self._span(row["start_s"], row["end_s"])
            self.named[row["actor"]][first:last] = True
            highest = self.probability[row["actor"]][first:last]
            np.maximum(highest, row.get("probability") or 0.0, out=highest)
        self.zones = [self._zone(row) for row in named]

    def _span(self, start: float, end: float) -> tuple[int, int]:
        return max(_step(start), 0), max(_step(end), 0)

    def _mark_truth(self, row: Row) -> None:
        person, start, end = row["person"], row["start_s"], row["end_s"]
        first, last = self._span(start, end)
        if row["optional"]:
            self.ignored[person][first:last] = True
            self.optional[person][first:last] = True
            return
        self.seen[person][first:last] = True
        if row["visible"] == "frontal":
            self.frontal[person][first:last] = True
        for boundary in (start, end):
            before, after = self._span(boundary - COLLAR_S, boundary + COLLAR_S)
            self.ignored[person][before:after] = True

    def _zone(self, row: Row) -> _Zone:
        actor, start, end = row["actor"], row["start_s"], row["end_s"]
        first, last = self._span(start, end)
        points = last - first
        seen = int((self.seen[actor][first:last] | self.ignored[actor][first:last]).sum())
        optional = int(self.optional[actor][first:last].sum())
        return _Zone(
            row=row,
            actor=actor,
            first=first,
            last=last,
            seconds=end - start,
            probability=row.get("probability") or 0.0,
            right=points > 0 and 2 * seen >= points,
            optional=points > 0 and 2 * optional >= points,
        )

    @cached_property
    def anyone(self) -> Mask:
        """Grid points at which a cast member is or may be visible."""
        return self._any(*self.seen.values(), *self.ignored.values())

    def _any(self, *masks: Mask) -> Mask:
        return np.logical_or.reduce(masks) if masks else np.zeros(self.steps, dtype=bool)

    def _sums(self, name: str) -> tuple[int, int, int, int, int]:
        """Grid points of one person: correctly named, named, seen, frontal and named, frontal."""
        counted = ~self.ignored[name]
        seen, named, frontal = self.seen[name] & counted, self.named[name] & counted, self.frontal[name] & counted
        masks = (seen & named), named, seen, (frontal & named), frontal
        hits, named_points, seen_points, frontal_hits, frontal_points = (int(mask.sum()) for mask in masks)
        return hits, named_points, seen_points, frontal_hits, frontal_points

    def _minutes(self, masks: dict[str, Mask]) -> set[tuple[str, int]]:
        """Pairs (person, minute) in which the mask holds for at least a second of the minute."""
        padding = -self.steps % MINUTE_STEPS
        pairs = set()
        for name, mask in masks.items():
            points = np.pad(mask, (0, padding)).reshape(-1, MINUTE_STEPS).sum(axis=1)
            pairs |= {(name, int(minute)) for minute in np.flatnonzero(points >= SEEN_IN_MINUTE)}
        return pairs

    def figures(self) -> dict[str, float]:
        sums = np.array([self._sums(name) for name in self.names], dtype=int).reshape(-1, 5).sum(axis=0)
        hits, named, seen, frontal_hits, frontal = (int(number) for number in sums)
        precision, recall = _ratio(hits, named), _ratio(hits, seen)

        empty = ~self.anyone
        empty[_step(max((row["end_s"] for row in self.truth), default=0.0)) :] = False
        falsely_named = empty & self._any(*self.named.values())

        longest = sorted(self.zones, key=lambda zone: -zone.seconds)[:TOP_ZONES]
        true_minutes = self._minutes(self.seen)
        named_minutes = self._minutes(self.named) - (self._minutes(self.ignored) - true_minutes)
        common = len(true_minutes & named_minutes)
        return {
            "precision": precision,
            "recall": recall,
            "f1": _f1(precision, recall),
            "recall_frontal": _ratio(frontal_hits, frontal),
            "false_name_rate": _ratio(int(falsely_named.sum()), int(empty.sum())),
            "zones": len(self.zones),
            "zone_precision": _share_right(self.zones),
            "zone_precision_top20": _share_right(longest),
            "minute_f1": _f1(_ratio(common, len(named_minutes)), _ratio(common, len(true_minutes))),
            "seconds_true": round(seen / STEPS_PER_SECOND, 1),
            "seconds_named": round(named / STEPS_PER_SECOND, 1),
        }

    def curve(self) -> pd.DataFrame:
        seen = sum(self._sums(name)[2] for name in self.names)
        counted = {name: self.named[name] & ~self.ignored[name] for name in self.names}
        probability = np.concatenate([self.probability[name][counted[name]] for name in self.names] or [np.zeros(0)])
        right = np.concatenate([self.seen[name][counted[name]] for name in self.names] or [np.zeros(0, dtype=bool)])
        order = np.argsort(-probability, kind="stable")
        probability, hits = probability[order], np.cumsum(right[order])
        # One row per distinct probability: the last grid point that has it.
        last = np.flatnonzero(np.diff(probability, append=-2.0))
        named = last + 1
        return pd.DataFrame(
            {
                "probability": probability[last],
                "precision": hits[last] / named,
                "recall": hits[last] / seen if seen else np.full(len(last), np.nan),
                "seconds_named": named / STEPS_PER_SECOND,
            }
        )

    def reliability(self, bins: int = 10) -> pd.DataFrame:
        """Zones that lie mostly on optional rows are left out: the truth does not say whether they are right."""
        known = [zone for zone in self.zones if not zone.optional]
        rows = []
        for number in range(bins):
            lower, upper = number / bins, (number + 1) / bins
            inside = [z for z in known if min(int(z.probability * bins), bins - 1) == number]
            rows.append(
                {
                    "lower": lower,
                    "upper": upper,
                    "zones": len(inside),
                    "mean_probability": float(np.mean([z.probability for z in inside])) if inside else math.nan,
                    "right": float(np.mean([z.right for z in inside])) if inside else math.nan,
                }
            )
        return pd.DataFrame(rows)

    def top(self) -> pd.DataFrame:
        longest = sorted(self.zones, key=lambda zone: -zone.seconds)
        surest = sorted(self.zones, key=lambda zone: (-zone.probability, -zone.seconds))
        rows = [
            (count, _share_right(longest[:count]), _share_right(surest[:count]))
            for count in top_counts(len(self.zones))
        ]
        return pd.DataFrame(rows, columns=["top", "longest", "surest"])

    def actors(self) -> pd.DataFrame:
        rows = []
        for name in self.names:
            hits, named, seen, _, _ = self._sums(name)
            own = [zone for zone in self.zones if zone.actor == name]
            rows.append(
                {
                    "actor": name,
                    "seconds_true": seen / STEPS_PER_SECOND,
                    "seconds_named": named / STEPS_PER_SECOND,
                    "precision": _ratio(hits, named),
                    "recall": _ratio(hits, seen),
                    "f1": _f1(_ratio(hits, named), _ratio(hits, seen)),
                    "zones": len(own),
                    "zone_precision": _share_right(own),
                }
            )
        columns = ["actor", "seconds_true", "seconds_named", "precision", "recall", "f1", "zones", "zone_precision"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values(["seconds_true", "actor"], ascending=[False, True], ignore_index=True)

    def mistakes(self, worst: int) -> pd.DataFrame:
        rows = [*self._wrong_names(), *self._missed()]
        # A wrong name is worse than a missing one.
        rows.sort(key=lambda row: (row["kind"] == "missed", -row["seconds"], row["start_s"], row["actor"]))
        columns = ["kind", "start_s", "end_s", "actor", "seconds"]
        columns += ["instead", "visible", "probability", "appearance", "best_face"]
        return pd.DataFrame(rows[:worst], columns=columns)

    def _wrong_names(self) -> list[Row]:
        rows = []
        for zone in self.zones:
            span = slice(zone.first, zone.last)
            wrong = ~self.seen[zone.actor][span] & ~self.ignored[zone.actor][span]
            if wrong.any():
                start = (zone.first + int(wrong.argmax())) / STEPS_PER_SECOND
                end = (zone.last - int(wrong[::-1].argmax())) / STEPS_PER_SECOND
                present = {row["person"] for row in self.truth if row["start_s"] < end and row["end_s"] > start}
                named = {name for name in self.names if (self.named[name][span] & wrong).any()}
                rows.append(
                    {
                        "kind": "wrong name",
                        **{name: zone.row.get(name) for name in ("start_s", "end_s", "appearance", "best_face")},
                        "actor": zone.actor,
                        "seconds": int(wrong.sum()) / STEPS_PER_SECOND,
                        "instead": ", ".join(sorted(present - named)) or "nobody",
                        "visible": None,
                        "probability": zone.probability,
                    }
                )
        return rows

    def _missed(self) -> list[Row]:
        rows = []
        for row in self.known:
            person = row["person"]
            span = slice(*self._span(row["start_s"], row["end_s"]))
            missed = ~self.named[person][span] & ~self.ignored[person][span]
            if row["optional"] or not missed.any():
                continue
            wrongly = [
                name
                for name in self.names
                if (missed & self.named[name][span] & ~self.seen[name][span] & ~self.ignored[name][span]).any()
            ]
            rows.append(
                {
                    "kind": "missed",
                    **{name: row[name] for name in ("start_s", "end_s", "visible")},
                    "actor": person,
                    "seconds": int(missed.sum()) / STEPS_PER_SECOND,
                    "instead": ", ".join(wrongly) or "nobody",
                    **dict.fromkeys(("probability", "appearance", "best_face")),
                }
            )
        return rows


def _step(second: float) -> int:
    """First grid point that is not before a second."""
    return math.ceil(second * STEPS_PER_SECOND - 1e-9)


def _rounded(value: float) -> float:
    return round(value, DECIMALS)


def _ratio(part: float, whole: float) -> float:
    return _rounded(part / whole) if whole else math.nan


def _f1(precision: float, recall: float) -> float:
    if math.isnan(precision) or math.isnan(recall) or precision + recall == 0:
        return 0.0
    return _rounded(2 * precision * recall / (precision + recall))


def _share_right(zones: list[_Zone]) -> float:
    return _ratio(sum(zone.right for zone in zones), len(zones))
