"""Tables of the server kept in files before they are changed, and made again from these.

A folder holds `tables.json`, which says what was kept, and a CSV file for each table. Rows of people stand in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from wios_assets.atomic import write_atomic
from wios_assets.publish.migration import UNFINISHED, Outdated, Schema, drop_views
from wios_assets.publish.rows import CsvRows
from wios_assets.publish.schema import ANSWERS
from wios_assets.publish.server import Server

_CONTENTS = "tables.json"
_LATER_ANSWERS = "later-answers.csv"
_STATES = ("schema", "film", "table")
"""Kinds of what wios_published says that belong to the tables' rows."""


def keep_tables(schema: Schema, connection: sa.Connection, outdated: Outdated, folder: Path) -> None:
    """Write the tables that are about to be changed, the views, and what the server is said to hold into a folder.

    Raises:
        WiosError, SQLAlchemyError: the server was lost.
    """
    server, inspector = schema.server, sa.inspect(connection)
    columns = schema.states.c
    states = sa.select(columns.kind, columns.name, columns.state).where(columns.kind.in_(_STATES))
    contents: dict[str, Any] = {
        # Read first: a film that is published meanwhile is seen as different once this is put back.
        "states": [list(row) for row in connection.execute(states)],
        "written": {name: outdated.wanted[name] for name in outdated.changed},
        "new": outdated.new,
        "views": server.view_statements(connection),
        "newest_answer": None,
        "tables": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in outdated.existing:
        names = [column["name"] for column in inspector.get_columns(name)]
        rows = server.dump(connection, name, names, folder / f"{name}.csv")
        statements = server.table_statements(connection, name)
        contents["tables"].append({"name": name, "columns": names, "rows": rows.count, "statements": statements})
        if name == ANSWERS.name:
            newest = connection.scalar(sa.text(f"SELECT MAX(asked_at) FROM {name}"))
            contents["newest_answer"] = newest.isoformat(sep=" ") if newest is not None else None
    connection.rollback()
    write_atomic(folder / _CONTENTS, json.dumps(contents), durable=True)


def restore_tables(schema: Schema, connection: sa.Connection, folder: Path, reader: str) -> bool:
    """Make the tables again as they were kept, with their rows; answers that were logged since are added.

    Args:
        reader: role that may read; empty for none.

    Returns:
        False where another version changed the tables since; then nothing is done.

    Raises:
        WiosError, SQLAlchemyError: the server was lost. Doing this again finishes it.
    """
    contents = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
    stored = schema.states_of(connection, "schema")
    before = {name: state for kind, name, state in contents["states"] if kind == "schema"}
    # A migration that was killed left some as they were.
    if any(stored.get(name) not in (new, UNFINISHED, before.get(name)) for name, new in contents["written"].items()):
        return False
    server = schema.server
    later = _keep_later_answers(server, connection, contents, folder)
    # MariaDB commits at each change of a table; a version that finds one half made makes it anew.
    for name in contents["written"]:
        schema.set_state(connection, "schema", name, UNFINISHED)
    drop_views(schema, connection)
    for name in contents["new"]:
        connection.execute(sa.schema.DropTable(_light(name, []), if_exists=True))
    for table in contents["tables"]:
        light = _light(table["name"], table["columns"])
        connection.execute(sa.schema.DropTable(light, if_exists=True))
        for statement in table["statements"]:
            connection.exec_driver_sql(statement)
        _load(server, connection, light, CsvRows(folder / f"{light.name}.csv", table["rows"]))
    if later is not None:
        _load(server, connection, *later)
    for statement in contents["views"]:
        connection.exec_driver_sql(statement)
    connection.execute(sa.delete(schema.states).where(schema.states.c.kind.in_(_STATES)))
    rows = [dict(zip(("kind", "name", "state"), row, strict=True)) for row in contents["states"]]
    connection.execute(sa.insert(schema.states), rows)
    connection.commit()
    if reader and "reader" in before:
        existing = set(sa.inspect(connection).get_table_names())
        names = [schema.states.name, *(name for name in before if name in existing), *server.views_of(connection)]
        connection.rollback()
        server.make_reader(connection, reader, names)
    return True


def _keep_later_answers(
    server: Server, connection: sa.Connection, contents: dict[str, Any], folder: Path
) -> tuple[sa.Table, CsvRows] | None:
    """Write the answers that were logged since into the folder; None where the log of answers was not kept."""
    kept = next((table for table in contents["tables"] if table["name"] == ANSWERS.name), None)
    if kept is None:
        return None
    noted, file = folder / f"{_LATER_ANSWERS}.json", folder / _LATER_ANSWERS
    if not noted.is_file():
        now = {column["name"] for column in sa.inspect(connection).get_columns(ANSWERS.name)}
        columns = [name for name in kept["columns"] if name in now]
        newest = contents["newest_answer"]
        rows = server.dump(connection, ANSWERS.name, columns, file, f"asked_at > '{newest}'" if newest else "")
        write_atomic(noted, json.dumps({"columns": columns, "rows": rows.count}), durable=True)
    later = json.loads(noted.read_text(encoding="utf-8"))
    return _light(ANSWERS.name, later["columns"]), CsvRows(file, later["rows"])


def _light(name: str, columns: list[str]) -> sa.Table:
    """A table by its names alone, for statements that need no types."""
    return sa.Table(name, sa.MetaData(), *(sa.Column(column, sa.Text) for column in columns))


def _load(server: Server, connection: sa.Connection, table: sa.Table, rows: CsvRows) -> None:
    if rows.count:
        server.load(connection, table, rows)
