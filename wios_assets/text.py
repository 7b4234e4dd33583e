"""Names of people and films: compared without case, accents and punctuation, and quoted for a shell."""

from __future__ import annotations

import os
import re
import shlex
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
_DROPPED_LETTERS = dict.fromkeys((0x0640, 0x02B9, 0x02BB, 0x02BC))
"""The stroke that lengthens Arabic words, and letters written as apostrophes."""
"""Marks that are left out or added at will in writing a name. Those of other scripts (vowel signs of Devanagari and
Thai, the voicing marks of kana) tell names apart."""
_DROPPED = {
    code: None for first, last in _ACCENTS for code in range(first, last + 1) if unicodedata.combining(chr(code))
} | _DROPPED_LETTERS
_OWN_LETTERS = re.compile("[иу]\u0306|і\u0308")
"""Cyrillic letters that Unicode decomposes though their mark is no accent: й, ў and ї."""
_INVISIBLE = dict.fromkeys(
    map(
        ord,
        "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
    )
)
"""Marks of writing direction and of line breaks, and joiners, which file managers and keyboards add."""
_PLAIN_FORMS = str.maketrans(
    "（）［］｛｝【】〔〕" + "".join(chr(0xFEE0 + code) for code in range(0x30, 0x7B) if chr(code).isalnum()),
    "()[]{}[][]" + "".join(chr(code) for code in range(0x30, 0x7B) if chr(code).isalnum()),
)


def plain(name: str) -> str:
    """A name composed (NFC), with brackets, digits and Latin letters of full width made plain, without invisible
    marks."""
    return unicodedata.normalize("NFC", name).translate(_PLAIN_FORMS).translate(_INVISIBLE)


def caseless(text: str) -> str:
    """Text without case, with single spaces, the same for composed and decomposed letters (NFC and NFD)."""
    seen = unicodedata.normalize("NFD", text).translate(_INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", seen.casefold()).split())


def fold(text: str) -> str:
    """Text as it is searched: `caseless`, without accents, and with compatibility forms (full width) made plain."""
    seen = unicodedata.normalize("NFKD", text).translate(_INVISIBLE)
    letters = unicodedata.normalize("NFKD", seen.casefold())
    letters = _OWN_LETTERS.sub(lambda letter: unicodedata.normalize("NFC", letter[0]), letters)
    return " ".join(unicodedata.normalize("NFC", letters.translate(_DROPPED).translate(_PLAIN_LETTERS)).split())


def words(text: str) -> str:
    """The words of a text: `caseless`, with a space for each run of punctuation."""
    return " ".join("".join(c if _belongs_to_word(c) else " " for c in caseless(text)).split())


def name_key(name: str) -> str:
    """What spellings of one name share: `fold` without spaces, underscores, dots and other punctuation."""
    return "".join(c for c in fold(name) if _belongs_to_word(c))


def letters_beyond_latin(text: str) -> str:
    """The letters and signs of a text in scripts other than Latin, folded: what a key of bare letters leaves out."""
    return "".join(c for c in fold(text) if not c.isascii() and _belongs_to_word(c))


def is_utf8(name: str) -> bool:
    """Whether a file's name or path is UTF-8; Python keeps other bytes as half characters, which no table can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(path: str) -> str:
    """A file's name or path for people: what is no UTF-8 in it is read as Windows-1252, as old archives have it."""
    parts = path.split("/")
    return "/".join(part if is_utf8(part) else os.fsencode(part).decode("cp1252", "replace") for part in parts)


def _belongs_to_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def typed(film: str) -> str:
    """A film's key, quoted as an argument in a shell."""
    return f"-- {shlex.quote(film)}" if film.startswith("-") else shlex.quote(film)
