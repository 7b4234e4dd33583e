"""What can be exported, in which formats, and to which file where none is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wios_assets.errors import Unavailable
from wios_assets.lake.paths import escape_key

What = Literal["appearances", "minutes", "screen-time", "sidecar", "report", "reviews"]
Format = Literal[
    "csv", "json", "parquet", "vtt", "metadata.vtt", "chapters.xml", "stash.json", "edl", "nfo", "bgra", "html"
]

_TABLE_FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
FORMATS: dict[What, tuple[Format, ...]] = {
    "appearances": (*_TABLE_FORMATS, "vtt", "metadata.vtt", "chapters.xml", "stash.json", "edl"),
    "minutes": _TABLE_FORMATS,
    "screen-time": (*_TABLE_FORMATS, "nfo"),
    "sidecar": ("json", "vtt", "bgra"),
    "report": ("html",),
    "reviews": ("json",),
}
"""Formats of each export, the default first."""
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "vtt": "text/vtt; charset=utf-8",
    "metadata.vtt": "text/vtt; charset=utf-8",
    "chapters.xml": "application/xml",
    "stash.json": "application/json",
    "bgra": "application/octet-stream",
    "edl": "text/plain; charset=utf-8",
    "nfo": "application/xml",
    "html": "text/html; charset=utf-8",
}


def default_format(what: What) -> Format:
    """The format of an export where none is chosen."""
    return FORMATS[what][0]


def default_file(exports: Path, film: str, what: What, format: Format) -> Path:
    """The file of an export where none is chosen; makes the folder of exports.

    Raises:
        WiosError: the folder cannot be made.
    """
    try:
        exports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{exports}: cannot be made ({error.strerror}); choose a file with -o or set WIOS_EXPORTS"
        ) from None
    return exports / f"{escape_key(film)}.{'wios' if what == 'sidecar' else what}.{format}"
