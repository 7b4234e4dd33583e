"""SQL queries on the library: those shipped with the program, and any single SELECT, read-only."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import duckdb

from wios_assets.errors import BadInput, NotFound
from wios_assets.lake.library import Library

_PARAMETER = re.compile(r"\$([a-z_]+)")
_BATCH = 10_000
# Seconds to wait, one after the other, for files that are being replaced.
_PAUSES = (0.02, 0.1, 0.5)


@dataclass(frozen=True)
class SavedQuery:
    """A query of `wios_assets/lake/queries`: its name, meaning and SQL."""

    name: str
    meaning: str
    sql: str

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Names of its arguments, in order."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))


@dataclass(frozen=True)
class Answer:
    """A result: column names, their DuckDB types, and the rows, fetched while iterating."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def saved_queries() -> list[SavedQuery]:
    """All saved queries by name."""
    queries = []
    for file in files("wios_assets.lake").joinpath("queries").iterdir():
        if file.name.endswith(".sql"):
            meaning, _, sql = file.read_text(encoding="utf-8").partition("\n")
            queries.append(SavedQuery(file.name.removesuffix(".sql"), meaning.removeprefix("-- "), sql))
    return sorted(queries, key=lambda query: query.name)


def saved_query(name: str, values: Sequence[str]) -> tuple[SavedQuery, dict[str, str]]:
    """A saved query with its arguments.

    Raises:
        WiosError: there is no query of this name, or it takes another number of arguments.
    """
    known = {query.name: query for query in saved_queries()}
    if name not in known:
        raise NotFound(f"there is no saved query {name!r}; `wios sql --list` names them all")
    query = known[name]
    if len(values) != len(query.arguments):
        wanted = " ".join(argument.upper() for argument in query.arguments) or "no arguments"
        raise BadInput(f"the saved query {name!r} takes {wanted}, but {len(values)} were given")
    return query, dict(zip(query.arguments, values, strict=True))


def ask(library: Library, sql: str, parameters: Mapping[str, str] | None = None) -> Answer:
    """Result of one SELECT (or DESCRIBE, SHOW, SUMMARIZE) on the library.

    Raises:
        WiosError: it is another statement, or DuckDB refuses it; the message has the first line of DuckDB's.
    """
    try:
        statements = library.connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise BadInput("the library is read-only: give one SELECT (or DESCRIBE, SHOW, SUMMARIZE)")
        answer = _execute(library, sql, dict(parameters or {}))
    except duckdb.Error as error:
        raise BadInput(_message(error)) from None
    columns = [(str(column[0]), str(column[1])) for column in answer.description]
    return Answer(tuple(name for name, _ in columns), tuple(kind for _, kind in columns), _fetched(answer))


def _execute(library: Library, sql: str, parameters: dict[str, str]) -> duckdb.DuckDBPyConnection:
    for pause in _PAUSES:
        try:
            return library.connection.execute(sql, parameters)
        except duckdb.IOException:
            time.sleep(pause)
    return library.connection.execute(sql, parameters)


def _fetched(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := answer.fetchmany(_BATCH):
            yield from rows
    except duckdb.Error as error:
        raise BadInput(_message(error)) from None


def _message(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"SQL: {lines[0]}" if lines else "SQL: DuckDB gave no reason"
