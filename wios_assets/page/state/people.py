"""People whom somebody may mean while they type a name: of the cast, of the film, of other films, of IMDB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from wios_assets.errors import WiosError
from wios_assets.lake.library import Row
from wios_assets.page.state.actors import actor_totals
from wios_assets.page.state.catalog import Catalog
from wios_assets.text import fold
from wios_assets.timeline.appearances import UNKNOWN

MOST_SUGGESTIONS = 12
MOST_OF_IMDB = 8
SHORTEST_FOR_IMDB = 3
_IMDB = """
    SELECT nconst, primary_name, birth_year, primary_profession FROM imdb.name_basics
    WHERE starts_with(lower(strip_accents(primary_name)), $start) LIMIT $most
"""


@dataclass(frozen=True)
class Suggestion:
    """Somebody who may be meant.

    Attributes:
        name: the name, or unknown:<n>.
        source: cast, film (named in this film although not of the cast), unknown (of this film), elsewhere (in other
            films) or imdb.
        detail: character, or what tells the person from others of the name.
        face: a face of the film that shows the person; None where there is none.
        key: the person's key over all films, for a portrait; None where there is none.
    """

    name: str
    source: Literal["cast", "film", "unknown", "elsewhere", "imdb"]
    detail: str | None = None
    face: int | None = None
    key: str | None = None


def suggest(catalog: Catalog, film: Row, query: str) -> list[Suggestion]:
    """People whose name or character has words that begin as those of the query; all of the cast for none.

    Args:
        film: the film's row of the table `library`.
    """
    words = _words(query)
    suggestions: list[Suggestion] = []
    for each in _known(catalog, film, query):
        if all(any(own.startswith(word) for own in _words(f"{each.name} {each.detail or ''}")) for word in words):
            suggestions.append(each)
        if words and len(suggestions) == MOST_SUGGESTIONS:
            break
    return suggestions


def suggest_of_imdb(catalog: Catalog, query: str) -> list[Suggestion]:
    """People of IMDB whose name begins as the query; none without IMDB's tables."""
    start = " ".join(fold(query).split())
    if len(start) < SHORTEST_FOR_IMDB:
        return []
    with suppress(WiosError), catalog.library() as library:
        rows = library.rows("imdb/name_basics", _IMDB, {"start": start, "most": MOST_OF_IMDB})
        return [Suggestion(row["primary_name"], "imdb", _detail(row)) for row in rows]
    return []


def _known(catalog: Catalog, film: Row, query: str) -> Iterator[Suggestion]:
    people = {person.actor: person for person in catalog.map(film).people}
    cast = catalog.cast(film["film"])
    for credit in cast:
        seen = people.get(credit.actor)
        yield Suggestion(
            credit.actor, "cast", credit.character, seen.face if seen else None, seen.key if seen else None
        )
    named = {credit.actor for credit in cast}
    for person in people.values():
        if person.kind == "cast" and person.actor not in named:
            yield Suggestion(person.actor, "film", person.character, person.face, person.key)
    named |= set(people)
    for person in people.values():
        if person.kind == "unknown":
            number = person.actor.removeprefix(UNKNOWN)
            yield Suggestion(person.actor, "unknown", f"unknown {number}", person.face)
    if query.strip():
        for total in actor_totals(catalog, query):
            if total.actor not in named:
                yield Suggestion(total.actor, "elsewhere", _films(total.films), None, total.key)


def _detail(row: Row) -> str:
    professions = ", ".join((row["primary_profession"] or [])[:2]).replace("_", " ")
    return " · ".join(filter(None, (professions, str(row["birth_year"] or ""), row["nconst"])))


def _films(count: int) -> str:
    return f"{count} {'film' if count == 1 else 'films'}"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))
