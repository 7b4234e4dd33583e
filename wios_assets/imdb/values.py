"""Text of IMDB's files made into typed columns, and which values do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.imdb.files import Kind

Typed = tuple[pa.Array, pa.Array]
"""Values of the wanted type (null where they do not fit), and a mask, true where a value does not fit."""

_KEY = {Kind.TITLE_KEY: r"^tt\d{7,10}$", Kind.NAME_KEY: r"^nm\d{7,10}$"}
_KEYS = {Kind.TITLE_KEYS: r"^tt\d{7,10}(,tt\d{7,10})*$", Kind.NAME_KEYS: r"^nm\d{7,10}(,nm\d{7,10})*$"}
# Cutting bytes off may break a value that is no JSON list; such a value is read by other means and replaced.
_UNCHECKED = pc.CastOptions(pa.string(), allow_invalid_utf8=True)
_PLAIN_JSON = r'^\["[^"\\]*(?:","[^"\\]*)*"\]$'
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
    """Texts without the quotes that a CSV writer added, and how many had them."""
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
    return texts, _misfits(texts, _KEY[kind])


def _words(texts: pa.Array, kind: Kind) -> Typed:
    return pc.split_pattern(texts, ","), _none(texts)


def _keys(texts: pa.Array, kind: Kind) -> Typed:
    return pc.split_pattern(texts, ","), _misfits(texts, _KEYS[kind])


def _number(texts: pa.Array, kind: Kind) -> Typed:
    misfit = _misfits(texts, r"^\d{4}$" if kind is Kind.YEAR else r"^\d{1,9}$")
    if pc.any(misfit).as_py():
        texts = pc.if_else(misfit, pa.scalar(None, pa.string()), texts)
    return texts.cast(pa.int32()), misfit


def _flag(texts: pa.Array, kind: Kind) -> Typed:
    misfit = _misfits(texts, "^[01]$")
    return pc.if_else(misfit, pa.scalar(None, pa.bool_()), pc.equal(texts, "1")), misfit


def _json_list(texts: pa.Array, kind: Kind) -> Typed:
    # Almost all are `["…","…"]` without an escape; these are split as they stand, and JSON's own reader has the rest.
    hard = _misfits(texts, _PLAIN_JSON)
    inner = pc.cast(pc.binary_slice(texts.cast(pa.binary()), 2, -2), options=_UNCHECKED)
    values = pc.split_pattern(inner, '","')
    if not pc.any(hard).as_py():
        return values, _none(texts)
    rows = pc.indices_nonzero(hard)
    parsed = [_parse_json(text) for text in pc.take(texts, rows).to_pylist()]
    places = np.arange(len(texts))
    places[rows.to_numpy()] = np.arange(len(texts), len(texts) + len(rows))
    values = pc.take(pa.concat_arrays([values, pa.array(parsed, values.type)]), pa.array(places))
    return values, pc.and_(hard, pc.is_null(values))


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
