"""Numbers of a film's unknown people, kept from one run to the next.

A person of the film is `unknown:<n>` until it is named. A later run recognises the person by the faces that had the
number. Where two numbers turn out to be one person, the lower one is shown and the other is kept as an alias; a person
who is named later keeps the number as an alias as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.naming.decided_tracks import FaceIndex
from wios_assets.timeline.frames import records

ANCHOR = ("time_s", "left", "top", "right", "bottom")
"""Columns of `tables.TRACK_NAMES` that say where a track's best face is: seconds and pixels."""


def earlier_numbers(earlier: pd.DataFrame | None, index: FaceIndex) -> dict[int, list[int]]:
    """The numbers that each track had in an earlier run, by index of the track, the current number first.

    Args:
        earlier: rows of `tables.TRACK_NAMES` of an earlier run, whatever its tracks; None for none.
        index: the faces of this run's tracks.
    """
    numbers: dict[int, list[int]] = {}
    if earlier is None or "numbers" not in earlier:
        return numbers
    for row in records(earlier):
        if not row["numbers"] or any(row[name] is None for name in ANCHOR):
            continue
        track = index.find({**{name: row[name] for name in ANCHOR}, "embedding": None, "model_hash": None})
        if track is not None:
            numbers.setdefault(track, []).extend(row["numbers"])
    return numbers


def number_people(
    person: NDArray[np.int64],
    unknown: Sequence[bool],
    seconds: NDArray[np.float64],
    earlier: Mapping[int, Sequence[int]],
    highest: int = 0,
) -> list[list[int]]:
    """The numbers of each track: that of its person first, then others by which the person was known.

    A person without a number gets one where it is unknown; new numbers follow the highest ever given, in the order of
    the tracks. Where an earlier person is split, the part that is longest on screen keeps the number.

    Args:
        person: the person of the film that each track shows, int64 [tracks].
        unknown: whether each track is to be called `unknown:<n>`.
        seconds: time on screen of each track, float64 [tracks].
        earlier: numbers that tracks had before, as `earlier_numbers` gives them.
        highest: highest number ever given in the film.
    """
    groups: dict[tuple[int, bool], list[int]] = {}
    for track, (number, is_unknown) in enumerate(zip(person.tolist(), unknown, strict=True)):
        groups.setdefault((number, bool(is_unknown)), []).append(track)
    highest = max([highest, *(number for own in earlier.values() for number in own)])
    taken: set[int] = set()
    result: list[list[int]] = [[] for _ in range(len(person))]
    longest_first = sorted(groups.items(), key=lambda item: (not item[0][1], -seconds[item[1]].sum(), item[1][0]))
    fresh = []
    for (_, is_unknown), own in longest_first:
        had = list(dict.fromkeys(number for track in own for number in earlier.get(track, ())))
        free = sorted(number for number in had if number not in taken)
        if is_unknown and not free:
            fresh.append(own)
            continue
        numbers = [*free[:1], *(number for number in had if number not in free[:1])]
        if is_unknown:
            taken.add(free[0])
        for track in own:
            result[track] = numbers
    for own in sorted(fresh, key=lambda tracks: tracks[0]):
        highest += 1
        for track in own:
            result[track] = [highest]
    return result
