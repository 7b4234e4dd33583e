"""WebVTT of a film (https://www.w3.org/TR/webvtt1/): captions for people, and a metadata track for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wios_assets.exports.scenes import changes
from wios_assets.lake.library import Row
from wios_assets.notation import format_clock

BETWEEN_NAMES = " · "
VTT_HEADER = "WEBVTT - Who is on screen"
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def captions(film: Row, rows: list[Row], unreadable: Iterable[tuple[float, float]] = ()) -> str:
    """Captions: a cue for each interval of the same people, such as `Eileen Collins · Grace Hopper · 1 unknown`.

    Args:
        film: a row with the film's key and title.
        rows: its rows of `appearances`.
        unreadable: stretches (start, end) in seconds that could not be read; each is a comment at the beginning.
    """
    lines = _head(film, unreadable)
    last: tuple[float, str] | None = None
    for start, end, people in changes(rows):
        # Without `>` the text cannot hold the arrow that separates times.
        text = people_text(people).translate(_ESCAPED)
        if last == (start, text):
            # Another face of the same people: the cue before goes on.
            lines[-3] = f"{lines[-3].split(' --> ')[0]} --> {format_clock(end, 3)}"
        else:
            lines += [f"{format_clock(start, 3)} --> {format_clock(end, 3)}", text, ""]
        last = (end, text)
    return "\n".join(lines)


def metadata_track(film: Row, rows: list[Row], unreadable: Iterable[tuple[float, float]] = ()) -> str:
    """A metadata track with a cue for each interval of the same people; its payload is a JSON list of them.

    A payload has no line break and no `-->`, as WebVTT demands.

    Args:
        film, rows, unreadable: as for `captions`.
    """
    lines = _head(film, unreadable)
    for start, end, people in changes(rows):
        payload = json.dumps([_person(row) for row in people], ensure_ascii=False).replace("-->", "--\\u003e")
        # JSON does not escape these, and some programs end a line at them.
        payload = payload.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
        lines += [f"{format_clock(start, 3)} --> {format_clock(end, 3)}", payload, ""]
    return "\n".join(lines)


def people_text(people: list[Row]) -> str:
    """Names of the cast in one line, sorted, and how many people are unknown."""
    names = sorted({_one_line(row["actor"]) for row in people if row["kind"] == "cast"})
    unknown = len({row["actor"] for row in people if row["kind"] != "cast"})
    return BETWEEN_NAMES.join([*names, *([f"{unknown} unknown"] if unknown else [])])


def _head(film: Row, unreadable: Iterable[tuple[float, float]]) -> list[str]:
    title = _one_line(film["title"] or film["film"]).replace("-->", "→")
    lines = [f"{VTT_HEADER}: {title}", ""]
    for start, end in unreadable:
        lines += [f"NOTE not readable from {format_clock(start, 3)} to {format_clock(end, 3)}", ""]
    return lines


def _person(row: Row) -> dict[str, Any]:
    probability = row["probability"]
    return {
        "actor": row["actor"],
        "kind": row["kind"],
        "character": row["character"],
        "probability": None if probability is None else round(probability, 4),
    }


def _one_line(text: str) -> str:
    # NUL is not allowed in WebVTT; a parser would replace it.
    return " ".join(text.replace("\0", "\ufffd").split())
