"""Comparing names of people and files whatever their case, accents and punctuation."""

from __future__ import annotations

import unicodedata

LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
"""Letters that carry no accent that Unicode could take off."""


def name_key(name: str) -> str:
    """What two spellings of a name share: letters and digits without case, accents, spaces, underscores or dots."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(LETTERS))
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))
