"""What leaves the library as a file."""

from wios_assets.exports.files import Format, What, default_file, export_bytes, export_film

__all__ = ["Format", "What", "default_file", "export_bytes", "export_film"]
