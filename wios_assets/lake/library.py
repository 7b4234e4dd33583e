"""Publishes and opens the library: one DuckDB file whose views read the lake's Parquet files."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
from filelock import FileLock

from wios_assets.atomic import atomic_path, remove_leftovers
from wios_assets.columns import (
    BYTES,
    CANDIDATES,
    FLAG,
    INT,
    LONG,
    LONGS,
    REAL,
    REALS,
    SINGLE,
    TEXT,
    TEXTS,
    VECTOR,
    WHEN,
)
from wios_assets.errors import BadInput, NotFound, Unavailable, WiosError, explain
from wios_assets.lake.paths import files_version, parquet_files, partition_folder, partition_keys, table_folder
from wios_assets.lake.schema_versions import require_current, schema_fault, stamped_version, stored_version
from wios_assets.lake.store import damaged_files, finished_films
from wios_assets.scratch import temporary_folder
from wios_assets.settings import Settings
from wios_assets.tables import APPEARANCES, CAST, FILM, FILM_TABLES, LIBRARY, TABLES, Table
from wios_assets.text import typed

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
"""One row of a result: values by column name, with the names of wios_assets/tables.py."""

# Files without rows that give each view its columns, whatever state the films are in.
COLUMNS_FOLDER = ".columns"
_MAGIC = b"PAR1"
"""First and last bytes of a Parquet file."""
# Otherwise DuckDB fetches extensions from the internet; Parquet is built in.
_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
# Seconds that a reader waits, one after the other, for a partition that is being replaced.
_PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.PermissionException)

_TYPES = {
    TEXT: "VARCHAR",
    INT: "INTEGER",
    LONG: "BIGINT",
    SINGLE: "FLOAT",
    REAL: "DOUBLE",
    FLAG: "BOOLEAN",
    BYTES: "BLOB",
    WHEN: "TIMESTAMPTZ",
    VECTOR: "FLOAT[]",
    TEXTS: "VARCHAR[]",
    LONGS: "BIGINT[]",
    REALS: "DOUBLE[]",
    CANDIDATES: "STRUCT(actor VARCHAR, probability DOUBLE)[]",
}
"""DuckDB's types by those of the tables."""


@dataclass(frozen=True)
class Library:
    """An open library: read-only views over the lake.

    A view has the name of its table (`appearances`, `imdb.title_basics`; `"cast"` in quotes, since it is an SQL
    keyword). It shows the current state of the lake, not the state when the library was opened.

    Attributes:
        connection: DuckDB's connection, which can reach the lake and nothing else.
        lake: folder of the lake.
        data: folder of the data, which holds people's decisions.
    """

    connection: duckdb.DuckDBPyConnection
    lake: Path
    data: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def rows(self, table: str, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Result of the query `sql` on an unpartitioned table.

        Raises:
            WiosError: the table's files are missing or broken; names the folder and the remedy.
        """
        return self._ask(table_folder(self.lake, table), table, None, sql, dict(parameters or {}))

    def film_rows(self, table: str, film: str, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Result of the query `sql` on one film's partition of a table, consistent while the partition is replaced.

        Args:
            table: the table.
            film: the film's key; the query has it as `$film`.
            sql: the query.
            parameters: values of the query's other parameters.

        Raises:
            WiosError: the film's partition is not in the lake, or a file of it is broken; names folder and remedy.
        """
        folder = partition_folder(self.lake, table, film)
        return self._ask(folder, table, film, sql, {"film": film, **(parameters or {})})

    def _ask(self, folder: Path, table: str, film: str | None, sql: str, parameters: dict[str, Any]) -> list[Row]:
        if stamped_version(folder) is not None:
            require_current(folder, TABLES[table], film)
        for pause in (*_PAUSES, None):
            before = files_version(parquet_files(folder))
            failure = None
            try:
                result = self.connection.execute(sql, parameters)
                names = [column[0] for column in result.description]
                rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
            except _MISTAKES:
                raise
            except duckdb.Error as error:
                failure = error
            # If the files changed meanwhile, the result may mix two states, or miss both.
            if before and before == files_version(parquet_files(folder)):
                if failure is None:
                    return rows
                missing = _missing_columns(folder, table)
                if missing and (version := stored_version(folder, TABLES[table])) is not None:
                    raise schema_fault(folder, TABLES[table], film, version) or failure from failure
                fault = (
                    f"was stored by another version of WIOS, without {', '.join(missing)}"
                    if missing
                    else f"is broken ({failure})"
                )
                raise Unavailable(f"{folder}: {table} {fault}; {_remedy(film)}") from failure
            if pause is not None:
                time.sleep(pause)
        of_film = f" of the film {film!r}" if film is not None else ""
        raise Unavailable(f"{folder}: {table}{of_film} is missing from the lake; {_remedy(film)}")


def publish(lake: Path, file: Path) -> None:
    """Write the library of `lake` to `file` atomically. It holds views only, no rows.

    Readers that have the earlier file open keep it. The view of a table that has no files yet is empty.

    Raises:
        WiosError: the file cannot be written, or a folder in the lake's path looks like a partition.
    """
    lake, file = lake.resolve(), file.resolve()
    partition_like = [part for part in lake.parts if part.lower().startswith("film=")]
    if partition_like:
        raise BadInput(
            f"{lake}: the folder {partition_like[0]!r} looks like a film's partition; set WIOS_LAKE to another folder"
        )
    try:
        remove_leftovers(file)
        # Built elsewhere: DuckDB cannot write its log beside a file whose path has a question mark.
        with tempfile.TemporaryDirectory(dir=temporary_folder()) as folder, atomic_path(file) as temporary:
            built = Path(folder) / file.name
            with closing(duckdb.connect(built, config=dict(_OFFLINE))) as connection:
                connection.execute("BEGIN")
                for statement in _statements(lake):
                    connection.execute(statement)
                connection.execute("COMMIT")
            shutil.copyfile(built, temporary)
    except (OSError, duckdb.IOException) as error:
        reason = explain(error, [lake])
        raise Unavailable(f"{file}: the library cannot be published; the earlier one stays; {reason}") from error


def library_rows(lake: Path, present: Collection[str]) -> pa.Table:
    """Rows of `tables.LIBRARY` as the lake stands: one for each finished film, sorted by film.

    People whom somebody named although the cast does not list them are not counted as people of the cast. DuckDB
    counts and adds up the appearances; no film's rows are read into memory as a whole. A film whose files are damaged
    is left out, so that it stands in no other film's way.

    Args:
        lake: folder of the lake.
        present: keys of the films whose video file is there.

    Raises:
        WiosError: a file of the tables `film`, `cast` or `appearances` cannot be read.
    """
    lake = lake.resolve()
    finished = finished_films(lake)
    counted = (FILM, APPEARANCES, CAST)
    sound = [film for film in finished if not any(damaged_files(lake, table, film) for table in counted)]
    films = None if sound == finished else sound
    selected = {table.name: _select(lake, table, films) for table in counted}
    sql = f"""
        WITH films AS ({selected[FILM.name]}), intervals AS ({selected[APPEARANCES.name]}),
        billed AS (SELECT DISTINCT film, actor, true AS in_cast FROM ({selected[CAST.name]})), counts AS (
            SELECT film, count(*) AS appearances,
                count(DISTINCT actor) FILTER (kind = 'cast' AND (in_cast OR film NOT IN (SELECT film FROM billed)))
                    AS people,
                count(DISTINCT actor) FILTER (kind = 'unknown') AS unknown_people,
                sum(end_s - start_s ORDER BY start_s, end_s) FILTER (kind = 'cast') AS named_seconds
            FROM intervals LEFT JOIN billed USING (film, actor) GROUP BY film
        )
        SELECT film, title, year, tconst, duration_s, path, list_contains($present::VARCHAR[], film) AS present,
            coalesce(people, 0) AS people, coalesce(unknown_people, 0) AS unknown_people,
            coalesce(appearances, 0) AS appearances, coalesce(named_seconds, 0) AS named_seconds
        FROM films LEFT JOIN counts USING (film)
        WHERE list_contains($finished::VARCHAR[], film) ORDER BY film
    """
    parameters = {"present": sorted(present), "finished": sound}
    try:
        with closing(duckdb.connect(":memory:", config=dict(_OFFLINE))) as connection:
            return connection.sql(sql, params=parameters).to_arrow_table().cast(LIBRARY.schema)
    except duckdb.Error as error:
        raise Unavailable(
            f"{lake}: the films' appearances cannot be counted ({error}); run the film that is named again"
        ) from error


def library_lock(lake: Path) -> FileLock:
    """Held from reading the tables until the library is published, so that an older state never replaces a newer."""
    lake.mkdir(parents=True, exist_ok=True)
    return FileLock(lake / ".library.lock", timeout=120)


def open_library(settings: Settings) -> Library:
    """The published library. It is published again if it does not fit the lake: the folder was moved, the columns are
    those of another version, or a table has files that had none.

    Raises:
        WiosError: nothing was published yet, or the library does not fit and cannot be published again.
    """
    file, lake = settings.library.resolve(), settings.lake.resolve()
    opened, fault = _open(settings)
    if opened is not None:
        return opened
    if not file.exists() and not any(_has_files(lake, table) for table in TABLES.values() if table.by_film):
        raise NotFound(
            f"{file}: no film was analysed yet; `wios film add PATH` and `wios run FILM` analyse one, "
            "`wios demo` shows the way"
        )
    try:
        publish(lake, file)
    except WiosError as error:
        raise Unavailable(f"{fault}; it cannot be published again: {error}") from error
    opened, fault = _open(settings)
    if opened is None:
        raise Unavailable(f"{fault}; remove it and try again")
    return opened


def library_fault(settings: Settings) -> str | None:
    """Why the published file does not fit the lake, as a clause with its path; None if it fits."""
    opened, fault = _open(settings)
    if opened is not None:
        opened.close()
    return fault


def _open(settings: Settings) -> tuple[Library, None] | tuple[None, str]:
    """The library, or the reason why it cannot be used."""
    file, lake = settings.library.resolve(), settings.lake.resolve()
    if not file.exists():
        return None, f"{file}: nothing is published"
    try:
        connection = _attach(file, lake)
    except duckdb.Error as error:
        return None, f"{file}: cannot be read ({error})"
    try:
        row = connection.execute("SELECT lake, contract, empty FROM wios.publication").fetchone()
        misfit = _misfit(lake, *row) if row else "has no record of its publication"
    except duckdb.Error as error:
        misfit = f"is not a library of WIOS ({error})"
    if misfit is None:
        return Library(connection, lake, settings.data), None
    connection.close()
    return None, f"{file}: {misfit}"


def _misfit(lake: Path, published: str, contract: str, empty: list[str]) -> str | None:
    """Why a library with this record of its publication does not fit the lake; None if it fits."""
    if Path(published) != lake:
        return f"was published for the lake {published}, not {lake}"
    if contract != _contract():
        return "was published by another version of WIOS"
    filled = [name for name in empty if name in TABLES and _has_files(lake, TABLES[name])]
    if filled:
        return f"was published before there were files of {', '.join(filled)}"
    if not all(_is_whole(_columns_file(lake, table)) for table in TABLES.values()):
        return f"needs {lake / COLUMNS_FOLDER}, which is missing or incomplete"
    return None


def missing_parts(lake: Path, films: list[str]) -> dict[str, list[str]]:
    """Tables without a partition of the film, by film; films that are complete are left out."""
    stored = {table: set(partition_keys(lake, table)) for table in FILM_TABLES}
    missing = {film: [table for table in FILM_TABLES if film not in stored[table]] for film in films}
    return {film: tables for film, tables in missing.items() if tables}


def _attach(file: Path, lake: Path) -> duckdb.DuckDBPyConnection:
    """A connection that can read `file` and the files of `lake`, and nothing else.

    The file is attached to an in-memory database, because `duckdb.connect(file)` would return the database that the
    process has open under this path, even after the file was replaced.
    """
    connection = duckdb.connect(":memory:", config={**_OFFLINE, "temp_directory": str(temporary_folder() / "duckdb")})
    try:
        connection.execute(f"ATTACH {sql_text(file)} AS library (READ_ONLY)")
        connection.execute("USE library")
        connection.execute("SET TimeZone = 'UTC'")
        # DuckDB compares the paths as written in a view's glob, so the escaped form is allowed as well.
        folders = ", ".join({sql_text(f"{lake}/"), sql_text(f"{_literal(lake)}/")})
        connection.execute(f"SET allowed_directories = [{folders}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except duckdb.Error:
        connection.close()
        raise
    return connection


def _statements(lake: Path) -> list[str]:
    schemas = sorted({table.name.rpartition("/")[0] for table in TABLES.values()} - {""})
    statements = [f"CREATE SCHEMA {_name(schema)}" for schema in ("wios", *schemas)]
    empty = []
    for table in TABLES.values():
        view = ".".join(map(_name, table.name.split("/")))
        if not _has_files(lake, table):
            empty.append(table.name)
        statements.append(f"CREATE VIEW {view} AS {_select(lake, table)}")
        statements.append(f"COMMENT ON VIEW {view} IS {sql_text(f'One row is {table.row}')}")
        for column in table.every_column:
            statements.append(f"COMMENT ON COLUMN {view}.{_name(column.name)} IS {sql_text(column.meaning)}")
    names = ", ".join(map(sql_text, empty))
    statements.append(
        f"CREATE TABLE wios.publication AS SELECT {sql_text(lake)} AS lake, {sql_text(_contract())} AS contract, "
        f"[{names}]::VARCHAR[] AS empty, now() AS published"
    )
    return statements


def _select(lake: Path, table: Table, films: Collection[str] | None = None) -> str:
    """Query for a table's rows: those of these films, or of all in the lake at the time of the query."""
    columns_file = _write_columns(lake, table)
    types = {column.name: _TYPES[column.type] for column in table.every_column}
    if not _has_files(lake, table):
        columns = ", ".join(f"NULL::{kind} AS {_name(name)}" for name, kind in types.items())
        return f"SELECT {columns} WHERE false"
    columns = ", ".join(f"{_name(name)}::{kind} AS {_name(name)}" for name, kind in types.items())
    inside = "film=*/*.parquet" if table.by_film else "*.parquet"
    # The file without rows comes first, because DuckDB takes the columns from the first file. So one film's broken or
    # outdated file does not affect other films.
    folders = [table_folder(lake, table.name)]
    if films is not None:
        folders, inside = [partition_folder(lake, table.name, film) for film in films], "*.parquet"
    filled = [folder for folder in folders if films is None or any(folder.glob(inside))]
    paths = [_literal(columns_file), *(f"{_literal(folder)}/{inside}" for folder in filled)]
    files = f"[{', '.join(map(sql_text, paths))}]"
    hive = "hive_partitioning = true, hive_types_autocast = false" if table.by_film else "hive_partitioning = false"
    return f"SELECT {columns} FROM read_parquet({files}, {hive})"


def _write_columns(lake: Path, table: Table) -> Path:
    """Path of the file with a table's columns and no rows, written if it is missing or cut off."""
    file = _columns_file(lake, table)
    if not _is_whole(file):
        import pyarrow.parquet as pq

        with atomic_path(file) as temporary:
            pq.write_table(table.stored_schema.empty_table(), temporary)
    return file


def _is_whole(file: Path) -> bool:
    """Whether a Parquet file is there and begins and ends as one."""
    try:
        with file.open("rb") as content:
            begins = content.read(len(_MAGIC)) == _MAGIC
            content.seek(-len(_MAGIC), os.SEEK_END)
            return begins and content.read() == _MAGIC
    except OSError:
        return False


def _columns_file(lake: Path, table: Table) -> Path:
    folder = table_folder(lake / COLUMNS_FOLDER, table.name)
    return (folder / "film=" if table.by_film else folder) / f"{_contract(table)}.parquet"


def _contract(*tables: Table) -> str:
    """Hash of tables' columns, types and meanings (of all tables, if none is given)."""
    content = [(table.name, table.row, table.by_film, table.columns) for table in tables or TABLES.values()]
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def _has_files(lake: Path, table: Table) -> bool:
    folder = table_folder(lake, table.name)
    return bool(partition_keys(lake, table.name)) if table.by_film else bool(parquet_files(folder))


def _missing_columns(folder: Path, table: str) -> list[str]:
    """Columns of the table that a file of the folder lacks; empty if a file cannot be read at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        stored = [set(pq.read_schema(file).names) for file in parquet_files(folder)]
    except (OSError, pa.ArrowInvalid):
        return []
    return [name for name in TABLES[table].stored_schema.names if not all(name in names for names in stored)]


def _remedy(film: str | None) -> str:
    return f"`wios run {'FILM' if film is None else typed(film)}` renews it"


def _name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def sql_text(text: object) -> str:
    """Text as a literal in SQL."""
    doubled = str(text).replace("'", "''")
    return f"'{doubled}'"


def _literal(path: Path) -> str:
    """A glob that matches this path only."""
    return re.sub(r"([\[\]*?])", r"[\1]", str(path))
