"""Brings the server in step with the lake: each film, and each table over all films, in one transaction of its own.

The first statement of a transaction stores the version of the lake that its rows are made from, which makes others wait
who are at the same film. A process that is killed leaves the film as it was; the next run sees by the version what is
missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from wios_assets.errors import Conflict, Unavailable, WiosError
from wios_assets.lake.store import finished_films
from wios_assets.publish.migration import Keep, Schema, migrate
from wios_assets.publish.rows import CsvRows, open_reader, write_csv
from wios_assets.publish.schema import (
    ANSWERS,
    FILM_TABLES,
    WHOLE_TABLES,
    PublishedTable,
    film_version,
    table_version,
)
from wios_assets.publish.server import Server, open_server
from wios_assets.scratch import scratch_folder, temporary_folder
from wios_assets.settings import Settings

FILM, TABLE = "film", "table"
"""Kinds of what has a version on the server."""
_MIGRATION_TIMEOUT_S = 600.0
_ATTEMPTS = 5

Tell = Callable[[str], None]
"""Called with a line for the log."""


@dataclass
class Differences:
    """What differs between lake and server: films and tables to publish, films to remove."""

    films: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return len(self.films) + len(self.gone) + len(self.tables)


@dataclass
class Summary:
    """What was published: rows by film, rows by table, films removed, and a line for each film that failed."""

    films: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.films.values()) + sum(self.tables.values())


class Publisher:
    """Publishes a lake over one connection, whose tables are up to date.

    Attributes:
        changes: what was done to the server's tables when this was opened, a clause each.
    """

    def __init__(
        self, lake: Path, schema: Schema, connection: sa.Connection, reader: duckdb.DuckDBPyConnection, scratch: Path
    ) -> None:
        self.lake, self.schema, self.changes = lake, schema, list[str]()
        self._connection, self._reader, self._scratch = connection, reader, scratch

    def differences(self) -> Differences:
        """What the server lacks or has too much, by versions; rows are not compared."""
        films = {film: film_version(self.lake, film) for film in finished_films(self.lake)}
        with self.schema.server.errors(), self._connection.begin():
            stored = self.schema.states_of(self._connection, FILM)
            stored_tables = self.schema.states_of(self._connection, TABLE)
        return Differences(
            films=[film for film, version in films.items() if stored.get(film) != version],
            gone=sorted(set(stored) - set(films)),
            tables=[
                each.name for each in WHOLE_TABLES if stored_tables.get(each.name) != table_version(self.lake, each)
            ],
        )

    def catch_up(self, tell: Tell = lambda line: None) -> Summary:
        """Publish what differs. A film whose files are damaged does not keep the others from being published.

        Raises:
            Unavailable: the server was lost; what was published until then stays.
        """
        summary, differences = Summary(), self.differences()
        with scratch_folder(self._scratch) as folder:
            for number, (film, written) in enumerate(self._written_ahead(differences.films, folder), start=1):
                try:
                    # A commit that a server loses in a crash leaves the film's earlier version, to be seen next time.
                    summary.films[film] = self._replace_film(film, *written(), hurry=True)
                except WiosError as error:
                    if not self._is_connected():
                        raise
                    summary.problems.append(f"film {film!r}: {error}")
                else:
                    tell(f"film {film!r}: {summary.films[film]} rows ({number} of {len(differences.films)})")
        for film in differences.gone:
            self.remove(film)
            summary.removed.append(film)
            tell(f"film {film!r}: removed")
        for table in WHOLE_TABLES:
            if table.name in differences.tables:
                try:
                    summary.tables[table.name] = self.table(table)
                except WiosError as error:
                    summary.problems.append(str(error))
                else:
                    tell(f"{table.name}: {summary.tables[table.name]} rows")
        return summary

    def film(self, film: str) -> int:
        """Replace a film's rows by those of the lake in one transaction; returns their number.

        Raises:
            Unavailable: the server was lost, or a file of the lake is damaged.
            BadInput: a row does not fit.
        """
        with scratch_folder(self._scratch) as folder:
            return self._replace_film(film, *self._written(FILM_TABLES, film, folder))

    def table(self, published: PublishedTable) -> int:
        """Replace a table that is published as a whole; one that is not in the lake becomes empty.

        Raises:
            Unavailable, BadInput: as for `film`.
        """
        with scratch_folder(self._scratch) as folder:
            version, files = self._written((published,), None, folder)
            (rows,) = files.values()
            target = self.schema.tables[published.name]
            with self.schema.server.errors(), self._connection.begin():
                self.schema.set_state(self._connection, TABLE, published.name, version)
                self._connection.execute(sa.delete(target))
                if rows is not None and rows.count:
                    self.schema.server.load(self._connection, target, rows)
        return rows.count if rows is not None else 0

    def remove(self, film: str) -> None:
        """Remove a film's rows in one transaction."""
        with self.schema.server.errors(), self._connection.begin():
            self.schema.set_state(self._connection, FILM, film, "")
            for each in FILM_TABLES:
                target = self.schema.tables[each.name]
                self._connection.execute(sa.delete(target).where(target.c.film == film))
            self.schema.forget_state(self._connection, FILM, film)

    def forget_answers(self, films: Iterable[str] = (), people: Iterable[str] = ()) -> None:
        """Remove logged answers about films, and those that name people."""
        target = self.schema.tables[ANSWERS.name]
        conditions = [target.c.film == film for film in films]
        conditions += [self.schema.server.contains(target.c.actors, name) for name in people]
        with self.schema.server.errors(), self._connection.begin():
            for condition in conditions:
                self._connection.execute(sa.delete(target).where(condition))

    def _replace_film(self, film: str, version: str, files: dict[str, CsvRows | None], *, hurry: bool = False) -> int:
        with self.schema.server.errors(), self._connection.begin():
            if hurry:
                self.schema.server.hurry(self._connection)
            is_new = self.schema.set_state(self._connection, FILM, film, version)
            for table, rows in files.items():
                target = self.schema.tables[table]
                if not is_new:
                    self._connection.execute(sa.delete(target).where(target.c.film == film))
                if rows is not None and rows.count:
                    self.schema.server.load(self._connection, target, rows)
        return sum(rows.count for rows in files.values() if rows is not None)

    def _written_ahead(
        self, films: Sequence[str], folder: Path
    ) -> Iterator[tuple[str, Callable[[], tuple[str, dict[str, CsvRows | None]]]]]:
        """Each film with a function that gives its version and files, written while the one before is loaded."""
        with ThreadPoolExecutor(1) as writer:

            def begin(index: int) -> Future[tuple[str, dict[str, CsvRows | None]]]:
                # Two folders in turn: one is loaded, the other one is written to.
                own = folder / str(index % 2)
                own.mkdir(exist_ok=True)
                return writer.submit(self._written, FILM_TABLES, films[index], own)

            coming = [begin(0)] if films else []
            for index, film in enumerate(films):
                current = coming.pop()
                if index + 1 < len(films):
                    coming.append(begin(index + 1))
                yield film, current.result

    def _is_connected(self) -> bool:
        try:
            with self._connection.begin():
                self._connection.execute(sa.select(1))
        except SQLAlchemyError:
            return False
        return True

    def _written(
        self, tables: Iterable[PublishedTable], film: str | None, folder: Path
    ) -> tuple[str, dict[str, CsvRows | None]]:
        """Rows of one state of the lake, as files by table, and its version."""
        tables = list(tables)
        failure: WiosError | None = None
        for _ in range(_ATTEMPTS):
            before = self._version(tables, film)
            files: dict[str, CsvRows | None] = {}
            failure = None
            try:
                for each in tables:
                    file = folder / f"{each.name}.csv"
                    expression = self.schema.server.expression
                    files[each.name] = write_csv(self._reader, self.lake, each.table, film, expression, file)
            except WiosError as error:
                failure = error
            # A file that was replaced meanwhile is another state's.
            if self._version(tables, film) == before:
                if failure is not None:
                    raise failure
                return before, files
        raise failure or Unavailable(f"film {film!r}: its tables change all the time; try again when no run is active")

    def _version(self, tables: list[PublishedTable], film: str | None) -> str:
        return film_version(self.lake, film) if film is not None else table_version(self.lake, tables[0])


@contextmanager
def open_publisher(settings: Settings, server: Server | None = None, keep: Keep | None = None) -> Iterator[Publisher]:
    """A publisher to the server that the settings name, whose tables are made or migrated first.

    Args:
        keep: called before tables of an earlier version are changed.

    Raises:
        Conflict: no server is set; the database has foreign tables; another process has migrated it for minutes.
        Unavailable: the server does not answer.
    """
    server = server or open_server(settings)
    if server is None:
        raise Conflict("publish.address is not set; docs/sql.md says how to name a SQL server")
    settings.lake.mkdir(parents=True, exist_ok=True)
    with server.connect() as connection, open_reader() as reader:
        publisher = Publisher(settings.lake, Schema(server), connection, reader, temporary_folder() / "publish")
        try:
            with FileLock(settings.lake / ".publish.lock", timeout=_MIGRATION_TIMEOUT_S), server.errors():
                more = (keep,) if keep is not None else ()
                publisher.changes = migrate(publisher.schema, connection, settings.publish.reader, *more)
        except Timeout:
            raise Conflict(f"{server.address}: another process changes its tables; try again later") from None
        # Reading began a transaction.
        connection.rollback()
        yield publisher
