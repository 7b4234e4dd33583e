"""Paths of tables and of films' partitions in the lake."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# The characters that Spark writes as %XX in a partition folder's name, so that Spark, DuckDB and these functions
# agree (org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils).
_ESCAPED = frozenset([chr(code) for code in range(1, 32)] + list("\"#%'*/:=?\\\x7f{[]^"))


def escape_key(key: str) -> str:
    """A film's key as part of a folder's name."""
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in key)


def unescape_key(name: str) -> str:
    """The film's key of a folder's name; the inverse of `escape_key`."""
    parts, rest = [], name
    while "%" in rest:
        before, _, after = rest.partition("%")
        code = after[:2]
        if len(code) == 2 and all(c in "0123456789abcdefABCDEF" for c in code):
            parts += [before, chr(int(code, 16))]
            rest = after[2:]
        else:
            parts += [before, "%"]
            rest = after
    return "".join([*parts, rest])


def spark_path(path: Path) -> str:
    """A path for Spark to read from, which takes the characters of Hadoop's patterns for themselves."""
    return "".join(f"\\{c}" if c in "{}[]*?\\" else c for c in str(path))


def table_folder(lake: Path, table: str) -> Path:
    """Folder of a table, such as `imdb/title_basics`."""
    return lake.joinpath(*table.split("/"))


def partition_folder(lake: Path, table: str, film: str) -> Path:
    """Folder of one film's rows of a table."""
    return table_folder(lake, table) / f"film={escape_key(film)}"


def partition_keys(lake: Path, table: str) -> list[str]:
    """Keys of the films that have a partition of a table, sorted."""
    folder = table_folder(lake, table)
    if not folder.is_dir():
        return []
    prefix = "film="
    return sorted(
        unescape_key(entry.name[len(prefix) :])
        for entry in folder.iterdir()
        if entry.is_dir() and entry.name.startswith(prefix) and any(entry.glob("*.parquet"))
    )


def parquet_files(folder: Path) -> list[Path]:
    """Parquet files directly in a folder, sorted; empty if there is no such folder."""
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []


Version = tuple[tuple[str, int, int], ...]
"""Name, inode and modification time (ns) of some files; it changes when one of them is replaced or rewritten."""


def files_version(files: Iterable[Path]) -> Version:
    """Identifies the state of some files; missing ones are left out."""
    version = []
    for file in files:
        with suppress(OSError):
            stat = file.stat()
            version.append((file.name, stat.st_ino, stat.st_mtime_ns))
    return tuple(version)


def partition_version(lake: Path, table: str, film: str) -> Version:
    """Identifies the state of one film's rows of a table; empty where there are none."""
    return files_version(parquet_files(partition_folder(lake, table, film)))
