"""An actor over all films: screen time, films, and the people who are on screen at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from wios_assets.errors import WiosError
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import FilmMap, Person
from wios_assets.text import fold
from wios_assets.timeline.spans import Span, union

MOST_COMPANIONS = 20


@dataclass(frozen=True)
class ActorTotal:
    """An actor over all films: key (nconst, or the name), name, seconds on screen, number of films."""

    key: str
    actor: str
    nconst: str | None
    seconds: float
    films: int


@dataclass(frozen=True)
class ActorSheet:
    """An actor's films, by seconds on screen, and the people who are on screen at the same time.

    `companions` are name, key and seconds on screen together.
    """

    total: ActorTotal
    films: list[tuple[FilmMap, Person]]
    companions: list[tuple[str, str, float]]


@dataclass(frozen=True)
class ActorPhoto:
    """A photo in the gallery of a film: its path, its verdict and the reason of that."""

    film: str
    photo: str
    verdict: str
    reason: str


def actor_totals(catalog: Catalog, query: str = "") -> list[ActorTotal]:
    """Cast members seen in any film whose name or characters contain every word, by seconds on screen."""
    words = fold(query).split()
    people_by_key: dict[str, list[Person]] = defaultdict(list)
    for film in catalog.maps():
        for person in film.people:
            if person.kind == "cast":
                people_by_key[person.key].append(person)
    totals = [
        _total(people)
        for people in people_by_key.values()
        if all(any(word in fold(f"{p.actor} {p.character or ''}") for p in people) for word in words)
    ]
    return sorted(totals, key=lambda total: (-total.seconds, total.actor))


def actor_sheet(catalog: Catalog, key: str) -> ActorSheet | None:
    """An actor by nconst or name; None where no cast member of any film has it."""
    films = list(films_with(catalog, key))
    if not films:
        return None
    films.sort(key=lambda pair: -pair[1].seconds)
    together: dict[str, float] = defaultdict(float)
    names: dict[str, str] = {}
    for film, person in films:
        for other, seconds in seconds_together(film, person).items():
            if other.kind == "cast":
                together[other.key] += seconds
                names[other.key] = other.actor
    companions = sorted(((names[k], k, s) for k, s in together.items()), key=lambda c: (-c[2], c[0]))
    return ActorSheet(_total([person for _, person in films]), films, companions[:MOST_COMPANIONS])


def actor_photos(catalog: Catalog, sheet: ActorSheet) -> list[ActorPhoto]:
    """Photos of an actor, those of the newest film that has any; usable ones first."""
    sql = (
        "SELECT photo, verdict, reason FROM gallery_photos WHERE film = $film AND actor = $actor "
        "AND thumbnail IS NOT NULL ORDER BY verdict <> 'used', photo"
    )
    for film, person in sorted(sheet.films, key=lambda pair: -(pair[0].film["year"] or 0)):
        with suppress(WiosError):
            rows = catalog.film_rows("gallery_photos", film.key, sql, {"actor": person.actor})
            if rows:
                return [ActorPhoto(film.key, row["photo"], row["verdict"], row["reason"] or "") for row in rows]
    return []


def films_with(catalog: Catalog, key: str) -> Iterator[tuple[FilmMap, Person]]:
    """The films in which a cast member, by nconst or name, is seen, in order of title."""
    for film in catalog.maps():
        for person in film.people:
            if person.kind == "cast" and key in (person.key, person.actor):
                yield film, person


def seconds_together(film: FilmMap, person: Person) -> dict[Person, float]:
    """Seconds that others are on screen at the same time as a person of the film, by person."""
    shared: dict[int, list[Span]] = defaultdict(list)
    for index in film.appearances_of(person.number):
        start, end = film.start_s[index], film.end_s[index]
        # Appearances are sorted by start; those from `last` on begin after this one ends.
        last = int(film.start_s.searchsorted(end))
        overlapping = ((film.end_s[:last] > start) & (film.person[:last] != person.number)).nonzero()[0]
        for other in overlapping.tolist():
            span = float(max(start, film.start_s[other])), float(min(end, film.end_s[other]))
            shared[int(film.person[other])].append(span)
    return {film.people[number]: sum(end - start for start, end in union(spans)) for number, spans in shared.items()}


def _total(people: list[Person]) -> ActorTotal:
    longest = max(people, key=lambda person: person.seconds)
    return ActorTotal(longest.key, longest.actor, longest.nconst, sum(person.seconds for person in people), len(people))
