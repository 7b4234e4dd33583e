"""MariaDB and MySQL, through PyMySQL and LOAD DATA LOCAL, or inserts of many rows where the server refuses that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

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
from wios_assets.publish.rows import NULL, CsvRows, open_reader
from wios_assets.publish.server import CONNECT_TIMEOUT_S, Server, for_driver, make_engine

KEY_CHARACTERS = 255
"""Longest text in a key or an index: three such columns are within the 3072 bytes that InnoDB allows."""
OPTION_FILE = Path("~/.my.cnf")
_ROWS_AN_INSERT = 500
_NOT_ALLOWED = (1148, 3948, 4166)
"""Error numbers of LOAD DATA LOCAL where the server does not allow it."""
_ROW_FAULTS = (1048, 1062, 1264, 1265, 1292, 1366, 1406)

_TYPES: dict[str, Any] = {
    TEXT: mysql.TEXT(),
    INT: sa.Integer(),
    LONG: sa.BigInteger(),
    REAL: mysql.DOUBLE(asdecimal=False),
    # A FLOAT shows six digits, fewer than it has.
    SINGLE: mysql.DOUBLE(asdecimal=False),
    FLAG: sa.Boolean(),
    BYTES: mysql.LONGBLOB(),
    WHEN: mysql.DATETIME(fsp=6),
    TEXTS: mysql.JSON(),
    LONGS: mysql.JSON(),
    REALS: mysql.JSON(),
    CANDIDATES: mysql.JSON(),
}


class MariaDb(Server):
    """A database of MariaDB or MySQL. Without a password in the settings it comes from MYSQL_PWD or ~/.my.cnf."""

    kind = "MariaDB"
    driver = "pymysql"

    def _engine(self, url: sa.URL, password: str | None) -> sa.Engine:
        options: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "local_infile": True,
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,ANSI_QUOTES')",
        }
        password = password if password is not None else os.environ.get("MYSQL_PWD")
        if password is not None:
            options["password"] = password
        if OPTION_FILE.expanduser().is_file():
            options["read_default_file"] = str(OPTION_FILE.expanduser())
        return make_engine(url.set(drivername="mysql+pymysql"), **options)

    def type_of(self, column: Column, *, indexed: bool) -> Any:
        return mysql.VARCHAR(KEY_CHARACTERS) if column.type == TEXT and indexed else _TYPES[column.type]

    def expression(self, column: Column, source: str) -> str:
        if column.type in (REAL, SINGLE):
            return f"CASE WHEN isfinite({source}) THEN {source} END"
        if column.type == FLAG:
            return f"{source}::INTEGER"
        if column.type == WHEN:
            return f"strftime(timezone('UTC', {source}), '%Y-%m-%d %H:%M:%S.%f')"
        if column.type in (TEXTS, LONGS, REALS, CANDIDATES):
            return f"to_json({source})::VARCHAR"
        return source

    def table_options(self) -> dict[str, Any]:
        # Names that differ in case, accents or spaces at the end are different.
        collation = "utf8mb4_nopad_bin" if self._is_mariadb() else "utf8mb4_0900_bin"
        return {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": collation}

    def _is_mariadb(self) -> bool:
        with self.connect() as connection:
            return "mariadb" in str(connection.scalar(sa.text("SELECT version()"))).lower()

    def load(self, connection: sa.Connection, table: sa.Table, rows: CsvRows) -> None:
        import pymysql

        quote = connection.dialect.identifier_preparer.quote
        columns = ", ".join(quote(column.name) for column in table.columns)
        statement = (
            f"LOAD DATA LOCAL INFILE %s INTO TABLE {quote(table.name)} CHARACTER SET utf8mb4 "
            "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n' "
            f"({columns})"
        )
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor:
                try:
                    cursor.execute(statement, (str(rows.file),))
                except pymysql.MySQLError as error:
                    if error.args[0] not in _NOT_ALLOWED:
                        raise
                    _insert(cursor, quote(table.name), columns, len(table.columns), rows)
                    return
                loaded = cursor.rowcount
                # LOAD DATA LOCAL turns errors of rows into warnings.
                warnings = driver.show_warnings() if cursor.warning_count or loaded != rows.count else ()
        except pymysql.MySQLError as error:
            if error.args and error.args[0] in _ROW_FAULTS:
                raise BadInput(f"{table.name}: a row does not fit: {error.args[-1]}") from None
            raise self.failure(error) from None
        if warnings:
            raise BadInput(f"{table.name}: a row does not fit: {warnings[0][-1]}")
        if loaded != rows.count:
            raise Unavailable(f"{table.name}: {loaded} of {rows.count} rows were loaded")

    def dump(self, connection: sa.Connection, name: str, columns: list[str], file: Path, where: str = "") -> CsvRows:
        import pymysql
        from pymysql.cursors import SSCursor

        quote = connection.dialect.identifier_preparer.quote
        query = f"SELECT {', '.join(map(quote, columns))} FROM {quote(name)}{f' WHERE {where}' if where else ''}"
        driver: Any = connection.connection.driver_connection
        decoders, count = driver.decoders, 0
        # Values as the server writes them, which is how it reads them.
        driver.decoders = {}
        try:
            with driver.cursor(SSCursor) as cursor, file.open("w", encoding="utf-8", newline="") as output:
                cursor.execute(query)
                for row in cursor:
                    output.write(",".join(map(_in_quotes, row)) + "\n")
                    count += 1
        except pymysql.MySQLError as error:
            raise self.failure(error) from None
        finally:
            driver.decoders = decoders
        return CsvRows(file, count)

    def table_statements(self, connection: sa.Connection, name: str) -> list[str]:
        quote = connection.dialect.identifier_preparer.quote
        return [for_driver(connection.exec_driver_sql(f"SHOW CREATE TABLE {quote(name)}").one()[1])]

    def view_statements(self, connection: sa.Connection) -> list[str]:
        quote = connection.dialect.identifier_preparer.quote
        names = self.views_of(connection)
        return [for_driver(connection.exec_driver_sql(f"SHOW CREATE VIEW {quote(name)}").one()[1]) for name in names]

    def put(self, connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
        key = {column.name for column in table.primary_key}
        changed = {name: value for name, value in values.items() if name not in key}
        # INSERT IGNORE would share its lock with others, who then wait for each other.
        connection.execute(mysql.insert(table).values(values).on_duplicate_key_update(changed))
        return False

    def grant(self, connection: sa.Connection, role: str, names: list[str]) -> None:
        quote = connection.dialect.identifier_preparer.quote
        for name in names:
            connection.exec_driver_sql(f"GRANT SELECT ON {quote(name)} TO {quote(role)}")

    def contains(self, column: sa.Column[Any], text: str) -> sa.ColumnElement[bool]:
        return sa.func.json_contains(column, sa.func.json_quote(text)) == 1


def _in_quotes(value: str | None) -> str:
    """A value in a CSV file that `load` reads."""
    if value is None:
        return NULL
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def _insert(cursor: Any, table: str, columns: str, number: int, rows: CsvRows) -> None:
    """Insert a CSV file's rows, some hundred at a time."""
    statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * number)})"
    with open_reader() as reader:
        lines = reader.execute(
            "SELECT * FROM read_csv($file, header = false, all_varchar = true, nullstr = $null, "
            "allow_quoted_nulls = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {dict.fromkeys([f'c{n}' for n in range(number)], 'VARCHAR')})",
            {"file": str(rows.file), "null": NULL},
        )
        while batch := lines.fetchmany(_ROWS_AN_INSERT):
            cursor.executemany(statement, batch)
