"""What is known of an actor over all films: screen time, films, and with whom on screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wios_assets.page.state.film_map import FilmMap, Person
from wios_assets.page.state.library_cache import Shelf
from wios_assets.text import fold

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
class Sheet:
    """An actor's films, the longest on screen first, and the people seen together with the actor.

    `companions` are name, key and seconds together.
    """

    total: ActorTotal
    films: list[tuple[FilmMap, Person]]
    companions: list[tuple[str, str, float]]


def all_actors(shelf: Shelf, words: str = "") -> list[ActorTotal]:
    """Cast members seen in any film whose name or characters hold every word, the longest on screen first."""
    wanted = fold(words).split()
    own: dict[str, list[Person]] = defaultdict(list)
    for film in shelf.maps():
        for person in film.people:
            if person.kind == "cast":
                own[person.key].append(person)
    fitting = {
        key: people
        for key, people in own.items()
        if all(any(word in fold(f"{p.actor} {p.character or ''}") for p in people) for word in wanted)
    }
    totals = [_total(people) for people in fitting.values()]
    return sorted(totals, key=lambda total: (-total.seconds, total.actor))


def sheet(shelf: Shelf, key: str) -> Sheet | None:
    """An actor by nconst or name; None where nobody of the cast is called so in any film."""
    films = list(seen_in(shelf, key))
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
    return Sheet(_total([person for _, person in films]), films, companions[:MOST_COMPANIONS])


def seen_in(shelf: Shelf, key: str) -> Iterator[tuple[FilmMap, Person]]:
    """The films in which a cast member, by nconst or name, is seen, in order of title."""
    for film in shelf.maps():
        for person in film.people:
            if person.kind == "cast" and key in (person.key, person.actor):
                yield film, person


def seconds_together(film: FilmMap, person: Person) -> dict[Person, float]:
    """Seconds that others are on screen at the same time as a person of the film, by person."""
    shared: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for place in film.of(person.number):
        start, end = film.start_s[place], film.end_s[place]
        # By start, so whatever begins after the end is no concern.
        last = int(film.start_s.searchsorted(end))
        meeting = ((film.end_s[:last] > start) & (film.person[:last] != person.number)).nonzero()[0]
        for other in meeting.tolist():
            begin, finish = max(start, film.start_s[other]), min(end, film.end_s[other])
            shared[int(film.person[other])].append((float(begin), float(finish)))
    return {film.people[number]: _union_s(spans) for number, spans in shared.items()}


def _union_s(spans: Iterable[tuple[float, float]]) -> float:
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _total(people: list[Person]) -> ActorTotal:
    longest = max(people, key=lambda person: person.seconds)
    return ActorTotal(longest.key, longest.actor, longest.nconst, sum(person.seconds for person in people), len(people))
