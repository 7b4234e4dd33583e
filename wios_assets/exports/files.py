"""Exports of a film in every format, and writing them to files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, file_error
from wios_assets.exports.captions import captions, metadata_track
from wios_assets.exports.documents import json_document
from wios_assets.exports.formats import FORMATS, Format, What
from wios_assets.exports.markers import NFO_AUTHOR, edl, matroska_chapters, nfo, stash_scene
from wios_assets.exports.report import report_html
from wios_assets.lake.library import Library, Row
from wios_assets.lake.questions import find_film, unreadable
from wios_assets.reviews.current_timeline import appearances, minutes, screen_time
from wios_assets.tables import TABLES
from wios_assets.timeline.likely_names import likely_names_text


@dataclass(frozen=True)
class _TableExport:
    """The export of a table: the table's name, the function that reads it, and its columns in a CSV file."""

    table: str
    read: Callable[[Library, str], list[Row]]
    columns: tuple[str, ...]


_PERSON = ("kind", "nconst", "character")
_TABLES: dict[What, _TableExport] = {
    "appearances": _TableExport(
        "appearances",
        appearances,
        (
            "start_s",
            "end_s",
            "actor",
            "probability",
            *_PERSON,
            "shot",
            "distance",
            "runner_up",
            "runner_up_distance",
            "reason",
            "perhaps",
        ),
    ),
    "minutes": _TableExport(
        "minute_appearances",
        minutes,
        (
            *("minute", "clock", "actor", *_PERSON, "seconds", "share"),
            *("highest_probability", "mean_probability"),
        ),
    ),
    "screen-time": _TableExport(
        "screen_time",
        screen_time,
        (
            *("rank", "actor", *_PERSON, "seconds", "share", "appearances"),
            *("first_minute", "last_minute", "longest_s", "mean_probability"),
        ),
    ),
}
_SECONDS = frozenset({"start_s", "end_s", "seconds", "longest_s"})


@dataclass(frozen=True)
class _Facts:
    """What some formats need of a film besides the exported rows.

    Attributes:
        film: its row of the table `library`.
        frame_rate: frames per second; 0 where the format needs none.
        unreadable: stretches (start, end) in seconds that could not be read.
    """

    film: Row
    frame_rate: float
    unreadable: list[tuple[float, float]]


def _csv(what: What, facts: _Facts, rows: list[Row]) -> bytes:
    del facts
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = _TABLES[what].columns
    writer.writerow(columns)
    writer.writerows([_cell(name, row[name]) for name in columns] for row in rows)
    return text.getvalue().encode()


def _json(what: What, facts: _Facts, rows: list[Row]) -> bytes:
    return json_document(what, facts.film, rows, facts.unreadable).encode()


def _parquet(what: What, facts: _Facts, rows: list[Row]) -> bytes:
    del facts
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=TABLES[_TABLES[what].table].schema), content, compression="zstd")
    return content.getvalue()


_WRITERS: dict[Format, Callable[[What, _Facts, list[Row]], bytes]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "vtt": lambda what, facts, rows: captions(facts.film, rows, facts.unreadable).encode(),
    "metadata.vtt": lambda what, facts, rows: metadata_track(facts.film, rows, facts.unreadable).encode(),
    "chapters.xml": lambda what, facts, rows: matroska_chapters(facts.film, rows),
    "stash.json": lambda what, facts, rows: stash_scene(facts.film, rows).encode(),
    "edl": lambda what, facts, rows: edl(facts.film, rows, facts.frame_rate).encode(),
    "nfo": lambda what, facts, rows: nfo(facts.film, rows),
}


def export_bytes(library: Library, film: str, what: What, format: Format) -> bytes:
    """Content of the export `what` of a film in `format`.

    CSV is UTF-8 with a header and seconds with three decimals. JSON is described in wios_assets/exports/documents.py,
    the sidecar in sidecar.py, decisions in reviews.py. Parquet is the lake's table with the column `film`. The other
    formats are described in wios_assets/exports/captions.py, markers.py and report.py.

    Args:
        film: key, title, or the beginning of either.

    Raises:
        WiosError: the film is unknown, the export has no such format, or the lake does not hold its table.
    """
    if format not in FORMATS[what]:
        fitting = next(other for other, formats in FORMATS.items() if format in formats)
        raise BadInput(
            f"{what} cannot be exported as {format}: choose {', '.join(FORMATS[what])}; {format} is for {fitting}"
        )
    row = find_film(library, film)
    if what == "report":
        return report_html(library, row)
    if what == "reviews":
        # Imported here, because it imports pandas, which other commands should not wait for.
        from wios_assets.exports.reviews import reviews_document
        from wios_assets.reviews.decisions import read_decisions

        return reviews_document(row, read_decisions(library.data, row["film"]))
    if what == "sidecar":
        # Imported here, because it imports numpy and Pillow, which other commands should not wait for.
        from wios_assets.exports.sidecar import sidecar_contents

        return sidecar_contents(library, row["film"])[format]  # type: ignore[index]
    rows = _TABLES[what].read(library, row["film"])
    frame_rate = _frame_rate(library, row["film"]) if format == "edl" else 0.0
    spans = unreadable(library, row["film"]) if format in ("json", "vtt", "metadata.vtt") else []
    return _WRITERS[format](what, _Facts(row, frame_rate, spans), rows)


def export_film(library: Library, film: str, what: What, format: Format, out: Path) -> Path:
    """Write an export to the file `out` atomically, and return its path.

    Raises:
        WiosError: as for `export_bytes`, the file cannot be written, or it is an `.nfo` that WIOS did not write.
    """
    content = export_bytes(library, film, what, format)
    if out.is_dir():
        raise BadInput(f"{out}: is a folder; name a file in it")
    if not out.parent.is_dir():
        raise BadInput(f"{out}: cannot be written (there is no folder {out.parent}); make it, or choose another file")
    if format == "nfo" and out.is_file() and NFO_AUTHOR.encode() not in out.read_bytes():
        raise Conflict(f"{out}: is there already and was not written by WIOS; name another file with -o, or remove it")
    try:
        write_atomic(out, content)
    except OSError as error:
        raise file_error(out, error, "written", "choose another file, or make this one writable") from error
    return out


def _frame_rate(library: Library, film: str) -> float:
    rows = library.film_rows("film", film, "SELECT frame_rate FROM film WHERE film = $film")
    if not rows or not rows[0]["frame_rate"]:
        raise Conflict(f"film {film!r}: its frame rate is not known, which markers in frames need; run it again")
    return float(rows[0]["frame_rate"])


def _cell(column: str, value: Any) -> object:
    """A value as written to CSV: seconds with three decimals, other numbers with four, likely names as text."""
    if column == "perhaps":
        return likely_names_text(value)
    if isinstance(value, float):
        return f"{value:.3f}" if column in _SECONDS else f"{value:.4f}"
    return value
