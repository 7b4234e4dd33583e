"""The log of answers on the SQL server."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from wios_assets.lake.answer_queue import Waiting
from wios_assets.lake.prediction_log import answer_columns
from wios_assets.publish.migration import Schema
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.schema import ANSWERS
from wios_assets.publish.server import Server, open_server
from wios_assets.settings import Settings

ANSWERS_KIND = "answers"
"""Kind of the state that says which of a queue's answers the server has."""


class ServerLog:
    """Stores answers on the server, each once: the number of the last one is stored in the same transaction."""

    name = "server"

    def __init__(self, settings: Settings, server: Server) -> None:
        self._settings, self._server = settings, server
        self._schema: Schema | None = None

    def store(self, queue: str, answers: Sequence[Waiting]) -> None:
        """Store answers that the server does not have.

        Raises:
            WiosError: the server does not answer, or the database is not WIOS's.
        """
        if self._schema is None:
            # Makes the tables where this is the first to reach the server.
            with open_publisher(self._settings, self._server) as publisher:
                self._schema = publisher.schema
        schema = self._schema
        with self._server.connect() as connection, connection.begin():
            stored = int(schema.states_of(connection, ANSWERS_KIND).get(queue, "0"))
            rows = [answer_columns(each) for each in answers if each.number > stored]
            if not rows:
                return
            schema.set_state(connection, ANSWERS_KIND, queue, str(answers[-1].number))
            connection.execute(sa.insert(schema.tables[ANSWERS.name]), rows)


def server_log(settings: Settings) -> ServerLog | None:
    """The log on the server that the settings name; None where they name none.

    Raises:
        WiosError: the address is none, or the driver is missing.
    """
    server = open_server(settings)
    return ServerLog(settings, server) if server is not None else None
