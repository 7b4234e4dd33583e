"""What is forgotten is removed from the server too."""

from __future__ import annotations

from collections.abc import Collection

from wios_assets.errors import Unavailable, WiosError
from wios_assets.lake.store import finished_films
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.schema import WHOLE_TABLES
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings


def forget_published(settings: Settings, films: Collection[str], people: Collection[str] = ()) -> str | None:
    """Publish films again that somebody was removed from, or remove those that are no longer in the lake.

    The tables over all films and the log of answers follow.

    Args:
        films: the films concerned.
        people: names of the person, where a person is forgotten; empty where the films are.

    Returns:
        The server's address; None where no server is set.

    Raises:
        Unavailable: the server does not answer, or a film cannot be published.
    """
    try:
        server = open_server(settings)
        if server is None:
            return None
        finished = set(finished_films(settings.lake))
        with open_publisher(settings, server) as publisher:
            publisher.forget_answers(() if people else films, people)
            for film in sorted(films):
                if film in finished:
                    publisher.film(film)
                else:
                    publisher.remove(film)
            for table in WHOLE_TABLES:
                publisher.table(table)
    except WiosError as error:
        raise Unavailable(
            f"everything here is removed, but not from the SQL server: {error}; once that is mended, "
            "the same `wios forget` finishes it"
        ) from None
    return server.address
