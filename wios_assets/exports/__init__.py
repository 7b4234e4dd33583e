"""Exports: a film's results as files for people, players and other programs."""

from wios_assets.exports.files import (
    FORMATS,
    MEDIA_TYPES,
    Format,
    What,
    default_file,
    default_format,
    export_bytes,
    export_film,
)

__all__ = ["FORMATS", "MEDIA_TYPES", "Format", "What", "default_file", "default_format", "export_bytes", "export_film"]
