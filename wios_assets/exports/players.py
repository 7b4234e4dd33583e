"""Exports for players, media centres and editing programs: WebVTT, `.nfo`, EDL. They leave out likely names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from wios_assets.lake.library import Row
from wios_assets.timeline.clock import format_clock

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CAST_COLOUR, _UNKNOWN_COLOUR = "ResolveColorBlue", "ResolveColorSand"


def changes(rows: list[Row]) -> Iterator[tuple[float, float, list[Row]]]:
    """Intervals of the film in which the same people, at least one, are on screen.

    Args:
        rows: rows of the table `appearances`.

    Yields:
        Start and end in seconds, rounded to milliseconds, and the appearances: cast first, then by probability.
    """
    spans = [(round(row["start_s"], 3), round(row["end_s"], 3), row) for row in rows]
    times = sorted({time for start, end, _ in spans for time in (start, end)})
    begins: dict[float, list[int]] = {}
    ends: dict[float, list[int]] = {}
    for number, (start, end, _) in enumerate(spans):
        if start < end:
            begins.setdefault(start, []).append(number)
            ends.setdefault(end, []).append(number)
    present: set[int] = set()
    for time, end in pairwise(times):
        present.difference_update(ends.get(time, ()))
        present.update(begins.get(time, ()))
        if present:
            people = [spans[number][2] for number in present]
            people.sort(key=lambda row: (row["kind"], -(row["probability"] or 0), row["actor"]))
            yield time, end, people


def webvtt(film: Row, rows: list[Row], unreadable: Iterable[tuple[float, float]] = ()) -> str:
    """A metadata track with a cue for each interval of the same people; its payload is a JSON list of them.

    A payload has no line break and no `-->`, as WebVTT demands (https://www.w3.org/TR/webvtt1/).

    Args:
        film: the film's row of the table `library`.
        rows: its rows of `appearances`.
        unreadable: stretches (start, end) in seconds that could not be read; each is a comment at the beginning.
    """
    title = " ".join((film["title"] or film["film"]).split()).replace("-->", "→")
    lines = [f"WEBVTT - Who is on screen: {title}", ""]
    for start, end in unreadable:
        lines += [f"NOTE not readable from {format_clock(start, 3)} to {format_clock(end, 3)}", ""]
    for start, end, people in changes(rows):
        payload = json.dumps([_person(row) for row in people], ensure_ascii=False).replace("-->", "--\\u003e")
        # JSON does not escape these, and some programs end a line at them.
        payload = payload.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
        lines += [f"{format_clock(start, 3)} --> {format_clock(end, 3)}", payload, ""]
    return "\n".join(lines)


def edl(film: Row, rows: list[Row], frame_rate: float) -> str:
    """Markers in an EDL as DaVinci Resolve imports them: one per appearance, with name and duration in frames.

    Timecode is non-drop-frame and starts at 00:00:00:00 with the film.

    Args:
        film: the film's row of the table `library`.
        rows: its rows of `appearances`.
        frame_rate: frames per second.
    """
    lines = [f"TITLE: {_one_line(film['title'] or film['film'])}", "FCM: NON-DROP FRAME", ""]
    for number, row in enumerate(sorted(rows, key=lambda row: (row["start_s"], row["actor"])), start=1):
        first = round(row["start_s"] * frame_rate)
        frames = max(1, round(row["end_s"] * frame_rate) - first)
        start, after = _timecode(first, frame_rate), _timecode(first + 1, frame_rate)
        colour = _CAST_COLOUR if row["kind"] == "cast" else _UNKNOWN_COLOUR
        lines.append(f"{number:03d}  001      V     C        {start} {after} {start} {after}  ")
        lines += [f" |C:{colour} |M:{_one_line(_label(row)).replace('|', '/')} |D:{frames}", ""]
    return "\n".join(lines)


def nfo(film: Row, rows: list[Row]) -> bytes:
    """A sidecar for Kodi and Jellyfin with the cast members who were seen, by screen time.

    Args:
        film: the film's row of the table `library`.
        rows: its rows of `screen_time`.
    """
    movie = ElementTree.Element("movie")
    _element(movie, "title", film["title"] or film["film"])
    if film["year"]:
        _element(movie, "year", str(film["year"]))
    if film["tconst"]:
        _element(movie, "uniqueid", film["tconst"], type="imdb", default="true")
    cast = sorted((row for row in rows if row["kind"] == "cast"), key=lambda row: row["rank"])
    for order, row in enumerate(cast):
        actor = ElementTree.SubElement(movie, "actor")
        _element(actor, "name", row["actor"])
        if row["character"]:
            _element(actor, "role", row["character"])
        _element(actor, "order", str(order))
    ElementTree.indent(movie)
    content: bytes = ElementTree.tostring(movie, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _person(row: Row) -> dict[str, Any]:
    probability = row["probability"]
    return {
        "actor": row["actor"],
        "kind": row["kind"],
        "character": row["character"],
        "probability": None if probability is None else round(probability, 4),
    }


def _timecode(frame: int, frame_rate: float) -> str:
    """hh:mm:ss:ff, at the frame rate rounded to a whole number."""
    seconds, frames = divmod(frame, max(1, round(frame_rate)))
    return f"{format_clock(seconds)}:{frames:02d}"


def _label(row: Row) -> str:
    return f"{row['actor']} ({row['character']})" if row["character"] else row["actor"]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _element(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, name, attributes).text = _NOT_IN_XML.sub("", text)
