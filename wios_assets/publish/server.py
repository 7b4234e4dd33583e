"""What WIOS needs of a SQL server, and the connection to the one that the settings name."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from wios_assets.columns import Column
from wios_assets.errors import BadInput, Unavailable
from wios_assets.publish.rows import CsvRows
from wios_assets.publish.views import VIEWS
from wios_assets.settings import Settings

CONNECT_TIMEOUT_S = 5
_PAUSES_S = (0.5, 2.0)
"""Pauses before a connection is tried again."""


class Server(ABC):
    """A database server. An instance belongs to one address.

    Attributes:
        kind: its name for messages.
        driver: the module that connects.
        engine: SQLAlchemy's engine; connections are not pooled.
        address: the address as messages show it, without a password.
        remedy: what messages advise where it does not answer.
    """

    kind: ClassVar[str]
    driver: ClassVar[str]
    remedy = "see that it runs, the user and the password; docs/sql.md"

    def __init__(self, url: sa.URL, password: str | None) -> None:
        if find_spec(self.driver) is None:
            raise Unavailable(f"{self.kind}: the package {self.driver} is missing; pip install 'wios-assets[sql]'")
        self.address = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
        self.engine = self._engine(url, password)

    @abstractmethod
    def _engine(self, url: sa.URL, password: str | None) -> sa.Engine:
        """An engine whose transactions see what others committed before each statement (READ COMMITTED)."""

    @abstractmethod
    def type_of(self, column: Column, *, indexed: bool) -> Any:
        """SQLAlchemy's type of a column."""

    @abstractmethod
    def expression(self, column: Column, source: str) -> str:
        """DuckDB's expression for a column's values in the CSV file."""

    @abstractmethod
    def table_options(self) -> dict[str, Any]:
        """Keyword arguments of `sqlalchemy.Table`."""

    @abstractmethod
    def load(self, connection: sa.Connection, table: sa.Table, rows: CsvRows) -> None:
        """Load rows in bulk, as part of the connection's transaction.

        Raises:
            BadInput: a row does not fit.
        """

    @abstractmethod
    def dump(self, connection: sa.Connection, name: str, columns: list[str], file: Path, where: str = "") -> CsvRows:
        """Write these columns of a table's rows into a file that `load` reads.

        Args:
            where: condition in SQL; empty for all rows.
        """

    @abstractmethod
    def table_statements(self, connection: sa.Connection, name: str) -> list[str]:
        """Statements that make a table as it is, with key, indexes and comments, for `exec_driver_sql`."""

    @abstractmethod
    def view_statements(self, connection: sa.Connection) -> list[str]:
        """Statements that make WIOS's views as they are, for `exec_driver_sql`."""

    def views_of(self, connection: sa.Connection) -> list[str]:
        """Names of WIOS's views that the database has, in the order in which they are made."""
        there = set(sa.inspect(connection).get_view_names())
        return [view.name for view in VIEWS if view.name in there]

    @abstractmethod
    def put(self, connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert a row, or update the one of the same key; waits for whoever is at it.

        Returns:
            Whether there was surely none.
        """

    def hurry(self, connection: sa.Connection) -> None:  # noqa: B027 - optional
        """Let the transaction's commit return before it is on the server's disk, where the server can do so."""

    @abstractmethod
    def grant(self, connection: sa.Connection, role: str, names: list[str]) -> None:
        """Let a role read these tables and views."""

    def make_reader(self, connection: sa.Connection, role: str, names: list[str]) -> None:
        """Let a role read these tables and views and nothing else; it is made where it is missing.

        Raises:
            Unavailable: it is missing, and the user may make no roles.
        """
        try:
            with connection.begin():
                self.grant(connection, role, names)
            return
        except DBAPIError:
            quoted = connection.dialect.identifier_preparer.quote(role)
        try:
            with connection.begin():
                connection.exec_driver_sql(f"CREATE ROLE {quoted}")
        except DBAPIError as error:
            raise Unavailable(
                f"publish.reader: the role {role} cannot be made ({self.failure(error.orig or error)}); an "
                f"administrator of the server makes it: CREATE ROLE {quoted}"
            ) from None
        with connection.begin():
            self.grant(connection, role, names)

    @abstractmethod
    def contains(self, column: sa.Column[Any], text: str) -> sa.ColumnElement[bool]:
        """Whether a list of texts has this text."""

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection; two more attempts where the server does not answer.

        Raises:
            Unavailable: there is none, or it was lost; the message names the address and never a password.
        """
        with self.errors():
            for pause in (*_PAUSES_S, None):
                try:
                    connection = self.engine.connect()
                    break
                except DBAPIError:
                    if pause is None:
                        raise
                    time.sleep(pause)
            with connection:
                yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's errors into one line: the address, and the first line of the server's message."""
        try:
            yield
        except SQLAlchemyError as error:
            raise self.failure(getattr(error, "orig", None) or error) from None

    def failure(self, error: BaseException) -> Unavailable:
        """The error for what the driver or the server said."""
        text = str(error.args[-1] if error.args else error) if self.driver == "pymysql" else str(error)
        line = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
        return Unavailable(f"{self.address}: {line}; {self.remedy}")


def open_server(settings: Settings) -> Server | None:
    """The server that the settings name; None where they name none.

    Raises:
        BadInput: the address cannot be read.
        Unavailable: its driver is not installed.
    """
    address, password = settings.publish_address, settings.publish.password
    if not address:
        return None
    try:
        url = sa.make_url(address)
    except SQLAlchemyError:
        raise BadInput("publish.address: is no address of a database; docs/sql.md shows some") from None
    secret = password.get_secret_value() if password is not None else None
    server: Server
    if url.get_backend_name() == "postgresql":
        from wios_assets.publish.postgresql import PostgreSql

        server = PostgreSql(url, secret)
    else:
        from wios_assets.publish.mariadb import MariaDb

        server = MariaDb(url, secret)
    if not settings.publish.address:
        server.remedy = "`wios up` starts it, `wios status` shows how it is"
    return server


def for_driver(statement: str) -> str:
    """A statement for `exec_driver_sql`, in which a per cent sign begins a parameter."""
    return statement.replace("%", "%%")


def make_engine(url: sa.URL, **options: Any) -> sa.Engine:
    """An engine that neither pools connections nor logs statements' values."""
    return sa.create_engine(
        url, poolclass=NullPool, hide_parameters=True, isolation_level="READ COMMITTED", connect_args=options
    )
