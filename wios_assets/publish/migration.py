"""Makes the tables and views on the server, and brings them up to date with `wios_assets/tables.py`.

The table `wios_published` says what the server holds: of each table its columns (`schema`), of each film (`film`) and
each table that is replaced as a whole (`table`) the version of the lake that its rows were made from. A change that is
interrupted is begun again by the next command. Columns are added and removed in place, and films are then published
again one by one. A table whose key, or the type of one of its columns, changed is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, CreateIndex, SetColumnComment, SetTableComment

from wios_assets.errors import Conflict
from wios_assets.publish.schema import ALL_TABLES, FILM_TABLES, WHOLE_TABLES, PublishedTable
from wios_assets.publish.server import Server
from wios_assets.publish.views import VIEWS

STATE_TABLE = "wios_published"
UNFINISHED = "unfinished"
"""State of a table that is being made or changed."""
_VIEWS, _READER = "views", "reader"

Contract = dict[str, Any]
"""A table as it was made: columns with type and comment, key, indexes, comment."""


class Schema:
    """The published tables in SQLAlchemy's terms, for one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.metadata = sa.MetaData()
        options = server.table_options()
        name = sa.String(255)
        self.states = sa.Table(
            STATE_TABLE,
            self.metadata,
            sa.Column("kind", sa.String(16), primary_key=True),
            sa.Column("name", name, primary_key=True),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
            comment="One row is a film, or a table, with the version of the lake that was published",
            **options,
        )
        self.tables = {each.name: self._table(each, options) for each in ALL_TABLES}

    def _table(self, published: PublishedTable, options: dict[str, Any]) -> sa.Table:
        columns = [
            sa.Column(
                column.name,
                self.server.type_of(column, indexed=column.name in published.indexed),
                primary_key=column.name in published.key,
                autoincrement=False,
                comment=column.meaning,
            )
            for column in published.table.every_column
        ]
        key = [sa.PrimaryKeyConstraint(*published.key)] if published.key else []
        table = sa.Table(
            published.name, self.metadata, *columns, *key, comment=f"One row is {published.table.row}", **options
        )
        for names in published.indexes:
            sa.Index(f"{published.name}_{'_'.join(names)}", *(table.columns[each] for each in names))
        return table

    def states_of(self, connection: sa.Connection, kind: str) -> dict[str, str]:
        """State by name of everything of a kind: film, table or schema."""
        rows = connection.execute(sa.select(self.states.c.name, self.states.c.state).where(self.states.c.kind == kind))
        return {str(name): str(state) for name, state in rows}

    def set_state(self, connection: sa.Connection, kind: str, name: str, state: str) -> bool:
        """Store a state; waits for a transaction that stores one for the same name.

        Returns:
            Whether there was surely none.
        """
        values = {"kind": kind, "name": name, "state": state, "published_at": sa.func.now()}
        return self.server.put(connection, self.states, values)

    def forget_state(self, connection: sa.Connection, kind: str, name: str | None = None) -> None:
        """Remove a state, or all of a kind."""
        statement = sa.delete(self.states).where(self.states.c.kind == kind)
        connection.execute(statement if name is None else statement.where(self.states.c.name == name))


@dataclass(frozen=True)
class Outdated:
    """How the server's tables differ from this version's.

    Attributes:
        wanted: contract of each table of this version, as it is stored.
        stored: what the server is said to have: contracts by table, and the versions of views and rights.
        changed: tables to make or change. gone: tables to remove.
        existing: those of both that the server has.
        views: version of this version's views.
    """

    wanted: dict[str, str]
    stored: dict[str, str]
    changed: list[str]
    gone: list[str]
    existing: list[str]
    views: str

    @property
    def new(self) -> list[str]:
        """Tables that the server does not have."""
        return [name for name in self.changed if name not in self.existing]

    @property
    def is_current(self) -> bool:
        """Whether nothing is to be changed."""
        return not self.changed and not self.gone and self.stored.get(_VIEWS) == self.views

    def __str__(self) -> str:
        parts = [("makes", self.new), ("changes", [name for name in self.changed if name in self.existing])]
        clauses = [f"{verb} {', '.join(names)}" for verb, names in [*parts, ("removes", self.gone)] if names]
        return "; ".join(clauses) or "makes the views again"


Keep = Callable[[Schema, sa.Connection, Outdated], None]
"""Called before tables of an earlier version are changed."""


def outdated_tables(schema: Schema, connection: sa.Connection) -> Outdated:
    """How the server's tables differ from this version's; nothing is changed."""
    inspector = sa.inspect(connection)
    existing = set(inspector.get_table_names())
    stored = schema.states_of(connection, "schema") if STATE_TABLE in existing else {}
    wanted = {
        name: json.dumps(contract(table, connection.dialect), sort_keys=True) for name, table in schema.tables.items()
    }
    changed = [name for name in wanted if stored.get(name) != wanted[name]]
    gone = [name for name in stored if name not in wanted and name not in (_VIEWS, _READER)]
    there = [name for name in (*changed, *gone) if name in existing]
    views = hashlib.sha256(repr((VIEWS, wanted)).encode()).hexdigest()
    return Outdated(wanted, stored, changed, gone, there, views)


def migrate(
    schema: Schema, connection: sa.Connection, reader: str, keep: Keep = lambda schema, connection, outdated: None
) -> list[str]:
    """Bring the server's tables, views and the reader's rights up to date.

    Args:
        reader: role that may read; empty for none.
        keep: called before tables of an earlier version are changed.

    Returns:
        What was done, a clause each; empty where nothing was.

    Raises:
        Conflict: the database has a table of the same name that WIOS did not make.
    """
    if not sa.inspect(connection).has_table(STATE_TABLE):
        schema.states.create(connection)
        connection.commit()
    outdated = outdated_tables(schema, connection)
    stored, wanted = outdated.stored, outdated.wanted
    rights = hashlib.sha256(repr((reader, outdated.views)).encode()).hexdigest() if reader else ""
    done: list[str] = []
    if not outdated.is_current:
        foreign = [name for name in outdated.existing if name not in stored]
        if foreign:
            raise Conflict(
                f"{schema.server.address}: the database has a table {foreign[0]!r} that WIOS did not make; name a "
                "database, or a schema, of WIOS's own in publish.address"
            )
        if stored:
            keep(schema, connection, outdated)
        # Tables that a view reads cannot be changed.
        drop_views(schema, connection)
        existing = set(outdated.existing)
        for name in outdated.changed:
            done.append(_bring_up_to_date(schema, connection, name, stored.get(name), wanted[name], existing))
        for name in outdated.gone:
            connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData()), if_exists=True))
            schema.forget_state(connection, "schema", name)
            done.append(f"removed {name}")
            connection.commit()
        _create_views(schema, connection)
        schema.forget_state(connection, "schema", _READER)
        schema.set_state(connection, "schema", _VIEWS, outdated.views)
        connection.commit()
        stored.pop(_READER, None)
    if reader and stored.get(_READER) != rights:
        names = [STATE_TABLE, *schema.tables, *(view.name for view in VIEWS)]
        connection.rollback()
        schema.server.make_reader(connection, reader, names)
        schema.set_state(connection, "schema", _READER, rights)
        connection.commit()
        done.append(f"{reader} may read")
    return done


def contract(table: sa.Table, dialect: sa.Dialect) -> Contract:
    """What decides whether a table on the server is that of this version."""
    return {
        "columns": {column.name: [column.type.compile(dialect=dialect), column.comment] for column in table.columns},
        "key": [column.name for column in table.primary_key],
        "indexes": sorted(str(index.name) for index in table.indexes),
        "comment": table.comment,
    }


def _bring_up_to_date(
    schema: Schema, connection: sa.Connection, name: str, stored: str | None, wanted: str, existing: set[str]
) -> str:
    """Make or change one table; returns what was done."""
    table = schema.tables[name]
    old: Contract | None = json.loads(stored) if stored not in (None, UNFINISHED) else None
    new: Contract = json.loads(wanted)
    # Said first, so that a table that is half made is known as WIOS's own.
    schema.set_state(connection, "schema", name, UNFINISHED)
    _forget_rows(schema, connection, name)
    connection.commit()
    if old is None or name not in existing or _must_be_made_anew(old, new):
        table.drop(connection, checkfirst=True)
        table.create(connection)
        clause = f"made {name}"
    else:
        clause = _alter(schema, connection, table, old, new)
    schema.set_state(connection, "schema", name, wanted)
    connection.commit()
    return clause


def _forget_rows(schema: Schema, connection: sa.Connection, name: str) -> None:
    """Forget the versions of the rows in a table, so that they are published again.

    The films stay listed: their rows in other tables are to be replaced.
    """
    states = schema.states.c
    if name in {each.name for each in FILM_TABLES}:
        connection.execute(sa.update(schema.states).where(states.kind == "film").values(state=""))
    elif name in {each.name for each in WHOLE_TABLES}:
        schema.forget_state(connection, "table", name)


def _must_be_made_anew(old: Contract, new: Contract) -> bool:
    kept = set(old["columns"]) & set(new["columns"])
    return old["key"] != new["key"] or any(old["columns"][name][0] != new["columns"][name][0] for name in kept)


def _alter(schema: Schema, connection: sa.Connection, table: sa.Table, old: Contract, new: Contract) -> str:
    """Add and remove columns and indexes, and renew comments."""
    quote = connection.dialect.identifier_preparer.quote
    added = [name for name in new["columns"] if name not in old["columns"]]
    removed = [name for name in old["columns"] if name not in new["columns"]]
    for name in removed:
        connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} DROP COLUMN {quote(name)}")
    for name in added:
        spec = str(CreateColumn(table.columns[name]).compile(dialect=connection.dialect))
        connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD COLUMN {spec}")
    for column in table.columns:
        if old["columns"].get(column.name, [None, None])[1] != column.comment:
            connection.execute(SetColumnComment(column))
    if old["comment"] != new["comment"]:
        connection.execute(SetTableComment(table))
    there = {str(index["name"]) for index in sa.inspect(connection).get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in there:
            connection.execute(CreateIndex(index))
    changes = [f"with {name}" for name in added] + [f"without {name}" for name in removed]
    return f"changed {table.name}: {', '.join(changes) or 'descriptions'}"


def drop_views(schema: Schema, connection: sa.Connection) -> None:
    """Remove WIOS's views, and commit."""
    schema.forget_state(connection, "schema", _VIEWS)
    for view in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")
    connection.commit()


def _create_views(schema: Schema, connection: sa.Connection) -> None:
    in_utc = "asked_at AT TIME ZONE 'UTC'" if connection.dialect.name == "postgresql" else "asked_at"
    for view in VIEWS:
        sql = view.sql.replace("{asked_at}", in_utc)
        connection.exec_driver_sql(f"CREATE VIEW {view.name} AS {sql}")
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"COMMENT ON VIEW {view.name} IS 'One row is {view.row}'")
