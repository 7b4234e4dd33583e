"""Finds the person whom a typed name or number means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wios_assets.errors import BadInput
from wios_assets.text import name_key
from wios_assets.timeline.appearances import UNKNOWN, is_unknown

LONGEST_NAME = 120
_JOINERS = "\u200c\u200d"
"""Zero-width characters that are part of the spelling of names in Persian and in Indic scripts."""


def person_meant(known: Iterable[str], asked: str, *, new: bool = False) -> str:
    """The known name that equals the typed one but for case, accents and punctuation.

    Args:
        known: names to choose from, those that are preferred first.
        asked: the typed name.
        new: whether a name that is not known means a new person; it is returned with single spaces.

    Raises:
        WiosError: the name is not known and `new` is not given, or it cannot be a name.
    """
    tidy = " ".join(unicodedata.normalize("NFC", asked).split())
    people = list(dict.fromkeys(known))
    key = name_key(tidy)
    matches = [person for person in people if person == tidy or (key and name_key(person) == key)]
    if matches:
        return matches[0]
    if not new:
        raise BadInput(
            f"{asked!r} is not in its cast ({', '.join(people)}); name one of them, or say that it is a new person"
        )
    if not tidy or len(tidy) > LONGEST_NAME or not _is_text(tidy):
        raise BadInput(
            f"{asked[:LONGEST_NAME]!r} is not a name: give 1 to {LONGEST_NAME} characters without control characters"
        )
    if is_unknown(tidy):
        raise BadInput(f"{tidy!r} is how unknown people are numbered; give a name")
    return tidy


def _is_text(name: str) -> bool:
    """Whether a name has no control characters."""
    return all(c in _JOINERS or not unicodedata.category(c).startswith("C") for c in name)


def tracks_of_unknown(names: Sequence[Mapping[str, Any]], asked: str) -> list[int]:
    """The tracks of the person who is, or was, `unknown:<n>`.

    The person who has the number now comes first; an earlier number leads to the person it was merged into, or to the
    tracks that had it and are named since.

    Args:
        names: rows of `tables.TRACK_NAMES`.
        asked: `unknown:<n>`.
    """
    number = int(asked.removeprefix(UNKNOWN))
    present = f"{UNKNOWN}{number}"
    own = [row for row in names if row["actor"] == present]
    if not own:
        had = [row for row in names if number in (row["numbers"] or ())]
        merged = {row["actor"] for row in had if row["actor"] and is_unknown(row["actor"])}
        tracks = {row["track"] for row in had}
        own = [row for row in names if row["actor"] in merged or row["track"] in tracks]
    return [int(row["track"]) for row in own]
