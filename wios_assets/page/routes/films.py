"""The API under /api: films, who is on screen, appearances, minutes, screen time, actors, exports."""

from __future__ import annotations

import math
import time
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.errors import WiosError
from wios_assets.exports import MEDIA_TYPES, Format, What, default_format, export_bytes
from wios_assets.exports.documents import AppearancesDocument, MinutesDocument, ScreenTimeDocument
from wios_assets.lake.library import Row
from wios_assets.lake.prediction_log import Answer, PredictionLog
from wios_assets.lake.questions import UnknownFilm
from wios_assets.page import models
from wios_assets.page.routes.responses import answer, json_answer
from wios_assets.page.state import actors
from wios_assets.page.state.film_map import NOBODY, FilmMap, number_or_none
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.library_cache import Hit, Shelf
from wios_assets.tables import TABLES
from wios_assets.timeline.clock import format_clock, parse_clock

MOST_A_PAGE = 200
_LONGEST_QUERY = 200
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Reason, "description": "Not asked as it should be"},
    404: {"model": models.Reason, "description": "There is no such thing"},
}

FilmKey = Annotated[str, Path(description="Key or title of the film, or the beginning of either")]
Words = Annotated[str, Query(max_length=_LONGEST_QUERY, description="Words to look for")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="Page, from 1")]
PageSize = Annotated[int, Query(ge=1, le=MOST_A_PAGE, description="Entries a page")]
Entry = TypeVar("Entry")


def api_router(shelf: Shelf, states: FilmStates, log: PredictionLog) -> APIRouter:
    """Routes over the films of `shelf`."""
    router = APIRouter(prefix="/api", tags=["WIOS"], responses=REFUSALS)

    @router.get("/films", response_model=models.FilmList, summary="Films, by title, actor or character")
    def films(request: Request, q: Words = "", page: PageNumber = 1, per_page: PageSize = 50) -> Response:
        entries = film_entries(shelf, states, q)
        shown, page, pages = page_of(entries, page, per_page)
        listed = [film_entry(row, states) for row in shown]
        return json_answer(request, {"total": len(entries), "page": page, "pages": pages, "films": listed})

    @router.get("/films/{film:key}/who", response_model=models.Who, summary="Who is on screen at an instant")
    def who(
        request: Request,
        film: FilmKey,
        t: Annotated[str, Query(max_length=40, description="Seconds, mm:ss or hh:mm:ss")],
        source: Annotated[Literal["api", "page"], Query(description="Who asks, for `prediction_log`")] = "api",
    ) -> Response:
        started = time.perf_counter()
        found = shelf.map(find_film(shelf, film))
        seconds = instant(found, t)
        people = [_on_screen(found, place) for place in found.at(seconds)]
        value = {"film": found.film["film"], "time_s": round(seconds, 3), "people": people}
        sent = json_answer(request, value, f"{found.etag}-{seconds:.3f}")
        log.note(_logged(found, seconds, people, source, time.perf_counter() - started))
        return sent

    @router.get(
        "/films/{film:key}/appearances",
        response_model=AppearancesDocument,
        summary="Intervals in which each person is on screen",
    )
    def appearances(request: Request, film: FilmKey) -> Response:
        return _document(shelf, request, film, "appearances")

    @router.get("/films/{film:key}/minutes", response_model=MinutesDocument, summary="Who is in which minute")
    def minutes(request: Request, film: FilmKey) -> Response:
        return _document(shelf, request, film, "minutes")

    @router.get(
        "/films/{film:key}/screen-time", response_model=ScreenTimeDocument, summary="How long each person is on screen"
    )
    def screen_time(request: Request, film: FilmKey) -> Response:
        return _document(shelf, request, film, "screen-time")

    @router.get("/films/{film:key}/export", summary="A film's export, as `wios export` writes it", response_model=None)
    def export(request: Request, film: FilmKey, what: What = "appearances", format: Format | None = None) -> Response:
        row = find_film(shelf, film)
        format = format or default_format(what)
        with shelf.library() as library:
            try:
                content = export_bytes(library, row["film"], what, format)
            except WiosError as error:
                raise HTTPException(400, str(error)) from None
        sent = answer(request, content, MEDIA_TYPES[format])
        name = quote(f"{row['film']}.{what}.{format}", safe="")
        sent.headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
        return sent

    @router.get("/films/{film:key}", response_model=models.FilmEntry, summary="One film and its state")
    def film_(request: Request, film: FilmKey) -> Response:
        waiting = states.waiting(set(shelf.films()))
        row = _waiting_row(film, waiting[film].path) if film in waiting else find_film(shelf, film)
        return json_answer(request, film_entry(Hit(row, ()), states))

    @router.get("/actors", response_model=models.ActorList, summary="Cast members seen in any film")
    def actors_(request: Request, q: Words = "", page: PageNumber = 1, per_page: PageSize = 50) -> Response:
        found = actors.all_actors(shelf, q)
        shown, page, pages = page_of(found, page, per_page)
        listed = [_actor_entry(total) for total in shown]
        return json_answer(request, {"total": len(found), "page": page, "pages": pages, "actors": listed})

    @router.get("/actors/{actor:key}", response_model=models.ActorSheet, summary="One cast member over all films")
    def actor_(
        request: Request, actor: Annotated[str, Path(description="IMDB's key of the person, or the name")]
    ) -> Response:
        found = actors.sheet(shelf, actor)
        if found is None:
            raise HTTPException(404, f"nobody called {actor!r} is seen in any film; /api/actors names them all")
        return json_answer(
            request,
            {
                **_actor_entry(found.total),
                "in_films": [
                    {
                        "key": film.film["film"],
                        "title": film.film["title"],
                        "year": film.film["year"],
                        "character": person.character,
                        "seconds": round(person.seconds, 3),
                        "share": round(person.share, 4),
                        "appearances": person.appearances,
                    }
                    for film, person in found.films
                ],
                "companions": [
                    {"actor": name, "key": key, "seconds": round(seconds, 3)} for name, key, seconds in found.companions
                ],
            },
        )

    @router.get(
        "/tables/{table:key}/columns", response_model=models.TableEntry, summary="Columns of a table of the lake"
    )
    def columns(request: Request, table: str) -> Response:
        known = TABLES.get(table)
        if known is None:
            raise HTTPException(404, f"there is no table {table!r}; there are {', '.join(TABLES)}")
        listed = [{"name": c.name, "type": str(c.type), "meaning": c.meaning} for c in known.columns]
        return json_answer(request, {"table": known.name, "row": known.row, "columns": listed})

    return router


def find_film(shelf: Shelf, asked: str) -> Row:
    """The film's row of the table `library`; a refusal with 404 where there is none, 400 where several are meant."""
    try:
        return shelf.find(asked)
    except UnknownFilm as error:
        raise HTTPException(404, str(error)) from None
    except WiosError as error:
        raise HTTPException(400, str(error)) from None


def instant(film: FilmMap, text: str) -> float:
    """Seconds that `text` says, inside the film; a refusal with 400 otherwise."""
    try:
        seconds = parse_clock(text)
    except WiosError as error:
        raise HTTPException(400, str(error)) from None
    if seconds > film.duration_s:
        raise HTTPException(
            400,
            f"{seconds:.3f} s is outside the film {film.film['film']!r}, which lasts {film.duration_s:.3f} s "
            f"({format_clock(math.floor(film.duration_s))})",
        )
    return seconds


def film_entries(shelf: Shelf, states: FilmStates, words: str) -> list[Hit]:
    """Films that a search finds: those that wait to be ready first, then by title."""
    ready = shelf.films()
    waiting = states.waiting(set(ready))
    rows = [Hit(_waiting_row(key, entry.path), ()) for key, entry in waiting.items()]
    wanted = words.casefold().split()
    rows = [hit for hit in rows if all(word in hit.film["film"].casefold() for word in wanted)]
    return [*rows, *shelf.search(words)]


def film_entry(hit: Hit, states: FilmStates) -> dict[str, Any]:
    """A film as the API lists it."""
    row = hit.film
    ready = row["duration_s"] is not None
    state = states.of(row["film"], ready)
    return {
        "key": row["film"],
        "title": row["title"],
        "year": row["year"],
        "tconst": row["tconst"],
        "duration_s": round(row["duration_s"], 3) if ready else None,
        "present": row["present"],
        "state": state.kind,
        "progress": round(state.share, 4) if state.share is not None else None,
        "reason": state.reason,
        "people": row["people"],
        "unknown_people": row["unknown_people"],
        "appearances": row["appearances"],
        "found": [person.actor for person in hit.people],
    }


def page_of(entries: list[Entry], page: int, per_page: int) -> tuple[list[Entry], int, int]:
    """The entries of a page (the last one where `page` is beyond it), its number, and how many pages there are."""
    pages = max(1, math.ceil(len(entries) / per_page))
    page = min(page, pages)
    return entries[(page - 1) * per_page : page * per_page], page, pages


def chip_path(film: str, face: int) -> str:
    """Path under which the page serves a face chip."""
    return f"/chip/{face}/{quote(film, safe='')}"


def _logged(film: FilmMap, seconds: float, people: list[dict[str, Any]], source: str, took_s: float) -> Answer:
    return Answer(
        asked_s=time.time(),
        film=film.film["film"],
        time_s=seconds,
        actors=[person["actor"] for person in people],
        probabilities=[person["probability"] for person in people],
        model_hash=film.model_hash,
        map_state=film.etag,
        source=source,
        duration_s=took_s,
    )


def _on_screen(film: FilmMap, place: int) -> dict[str, Any]:
    person = film.people[film.person[place]]
    face = int(film.face[place])
    return {
        "actor": person.actor,
        "kind": person.kind,
        "nconst": person.nconst,
        "character": person.character,
        "probability": number_or_none(float(film.probability[place]), 4),
        "start_s": round(float(film.start_s[place]), 3),
        "end_s": round(float(film.end_s[place]), 3),
        "distance": number_or_none(float(film.distance[place]), 4),
        "runner_up": film.runner_up[place],
        "runner_up_distance": number_or_none(float(film.runner_up_distance[place]), 4),
        "photos": film.photos[place],
        "reason": film.reason[place],
        "chip": chip_path(film.film["film"], face) if face != NOBODY else None,
    }


def _document(shelf: Shelf, request: Request, film: str, what: What) -> Response:
    row = find_film(shelf, film)
    with shelf.library() as library:
        return answer(request, export_bytes(library, row["film"], what, "json"), "application/json")


def _actor_entry(total: actors.ActorTotal) -> dict[str, Any]:
    return {
        "key": total.key,
        "actor": total.actor,
        "nconst": total.nconst,
        "seconds": round(total.seconds, 3),
        "films": total.films,
    }


def _waiting_row(key: str, path: str) -> Row:
    """A film that cannot be asked about yet, in the columns of the table `library`."""
    return {
        **dict.fromkeys(("year", "tconst", "duration_s")),
        "film": key,
        "title": key,
        "path": path,
        "present": True,
        **dict.fromkeys(("people", "unknown_people", "appearances"), 0),
        "named_seconds": 0.0,
    }
