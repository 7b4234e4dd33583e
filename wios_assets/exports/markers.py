"""Markers, chapters and casts for players, media centres and editing programs. They leave out likely names."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from wios_assets.exports.captions import BETWEEN_NAMES
from wios_assets.exports.scenes import changes, scenes_of
from wios_assets.lake.library import Row
from wios_assets.notation import format_clock

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CAST_COLOUR, _UNKNOWN_COLOUR = "ResolveColorBlue", "ResolveColorSand"
NFO_AUTHOR = "Written by WIOS; it replaces this file when it exports again."
SHORTEST_CHAPTER_S = 30.0
"""Length from which on a chapter ends where other people come, in seconds."""
STASH_TAG = "Who is on screen"
_NOBODY = "–"


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
    """An `.nfo` with the cast members who were seen and their roles, by screen time.

    Elements are those of https://kodi.wiki/view/NFO_files/Movies, which Jellyfin and Plex's NFO agents read too.

    Args:
        film: the film's row of the table `library`.
        rows: its rows of `screen_time`.
    """
    movie = ElementTree.Element("movie")
    movie.append(ElementTree.Comment(NFO_AUTHOR))
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


def matroska_chapters(film: Row, rows: list[Row]) -> bytes:
    """Chapters in the XML of MKVToolNix (https://mkvtoolnix.download/doc/mkvmerge.html#mkvmerge.chapters).

    A chapter is named by the cast on screen, and runs on until other people come, so that each but the last is at
    least `SHORTEST_CHAPTER_S` long. Times are nanoseconds of the film.

    Args:
        film: a row with the film's length, `duration_s`.
        rows: its rows of `appearances`.
    """
    root = ElementTree.Element("Chapters")
    edition = ElementTree.SubElement(root, "EditionEntry")
    for start, end, names in chapters(rows, film["duration_s"]):
        atom = ElementTree.SubElement(edition, "ChapterAtom")
        _element(atom, "ChapterTimeStart", f"{format_clock(start, 3)}000000")
        _element(atom, "ChapterTimeEnd", f"{format_clock(end, 3)}000000")
        display = ElementTree.SubElement(atom, "ChapterDisplay")
        _element(display, "ChapterString", BETWEEN_NAMES.join(map(_one_line, names)) or _NOBODY)
        _element(display, "ChapterLanguage", "und")
    ElementTree.indent(root)
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE Chapters SYSTEM "matroskachapters.dtd">\n'
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return head + content + b"\n"


def chapters(rows: list[Row], duration_s: float) -> list[tuple[float, float, list[str]]]:
    """A film's chapters, without gaps: start and end in seconds, and the cast on screen in it, in order of coming.

    Args:
        rows: rows of `appearances`.
        duration_s: the film's length in seconds.
    """
    parts: list[tuple[float, float, list[str]]] = []
    time = 0.0
    for start, end, people in changes(rows):
        names = list(dict.fromkeys(row["actor"] for row in people if row["kind"] == "cast"))
        if start > time:
            parts.append((time, start, []))
        parts.append((start, end, names))
        time = end
    if duration_s > time or not parts:
        parts.append((time, max(time, round(duration_s, 3)), []))
    joined = parts[:1]
    for start, end, names in parts[1:]:
        first, last, known = joined[-1]
        is_scene = end - start >= SHORTEST_CHAPTER_S and set(names) != set(known)
        if last - first < SHORTEST_CHAPTER_S or (set(names) <= set(known) and not is_scene):
            joined[-1] = (first, end, [*known, *(name for name in names if name not in known)])
        else:
            joined.append((start, end, names))
    return joined


def stash_scene(film: Row, rows: list[Row]) -> str:
    """A scene with performers and markers, as Stash imports it from `scenes/` of its metadata folder.

    Fields are those of stashapp/stash, pkg/models/jsonschema/scene.go; seconds are texts. A marker is a scene of a
    cast member, tagged with the name, because Stash's markers have tags and no performers.

    Args:
        film: a row with the film's key, title and path.
        rows: its rows of `appearances`.
    """
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "cast":
            spans[row["actor"]].append((row["start_s"], row["end_s"]))
    markers = sorted((start, actor, end) for actor, own in spans.items() for start, end in scenes_of(own))
    scene = {
        "title": film["title"] or film["film"],
        "performers": sorted(spans),
        "tags": [STASH_TAG],
        "markers": [
            {
                "title": actor,
                "seconds": f"{start:.3f}",
                "end_seconds": f"{end:.3f}",
                "primary_tag": STASH_TAG,
                "tags": [actor],
            }
            for start, actor, end in markers
        ],
        "files": [str(Path(film["path"]).resolve())],
    }
    return json.dumps(scene, ensure_ascii=False, indent=1) + "\n"


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
