"""Converts the text of IMDB's files to typed columns, and marks the values that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.imdb.files import Kind

Typed = tuple[pa.Array, pa.Array]
"""Values of the column's type (null where they do not fit), and a mask, true where a value does not fit."""

_KEY = {Kind.TITLE_KEY: r"^tt\d{7,10}$", Kind.NAME_KEY: r"^nm\d{7,10}$"}
_PREFIX = {Kind.TITLE_KEY: b"tt", Kind.NAME_KEY: b"nm"}
_KEYS = {Kind.TITLE_KEYS: r"^tt\d{7,10}(,tt\d{7,10})*$", Kind.NAME_KEYS: r"^nm\d{7,10}(,nm\d{7,10})*$"}
# Cutting bytes off may break a value that is no JSON list; such a value is read by other means and replaced.
_UNCHECKED = pc.CastOptions(pa.string(), allow_invalid_utf8=True)
_PLAIN_JSON = r'^\["[^"\\]*(?:","[^"\\]*)*"\]$'
_QUOTE, _BACKSLASH, _OPENS, _CLOSES = (ord(letter) for letter in '"\\[]')
# A CSV writer puts a field that has quotes into quotes and doubles those inside; IMDB itself does neither.
_REQUOTED = r'^"(?:[^"]|"")*""(?:[^"]|"")*"$'


def decoded(raw: pa.Array) -> Typed:
    """Bytes as text; a value that is not UTF-8 does not fit."""
    try:
        return raw.cast(pa.string()), _none(raw)
    except pa.ArrowInvalid:
        texts = [_decode(value) for value in raw.to_pylist()]
        values = pa.array(texts, pa.string())
        return values, pc.and_(pc.is_null(values), pc.is_valid(raw))


def unquoted(texts: pa.Array) -> tuple[pa.Array, int]:
    """Texts without the quotes that a CSV writer added, and the number that had them."""
    if b'""' not in _bytes_of(texts).tobytes():
        return texts, 0
    doubled = pc.fill_null(pc.match_substring(texts, '""'), False)
    if not pc.any(doubled).as_py():
        return texts, 0
    requoted = pc.and_(doubled, pc.fill_null(pc.match_substring_regex(texts, _REQUOTED), False))
    inner = pc.replace_substring(pc.utf8_slice_codeunits(texts, 1, -1), '""', '"')
    return pc.if_else(requoted, inner, texts), pc.sum(requoted).as_py() or 0


def typed(texts: pa.Array, kind: Kind) -> Typed:
    """A column of text as its kind; null stays null and fits everywhere."""
    return _PARSERS[kind](texts, kind)


def _text(texts: pa.Array, kind: Kind) -> Typed:
    return texts, _none(texts)


def _key(texts: pa.Array, kind: Kind) -> Typed:
    # The usual case is recognised in one pass over all bytes; matching a pattern per value takes ten times as long.
    prefix = _PREFIX[kind]
    lengths, present = _lengths(texts), len(texts) - texts.null_count
    data, starts = _bytes_of(texts), _starts(texts)
    if (
        np.all((lengths >= 9) & (lengths <= 12))
        and all(np.all(data[starts + index] == letter) for index, letter in enumerate(prefix))
        and _digits(data) == len(data) - len(prefix) * present
    ):
        return texts, _none(texts)
    return texts, _misfits(texts, _KEY[kind])


def _words(texts: pa.Array, kind: Kind) -> Typed:
    return pc.split_pattern(texts, ","), _none(texts)


def _keys(texts: pa.Array, kind: Kind) -> Typed:
    return pc.split_pattern(texts, ","), _misfits(texts, _KEYS[kind])


def _number(texts: pa.Array, kind: Kind) -> Typed:
    least, most = (4, 4) if kind is Kind.YEAR else (1, 9)
    lengths, data = _lengths(texts), _bytes_of(texts)
    if np.all((lengths >= least) & (lengths <= most)) and _digits(data) == len(data):
        return texts.cast(pa.int32()), _none(texts)
    misfit = _misfits(texts, rf"^\d{{{least},{most}}}$")
    if pc.any(misfit).as_py():
        texts = pc.if_else(misfit, pa.scalar(None, pa.string()), texts)
    return texts.cast(pa.int32()), misfit


def _flag(texts: pa.Array, kind: Kind) -> Typed:
    misfit = _misfits(texts, "^[01]$")
    return pc.if_else(misfit, pa.scalar(None, pa.bool_()), pc.equal(texts, "1")), misfit


def _json_list(texts: pa.Array, kind: Kind) -> Typed:
    # Almost all are `["…","…"]` without an escape: these are split directly, the JSON parser reads the rest.
    hard = _hard_json(texts)
    inner = pc.cast(pc.binary_slice(texts.cast(pa.binary()), 2, -2), options=_UNCHECKED)
    if not len(hard):
        return pc.split_pattern(inner, '","'), _none(texts)
    parsed = [_parse_json(text) for text in pc.take(texts, pa.array(hard)).to_pylist()]
    mask = np.zeros(len(texts), bool)
    mask[hard] = True
    plain = [_joined(items) for items in parsed]
    values = pc.split_pattern(pc.replace_with_mask(inner, pa.array(mask), pa.array(plain, pa.string())), '","')
    odd = [index for index, text in enumerate(plain) if text is None and parsed[index] is not None]
    if odd:
        indices = np.arange(len(texts))
        indices[hard[odd]] = np.arange(len(texts), len(texts) + len(odd))
        rest = pa.array([parsed[index] for index in odd], values.type)
        values = pc.take(pa.concat_arrays([values, rest]), pa.array(indices))
    mask[hard] = [items is None for items in parsed]
    return values, pa.array(mask)


def _hard_json(texts: pa.Array) -> np.ndarray:
    """Rows that are not simply `["…","…"]`, or may not be."""
    rows = np.arange(len(texts)) if not texts.null_count else np.flatnonzero(texts.is_valid().to_numpy(False))
    lengths, starts, data = _lengths(texts), _starts(texts), _bytes_of(texts)
    if not len(rows):
        return rows
    if lengths.min() < 4:
        hard = _misfits(texts, _PLAIN_JSON)
        return np.flatnonzero(hard.to_numpy(False))
    ends = starts + lengths
    marks = np.add.reduceat(((data == _QUOTE) | (data == _BACKSLASH)).view(np.uint8), starts, dtype=np.int32)
    simple = (
        (marks == 2)
        & (data[starts] == _OPENS)
        & (data[starts + 1] == _QUOTE)
        & (data[ends - 2] == _QUOTE)
        & (data[ends - 1] == _CLOSES)
    )
    left = np.compress(~simple, rows)
    if not len(left):
        return left
    hard = _misfits(pc.take(texts, pa.array(left)), _PLAIN_JSON)
    return np.compress(hard.to_numpy(zero_copy_only=False), left)


def _joined(items: list[str] | None) -> str | None:
    """Texts joined so that splitting restores them; None where that is impossible."""
    text = '","'.join(items or ())
    return text if items and text.split('","') == items else None


def _parse_json(text: str) -> list[str] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, list) and all(isinstance(item, str) for item in content) else None


def _decode(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _bytes_of(texts: pa.Array) -> np.ndarray:
    """The concatenated bytes of all values."""
    offsets = _offsets(texts)
    data = texts.buffers()[2]
    return np.frombuffer(data if data is not None else b"", np.uint8)[offsets[0] : offsets[-1]]


def _offsets(texts: pa.Array) -> np.ndarray:
    buffer = texts.buffers()[1]
    if buffer is None or not len(texts):
        return np.zeros(len(texts) + 1, np.int32)
    return np.frombuffer(buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]


def _starts(texts: pa.Array) -> np.ndarray:
    """Offset in `_bytes_of` of each value that is not null."""
    offsets = _offsets(texts)
    starts: np.ndarray = offsets[:-1] - offsets[0]
    return starts[texts.is_valid().to_numpy(False)] if texts.null_count else starts


def _lengths(texts: pa.Array) -> np.ndarray:
    """Bytes of each value that is not null."""
    lengths = np.diff(_offsets(texts))
    return lengths[texts.is_valid().to_numpy(False)] if texts.null_count else lengths


def _digits(data: np.ndarray) -> int:
    # Unsigned: what comes before "0" wraps round to something large.
    return int(np.count_nonzero(data - np.uint8(ord("0")) < 10))


def _misfits(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.invert(pc.match_substring_regex(texts, pattern)), False)


def _none(values: pa.Array) -> pa.Array:
    return pa.repeat(pa.scalar(False), len(values))


_PARSERS: dict[Kind, Callable[[pa.Array, Kind], Typed]] = {
    Kind.TITLE_KEY: _key,
    Kind.NAME_KEY: _key,
    Kind.TITLE_KEYS: _keys,
    Kind.NAME_KEYS: _keys,
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.YEAR: _number,
    Kind.NUMBER: _number,
    Kind.WORDS: _words,
    Kind.JSON_LIST: _json_list,
}
