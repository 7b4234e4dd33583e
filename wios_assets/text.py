"""Comparing names of people and films: without case, without accents, without punctuation."""

from __future__ import annotations

import unicodedata

_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
"""Letters whose stroke or ligature Unicode does not decompose."""
_ACCENTS = (
    (0x0300, 0x036F),  # accents of Latin, Greek and Cyrillic letters
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic vowel signs
    (0x064B, 0x065F),
    (0x0670, 0x0670),
)
"""Marks that are left out or added at will in writing a name. Those of other scripts (vowel signs of Devanagari and
Thai, the voicing marks of kana) tell names apart."""
_DROPPED = {
    code: None for first, last in _ACCENTS for code in range(first, last + 1) if unicodedata.combining(chr(code))
}


def caseless(text: str) -> str:
    """Text without case, with single spaces, the same for composed and decomposed letters (NFC and NFD)."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()).split())


def fold(text: str) -> str:
    """Text as it is searched: `caseless`, without accents, and with compatibility forms (full width) made plain."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(unicodedata.normalize("NFC", letters.translate(_DROPPED).translate(_PLAIN_LETTERS)).split())


def words(text: str) -> str:
    """The words of a text: `caseless`, with a space for each run of punctuation."""
    return " ".join("".join(c if _belongs_to_word(c) else " " for c in caseless(text)).split())


def name_key(name: str) -> str:
    """What spellings of one name share: `fold` without spaces, underscores, dots and other punctuation."""
    return "".join(c for c in fold(name) if _belongs_to_word(c))


def _belongs_to_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
