"""Keeps what an update changes, and puts it back.

A backup is a folder `backups/<time>` in the data folder. `changes.jsonl` lists the changes, a line each, written before
the change is made; the old content lies beside it. So whatever is killed when, each change either was not made or can
be taken back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wios_assets.atomic import write_atomic
from wios_assets.errors import NotFound
from wios_assets.lake.paths import Version, files_version, parquet_files
from wios_assets.lake.schema_versions import STAMP
from wios_assets.lake.store import replace_folder, staging_folder, table_place
from wios_assets.settings import Settings
from wios_assets.tables import TABLES, Table

if TYPE_CHECKING:
    import sqlalchemy as sa

    from wios_assets.publish.migration import Outdated, Schema

BACKUPS = "backups"
"""Folder of backups in the data folder."""
_CHANGES = "changes.jsonl"
_DONE = "taken back"


class Backup:
    """One update's backup; the folder is made with the first change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes = 0

    @classmethod
    def begin(cls, settings: Settings) -> Backup:
        """A new backup, named by the present time (UTC)."""
        name = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        root, number = settings.data / BACKUPS, 1
        folder = root / name
        while folder.exists():
            number += 1
            folder = root / f"{name}-{number}"
        return cls(folder)

    def replace_partition(self, lake: Path, table: Table, film: str | None, new: Path) -> None:
        """Keep a partition's files, then replace them by the folder `new` on the lake's file system."""
        place = table_place(lake, table, film)
        kept = self.folder / f"{self.changes}"
        kept.mkdir(parents=True)
        for file in _partition_files(place):
            try:
                os.link(file, kept / file.name)
            except OSError:
                shutil.copy2(file, kept / file.name)
        # A renamed folder keeps its files' inodes and times, by which they are known again.
        written = files_version(parquet_files(new))
        self._note({"kind": "partition", "table": table.name, "film": film, "written": written})
        replace_folder(new, place)

    def replace_file(self, file: Path, content: bytes) -> None:
        """Keep a file, then replace it."""
        self._keep(file, {"kind": "file", "path": str(file), "written": hashlib.sha256(content).hexdigest()})
        write_atomic(file, content, durable=True)

    def keep_database(self, database: Path, copy: Path) -> None:
        """Keep a copy of a database of SQLite that is about to be changed."""
        self._keep(copy, {"kind": "database", "path": str(database)})

    def keep_server(self, schema: Schema, connection: sa.Connection, outdated: Outdated) -> None:
        """Keep tables of the SQL server that are about to be changed."""
        from wios_assets.publish.kept_tables import keep_tables

        keep_tables(schema, connection, outdated, self.folder / f"{self.changes}")
        self._note({"kind": "server", "address": schema.server.address})

    def _keep(self, content: Path, change: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(content, self.folder / f"{self.changes}")
        self._note(change)

    def _note(self, change: dict[str, Any]) -> None:
        with (self.folder / _CHANGES).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"content": f"{self.changes}", **change}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        self.changes += 1


def newest_backup(settings: Settings) -> Path:
    """The newest backup that was not taken back.

    Raises:
        NotFound: there is none.
    """
    root = settings.data / BACKUPS
    folders = sorted(root.iterdir()) if root.is_dir() else []
    kept = [folder for folder in folders if (folder / _CHANGES).is_file() and not (folder / _DONE).exists()]
    if not kept:
        raise NotFound(f"{root}: holds no backup of an update")
    return kept[-1]


def take_back(settings: Settings, backup: Path) -> Iterator[tuple[str, bool]]:
    """Put back what a backup holds, the latest change first.

    What was changed again since the update stays as it is.

    Yields:
        What it is, and whether it was put back.
    """
    lines = (backup / _CHANGES).read_text(encoding="utf-8").splitlines()
    for line in reversed(lines):
        with suppress(ValueError):
            # A line that was cut by a loss of power belongs to a change that was not made.
            change = json.loads(line)
            yield _put_back(settings, change, backup / change["content"])
    (backup / _DONE).touch()


def _put_back(settings: Settings, change: dict[str, Any], content: Path) -> tuple[str, bool]:
    if change["kind"] == "partition":
        return _put_back_partition(settings, change, content)
    if change["kind"] == "server":
        return _put_back_server(settings, change, content)
    file = Path(change["path"])
    text = file.read_bytes() if change["kind"] == "file" and file.is_file() else None
    if text is not None and hashlib.sha256(text).hexdigest() != change["written"]:
        return str(file), False
    for journal in ("-wal", "-shm") if change["kind"] == "database" else ():
        file.with_name(file.name + journal).unlink(missing_ok=True)
    write_atomic(file, content.read_bytes(), durable=True)
    return str(file), True


def _put_back_partition(settings: Settings, change: dict[str, Any], content: Path) -> tuple[str, bool]:
    table, film = TABLES[change["table"]], change["film"]
    place = table_place(settings.lake, table, film)
    name = f"{table.name}{f' of {film!r}' if film is not None else ''}"
    if files_version(parquet_files(place)) != _as_version(change["written"]):
        return name, False
    with staging_folder(settings.lake) as staging:
        shutil.copytree(content, staging / "rows")
        replace_folder(staging / "rows", place)
    return name, True


def _put_back_server(settings: Settings, change: dict[str, Any], content: Path) -> tuple[str, bool]:
    """Put back tables of the SQL server, where the settings still name it."""
    from wios_assets.publish.kept_tables import restore_tables
    from wios_assets.publish.migration import Schema
    from wios_assets.publish.server import open_server

    server, name = open_server(settings), f"the tables on {change['address']}"
    if server is None or server.address != change["address"]:
        return f"{name}, which publish.address does not name", False
    with server.connect() as connection:
        return name, restore_tables(Schema(server), connection, content, settings.publish.reader)


def _partition_files(place: Path) -> list[Path]:
    marks = [place / STAMP] if (place / STAMP).is_file() else []
    return [*parquet_files(place), *marks]


def _as_version(written: list[list[Any]]) -> Version:
    return tuple((str(name), int(inode), int(changed)) for name, inode, changed in written)
