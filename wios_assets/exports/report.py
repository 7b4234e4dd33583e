"""A film's report: a self-contained HTML file with timeline, minutes, screen time and evidence pictures."""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from wios_assets.errors import WiosError
from wios_assets.lake.library import Library, Row
from wios_assets.lake.questions import unreadable
from wios_assets.notation import format_clock, format_percent
from wios_assets.reviews.current_timeline import appearances, minutes, screen_time
from wios_assets.timeline.likely_names import likely_names

EVIDENCE_A_PERSON = 6
"""Most appearances of a person shown with their face chip."""
MOST_PHOTOS = 3
_CHIPS = "SELECT face, chip FROM face_embeddings WHERE film = $film AND face IN (SELECT unnest($faces::BIGINT[]))"
_PHOTOS = (
    "SELECT photo, thumbnail FROM gallery_photos WHERE film = $film AND photo IN (SELECT unnest($photos::VARCHAR[]))"
)


def report_html(library: Library, film: Row) -> bytes:
    """A film's report as HTML, with all pictures inside; it loads nothing and runs no script.

    Args:
        film: the film's row of the table `library`.

    Raises:
        WiosError: the lake does not hold the film's appearances, minutes or screen time.
    """
    key = film["film"]
    own: dict[str, list[Row]] = defaultdict(list)
    for row in appearances(library, key):
        own[row["actor"]].append(row)
    shown = {actor: _evidence(rows) for actor, rows in own.items()}
    faces = {row["best_face"] for rows in shown.values() for row in rows if row["best_face"] is not None}
    photos = {photo for rows in shown.values() for row in rows for photo in _photos(row)}
    chips = _pictures(library, "face_embeddings", key, _CHIPS, {"faces": sorted(faces)})
    thumbnails = _pictures(library, "gallery_photos", key, _PHOTOS, {"photos": sorted(photos)})
    people = [
        {
            "row": row,
            "perhaps": likely_names(own[row["actor"]]) if row["kind"] == "unknown" else [],
            "path": _lane(own[row["actor"]]),
            "evidence": [
                {
                    "row": each,
                    "chip": chips.get(each["best_face"]),
                    "photos": [thumbnails[p] for p in _photos(each) if p in thumbnails],
                }
                for each in shown.get(row["actor"], [])
            ],
        }
        for row in sorted(screen_time(library, key), key=lambda row: (row["kind"] != "cast", row["rank"]))
    ]
    environment = Environment(
        loader=PackageLoader("wios_assets.exports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = format_percent
    environment.filters["clock"] = lambda seconds: format_clock(math.floor(max(0.0, seconds)))
    template = environment.get_template("report.html")
    return template.render(
        film=film, people=people, minutes=_minutes(minutes(library, key)), unreadable=unreadable(library, key)
    ).encode()


def _evidence(rows: list[Row]) -> list[Row]:
    """The appearances with a chip that have the highest probability × seconds, by start."""
    pictured = [row for row in rows if row["best_face"] is not None]
    pictured.sort(key=lambda row: (row["probability"] or 0.0) * min(row["end_s"] - row["start_s"], 10.0), reverse=True)
    return sorted(pictured[:EVIDENCE_A_PERSON], key=lambda row: row["start_s"])


def _photos(row: Row) -> list[str]:
    """The photos that matched; none for an unknown person, who is nobody of the cast."""
    return list(row["photos"] or ())[:MOST_PHOTOS] if row["kind"] == "cast" else []


def _lane(rows: list[Row]) -> str:
    """The appearances as an SVG path: x in seconds, y from 0 to 1."""
    spans = ((row["start_s"], row["end_s"] - row["start_s"]) for row in rows)
    return "".join(f"M{start:.2f} 0h{length:.2f}v1h-{length:.2f}z" for start, length in spans)


def _minutes(rows: list[Row]) -> list[dict[str, Any]]:
    by_minute: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_minute[row["minute"]].append(row)
    return [{"clock": own[0]["clock"], "people": own} for _, own in sorted(by_minute.items())]


def _pictures(library: Library, table: str, film: str, sql: str, parameters: dict[str, Any]) -> dict[Any, str]:
    """Pictures as `data:` URLs, by face or photo; empty if the lake has none."""
    try:
        rows = library.film_rows(table, film, sql, parameters)
    except WiosError:
        return {}
    pictures = (tuple(value for name, value in row.items()) for row in rows)
    return {key: f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for key, jpeg in pictures if jpeg}
