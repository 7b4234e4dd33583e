"""Which person is meant by a name that somebody typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from wios_assets.errors import BadInput
from wios_assets.text import name_key
from wios_assets.timeline.appearances import is_unknown

LONGEST_NAME = 120


def person_meant(known: Iterable[str], asked: str, *, new: bool = False) -> str:
    """The person's name as it is known, in any spelling; with `new`, else the name itself, tidied.

    Raises:
        WiosError: nobody is called so and `new` is not said, or the name cannot be one.
    """
    tidy = " ".join(unicodedata.normalize("NFC", asked).split())
    people = list(dict.fromkeys(known))
    key = name_key(tidy)
    found = [person for person in people if person == tidy or (key and name_key(person) == key)]
    if found:
        return found[0]
    if not new:
        raise BadInput(
            f"{asked!r} is not in its cast ({', '.join(people)}); name one of them, or say that it is a new person"
        )
    if not tidy or len(tidy) > LONGEST_NAME or any(unicodedata.category(c).startswith("C") for c in tidy):
        raise BadInput(f"{asked[:LONGEST_NAME]!r} is no name: 1 to {LONGEST_NAME} characters, and none that controls")
    if is_unknown(tidy):
        raise BadInput(f"{tidy!r} is what unknown people are called; give a name")
    return tidy
