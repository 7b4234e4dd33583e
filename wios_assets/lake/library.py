"""How the library is published and opened: one DuckDB file whose views show the lake's Parquet as it stands."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from wios_assets.atomic import atomic_path, remove_leftovers
from wios_assets.errors import BadInput, NotFound, Unavailable, WiosError
from wios_assets.lake.paths import parquet_files, partition_folder, partition_keys, table_folder
from wios_assets.lake.store import finished_films
from wios_assets.settings import Settings
from wios_assets.tables import APPEARANCES, FILM, FILM_TABLES, LIBRARY, TABLES, Table

Row = dict[str, Any]
"""One row of an answer: values by column name, as wios_assets/tables.py calls the columns."""

# Beside the tables, so that a view has its columns whatever state the films are in.
COLUMNS_FOLDER = ".columns"
# DuckDB fetches extensions from the internet unless told not to; Parquet is built in.
_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
# How long a reader waits, in seconds, for a partition that is just being replaced.
_PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.PermissionException)

_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.binary(): "BLOB",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


@dataclass(frozen=True)
class Library:
    """An open library. Its views may be asked and nothing may be written.

    A view is called as its table (`appearances`, `imdb.title_basics`; `"cast"` in quotes, a word of SQL). It shows the
    lake as it is now, not as it was when the library was opened. `data` is the folder that holds people's decisions.
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
        """Answer to `sql`, which asks the unpartitioned `table`.

        Raises:
            WiosError: the table's files are gone or broken; names the folder and the remedy.
        """
        return self._ask(table_folder(self.lake, table), table, None, sql, dict(parameters or {}))

    def film_rows(self, table: str, film: str, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Answer to `sql`, which asks `table` for one film as `$film`, all of it from one state of the partition.

        Args:
            film: the film's key, as it is.

        Raises:
            WiosError: the film's partition is not in the lake, or a file of it is broken; names folder and remedy.
        """
        folder = partition_folder(self.lake, table, film)
        return self._ask(folder, table, film, sql, {"film": film, **(parameters or {})})

    def _ask(self, folder: Path, table: str, film: str | None, sql: str, parameters: dict[str, Any]) -> list[Row]:
        for pause in (*_PAUSES, None):
            before = _state(folder)
            failure = None
            try:
                answer = self.connection.execute(sql, parameters)
                names = [column[0] for column in answer.description]
                rows = [dict(zip(names, values, strict=True)) for values in answer.fetchall()]
            except _MISTAKES:
                raise
            except duckdb.Error as error:
                failure = error
            # Where the files are other than they were, the answer may mix two states, or miss both.
            if before and before == _state(folder):
                if failure is None:
                    return rows
                lacking = _lacking(folder, table)
                fault = (
                    f"comes from another version of WIOS, without {', '.join(lacking)}"
                    if lacking
                    else f"is broken ({failure})"
                )
                raise Unavailable(f"{folder}: {table} {fault}; {_remedy(film)}") from failure
            if pause is not None:
                time.sleep(pause)
        whose = f" of the film {film!r}" if film is not None else ""
        raise Unavailable(f"{folder}: {table}{whose} is missing from the lake; {_remedy(film)}")


def publish(lake: Path, file: Path) -> None:
    """Build the library of `lake` beside `file` and put it in its place, whole or not at all.

    Readers that have the old one open keep it. Where a table has no files yet, its view is empty. No row is copied.

    Raises:
        WiosError: the file cannot be written, or the lake's own path looks like a partition.
    """
    lake, file = lake.resolve(), file.resolve()
    confusing = [part for part in lake.parts if part.lower().startswith("film=")]
    if confusing:
        raise BadInput(f"{lake}: the folder {confusing[0]!r} would be taken for a film; set WIOS_LAKE to another place")
    try:
        remove_leftovers(file)
        # Built elsewhere: DuckDB cannot write its log beside a file whose path has a question mark.
        with tempfile.TemporaryDirectory(prefix="wios-") as folder, atomic_path(file) as temporary:
            built = Path(folder) / file.name
            with closing(duckdb.connect(built, config=dict(_OFFLINE))) as connection:
                connection.execute("BEGIN")
                for statement in _statements(lake):
                    connection.execute(statement)
                connection.execute("COMMIT")
            shutil.copyfile(built, temporary)
    except (OSError, duckdb.IOException) as error:
        raise Unavailable(
            f"{file}: the library cannot be published ({error}); check space and permissions. The one before stands"
        ) from error


def library_rows(lake: Path, present: Collection[str]) -> pa.Table:
    """Rows of `tables.LIBRARY` as the lake stands: one for each finished film, sorted by film.

    DuckDB counts and adds up the appearances; no film's rows are read into memory as a whole.

    Args:
        lake: folder of the lake.
        present: keys of the films whose video file is there.

    Raises:
        WiosError: a file of the tables `film` or `appearances` cannot be read.
    """
    lake = lake.resolve()
    sql = f"""
        WITH films AS ({_select(lake, FILM)}), intervals AS ({_select(lake, APPEARANCES)}), counts AS (
            SELECT film, count(*) AS appearances,
                count(DISTINCT actor) FILTER (kind = 'cast') AS people,
                count(DISTINCT actor) FILTER (kind = 'unknown') AS unknown_people,
                sum(end_s - start_s ORDER BY start_s, end_s) FILTER (kind = 'cast') AS named_seconds
            FROM intervals GROUP BY film
        )
        SELECT film, title, year, tconst, duration_s, path, list_contains($present::VARCHAR[], film) AS present,
            coalesce(people, 0) AS people, coalesce(unknown_people, 0) AS unknown_people,
            coalesce(appearances, 0) AS appearances, coalesce(named_seconds, 0) AS named_seconds
        FROM films LEFT JOIN counts USING (film)
        WHERE list_contains($finished::VARCHAR[], film) ORDER BY film
    """
    parameters = {"present": sorted(present), "finished": finished_films(lake)}
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
    """The published library, to be read. It is published anew where it does not fit the lake (a moved folder, another
    version's columns, a table that was empty).

    Raises:
        WiosError: nothing was published yet, or it does not fit and cannot be published anew.
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
        raise Unavailable(f"{fault}; it cannot be published anew: {error}") from error
    opened, fault = _open(settings)
    if opened is None:
        raise Unavailable(f"{fault}; remove it and ask again")
    return opened


def library_fault(settings: Settings) -> str | None:
    """Why the published file does not fit the lake, in a clause that names it; None where it fits."""
    opened, fault = _open(settings)
    if opened is not None:
        opened.close()
    return fault


def _open(settings: Settings) -> tuple[Library, None] | tuple[None, str]:
    """The library, or why it cannot be used as it is."""
    file, lake = settings.library.resolve(), settings.lake.resolve()
    if not file.exists():
        return None, f"{file}: nothing is published"
    try:
        connection = _attach(file, lake)
    except duckdb.Error as error:
        return None, f"{file}: cannot be read ({error})"
    try:
        row = connection.execute("SELECT lake, contract, empty FROM wios.publication").fetchone()
        misfit = _misfit(lake, *row) if row else "does not say what it was published from"
    except duckdb.Error as error:
        misfit = f"is not a library of WIOS ({error})"
    if misfit is None:
        return Library(connection, lake, settings.data), None
    connection.close()
    return None, f"{file}: {misfit}"


def _misfit(lake: Path, published: str, contract: str, empty: list[str]) -> str | None:
    """What is wrong with a file that says of itself where, by which version and without which tables it was made."""
    if Path(published) != lake:
        return f"was published for the lake {published}, not {lake}"
    if contract != _contract():
        return "was published by another version of WIOS"
    filled = [name for name in empty if name in TABLES and _has_files(lake, TABLES[name])]
    if filled:
        return f"was published before there was anything in {', '.join(filled)}"
    if not all(_columns_file(lake, table).is_file() for table in TABLES.values()):
        return f"needs {lake / COLUMNS_FOLDER}, which is missing or incomplete"
    return None


def missing_parts(lake: Path, films: list[str]) -> dict[str, list[str]]:
    """Film key → tables that should hold the film and do not, for the films of which something is missing."""
    stored = {table: set(partition_keys(lake, table)) for table in FILM_TABLES}
    missing = {film: [table for table in FILM_TABLES if film not in stored[table]] for film in films}
    return {film: tables for film, tables in missing.items() if tables}


def typed(film: str) -> str:
    """A film's key as it is typed behind a command in a shell."""
    return f"-- {shlex.quote(film)}" if film.startswith("-") else shlex.quote(film)


def _attach(file: Path, lake: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads `file` and the files of `lake`, and can reach nothing else.

    Attached to an empty database of its own: `duckdb.connect(file)` hands a process that has the replaced file open
    that same old one again.
    """
    scratch = Path(tempfile.gettempdir()) / f"wios-duckdb-{os.getpid()}"
    connection = duckdb.connect(":memory:", config={**_OFFLINE, "temp_directory": str(scratch)})
    try:
        connection.execute(f"ATTACH {_text(file)} AS library (READ_ONLY)")
        connection.execute("USE library")
        connection.execute("SET TimeZone = 'UTC'")
        # Also as it stands in a view's glob, for that is what DuckDB compares.
        folders = ", ".join({_text(f"{lake}/"), _text(f"{_literal(lake)}/")})
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
        statements.append(f"COMMENT ON VIEW {view} IS {_text(f'One row is {table.row}')}")
        for column in table.columns:
            statements.append(f"COMMENT ON COLUMN {view}.{_name(column.name)} IS {_text(column.meaning)}")
        if table.by_film:
            statements.append(f"COMMENT ON COLUMN {view}.film IS 'Partition key'")
    names = ", ".join(map(_text, empty))
    statements.append(
        f"CREATE TABLE wios.publication AS SELECT {_text(lake)} AS lake, {_text(_contract())} AS contract, "
        f"[{names}]::VARCHAR[] AS empty, now() AS published"
    )
    return statements


def _select(lake: Path, table: Table) -> str:
    columns_file = _write_columns(lake, table)
    types = [(field.name, field.type) for field in table.schema]
    if not _has_files(lake, table):
        columns = ", ".join(f"NULL::{_sql_type(kind)} AS {_name(name)}" for name, kind in types)
        return f"SELECT {columns} WHERE false"
    columns = ", ".join(
        f"{_name(field.name)}::{_sql_type(field.type)} AS {_name(field.name)}" for field in table.schema
    )
    inside = "film=*/*.parquet" if table.by_film else "*.parquet"
    # The file without rows comes first: DuckDB takes the columns from it, so that one film's broken or outdated file
    # stands in the way of that film alone.
    files = f"[{_text(_literal(columns_file))}, {_text(f'{_literal(table_folder(lake, table.name))}/{inside}')}]"
    hive = "hive_partitioning = true, hive_types_autocast = false" if table.by_film else "hive_partitioning = false"
    return f"SELECT {columns} FROM read_parquet({files}, {hive})"


def _write_columns(lake: Path, table: Table) -> Path:
    """Write the file that has a table's columns and no rows, and return its path."""
    file = _columns_file(lake, table)
    if not file.is_file():
        with atomic_path(file) as temporary:
            pq.write_table((table.schema.remove(0) if table.by_film else table.schema).empty_table(), temporary)
    return file


def _columns_file(lake: Path, table: Table) -> Path:
    folder = table_folder(lake / COLUMNS_FOLDER, table.name)
    return (folder / "film=" if table.by_film else folder) / f"{_contract(table)}.parquet"


def _contract(*tables: Table) -> str:
    """Hash of tables' columns, types and meanings (of every table, where none is given)."""
    said = [(table.name, table.row, table.by_film, table.columns) for table in tables or TABLES.values()]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _has_files(lake: Path, table: Table) -> bool:
    folder = table_folder(lake, table.name)
    return bool(partition_keys(lake, table.name)) if table.by_film else bool(parquet_files(folder))


def _state(folder: Path) -> list[tuple[str, int, int]]:
    """What tells one state of a folder's Parquet files from another; empty where there are none."""
    state = []
    with suppress(OSError):
        for file in parquet_files(folder):
            stat = file.stat()
            state.append((file.name, stat.st_ino, stat.st_mtime_ns))
    return state


def _lacking(folder: Path, table: str) -> list[str]:
    """Columns of the table that the folder's files lack; none where a file cannot be read at all."""
    try:
        kept = [set(pq.read_schema(file).names) for file in parquet_files(folder)]
    except (OSError, pa.ArrowInvalid):
        return []
    return [name for name in TABLES[table].stored_schema.names if not all(name in names for names in kept)]


def _remedy(film: str | None) -> str:
    return f"`wios run {'FILM' if film is None else typed(film)}` makes it again"


def _sql_type(kind: pa.DataType) -> str:
    return f"{_sql_type(kind.value_type)}[]" if pa.types.is_list(kind) else _TYPES[kind]


def _name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _text(text: object) -> str:
    doubled = str(text).replace("'", "''")
    return f"'{doubled}'"


def _literal(path: Path) -> str:
    """A path as a glob that matches that path alone."""
    return re.sub(r"([\[\]*?])", r"[\1]", str(path))
