"""The likeliest names of an unknown person, joined over intervals or tracks and written as text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

LEAST_SHOWN = 0.05
"""Least probability of a likely name that is shown for a person as a whole."""

Candidates = list[dict[str, Any]]


def likely_names(rows: Iterable[Mapping[str, Any]], without: Collection[str | None] = ()) -> Candidates:
    """The likeliest names of one person over all its intervals or tracks.

    A name's probability is the mean over the rows, weighted by their seconds; a row that does not list the name counts
    as 0. So a name that one short interval suggests does not become the person's.

    Args:
        rows: with `start_s` and `end_s` in seconds and `perhaps`, a list of actor and probability (None for none).
        without: names that are left out, because somebody refused them.

    Returns:
        Actor and probability, those of at least `LEAST_SHOWN`, the likeliest first.
    """
    total = 0.0
    sums: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        seconds = max(float(row["end_s"]) - float(row["start_s"]), 1e-6)
        total += seconds
        for each in row["perhaps"] or ():
            sums[each["actor"]].append(seconds * float(each["probability"]))
    means = {actor: math.fsum(parts) / total for actor, parts in sums.items() if actor not in without}
    shown = sorted((-mean, actor) for actor, mean in means.items() if mean >= LEAST_SHOWN)
    return [{"actor": actor, "probability": -mean} for mean, actor in shown]


def likely_names_text(candidates: Sequence[Mapping[str, Any]] | None) -> str | None:
    """Likely names as text, `Al Pacino 0.70; Robert Duvall 0.20`; None where there are none."""
    return "; ".join(f"{each['actor']} {each['probability']:.2f}" for each in candidates or ()) or None
