"""PostgreSQL, through psycopg and COPY."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

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
    WHEN,
    Column,
)
from wios_assets.errors import BadInput, Unavailable
from wios_assets.publish.rows import NULL, CsvRows
from wios_assets.publish.server import CONNECT_TIMEOUT_S, Server, for_driver, make_engine

_TYPES: dict[str, Any] = {
    TEXT: sa.Text(),
    INT: sa.Integer(),
    LONG: sa.BigInteger(),
    REAL: sa.Double(),
    SINGLE: postgresql.REAL(),
    FLAG: sa.Boolean(),
    BYTES: sa.LargeBinary(),
    WHEN: postgresql.TIMESTAMP(timezone=True),
    TEXTS: postgresql.ARRAY(sa.Text()),
    LONGS: postgresql.ARRAY(sa.BigInteger()),
    REALS: postgresql.ARRAY(sa.Double()),
    CANDIDATES: postgresql.JSONB(),
}
_CHUNK = 1 << 20


class PostgreSql(Server):
    """A database of PostgreSQL. Without a password in the settings, libpq takes it from PGPASSWORD or ~/.pgpass."""

    kind = "PostgreSQL"
    driver = "psycopg"

    def _engine(self, url: sa.URL, password: str | None) -> sa.Engine:
        options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "wios"}
        if password is not None:
            options["password"] = password
        return make_engine(url.set(drivername="postgresql+psycopg"), **options)

    def type_of(self, column: Column, *, indexed: bool) -> Any:
        return _TYPES[column.type]

    def expression(self, column: Column, source: str) -> str:
        if column.type == TEXT:
            # PostgreSQL stores no NUL in a text.
            return f"replace({source}, chr(0), '')"
        if column.type in (REAL, SINGLE):
            return f"CASE WHEN isfinite({source}) THEN {source} END"
        if column.type == TEXTS:
            escaped = r"""'"' || replace(replace(replace(x, chr(0), ''), '\', '\\'), '"', '\"') || '"'"""
            return _array(source, f"coalesce({escaped}, 'NULL')")
        if column.type in (LONGS, REALS):
            return _array(source, "coalesce(x::VARCHAR, 'NULL')")
        if column.type == CANDIDATES:
            return f"replace(to_json({source})::VARCHAR, chr(0), '')"
        return source

    def table_options(self) -> dict[str, Any]:
        return {}

    def load(self, connection: sa.Connection, table: sa.Table, rows: CsvRows) -> None:
        import psycopg

        quote = connection.dialect.identifier_preparer.quote
        columns = ", ".join(quote(column.name) for column in table.columns)
        statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT csv, NULL '{NULL}')"
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        try:
            with driver.cursor() as cursor, rows.file.open("rb") as file:
                with cursor.copy(statement.encode()) as copy:
                    while chunk := file.read(_CHUNK):
                        copy.write(chunk)
                loaded = cursor.rowcount
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise BadInput(f"{table.name}: a row does not fit: {str(error).partition(chr(10))[0]}") from None
        except psycopg.Error as error:
            raise self.failure(error) from None
        if loaded != rows.count:
            raise Unavailable(f"{table.name}: {loaded} of {rows.count} rows were loaded")

    def dump(self, connection: sa.Connection, name: str, columns: list[str], file: Path, where: str = "") -> CsvRows:
        import psycopg

        quote = connection.dialect.identifier_preparer.quote
        query = f"SELECT {', '.join(map(quote, columns))} FROM {quote(name)}{f' WHERE {where}' if where else ''}"
        statement = f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '{NULL}', FORCE_QUOTE *)"
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        try:
            with driver.cursor() as cursor, file.open("wb") as output:
                with cursor.copy(statement.encode()) as copy:
                    for chunk in copy:
                        output.write(chunk)
                return CsvRows(file, cursor.rowcount)
        except psycopg.Error as error:
            raise self.failure(error) from None

    def table_statements(self, connection: sa.Connection, name: str) -> list[str]:
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        parts: list[sa.schema.ExecutableDDLElement] = [CreateTable(table), *map(CreateIndex, table.indexes)]
        parts += [SetTableComment(table)] if table.comment else []
        parts += [SetColumnComment(column) for column in table.columns if column.comment]
        return [str(part.compile(dialect=connection.dialect)) for part in parts]

    def view_statements(self, connection: sa.Connection) -> list[str]:
        inspector, quote = sa.inspect(connection), connection.dialect.identifier_preparer.quote
        statements = []
        for name in self.views_of(connection):
            statements.append(for_driver(f"CREATE VIEW {quote(name)} AS {inspector.get_view_definition(name)}"))
            if text := inspector.get_table_comment(name)["text"]:
                doubled = text.replace("'", "''")
                statements.append(for_driver(f"COMMENT ON VIEW {quote(name)} IS '{doubled}'"))
        return statements

    def put(self, connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
        insert = postgresql.insert(table).values(values).on_conflict_do_nothing()
        if connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount == 1:
            return True
        key = {column.name for column in table.primary_key}
        same = [table.c[name] == values[name] for name in key]
        changed = {name: value for name, value in values.items() if name not in key}
        connection.execute(sa.update(table).where(*same).values(changed))
        return False

    def hurry(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def grant(self, connection: sa.Connection, role: str, names: list[str]) -> None:
        quote = connection.dialect.identifier_preparer.quote
        schema = quote(str(connection.scalar(sa.text("SELECT current_schema()"))))
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quote(role)}")
        connection.exec_driver_sql(f"GRANT SELECT ON {', '.join(map(quote, names))} TO {quote(role)}")

    def contains(self, column: sa.Column[Any], text: str) -> sa.ColumnElement[bool]:
        return sa.literal(text) == sa.any_(column)


def _array(source: str, element: str) -> str:
    """A list as PostgreSQL writes arrays; a null stays null."""
    return f"'{{' || array_to_string(list_transform({source}, lambda x: {element}), ',') || '}}'"
