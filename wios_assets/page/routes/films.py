"""The API of films, actors and tables, under /api."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wios_assets.errors import BadInput, NotFound
from wios_assets.exports.documents import AppearancesDocument, MinutesDocument, ScreenTimeDocument
from wios_assets.exports.files import export_bytes
from wios_assets.exports.formats import MEDIA_TYPES, Format, What, default_format
from wios_assets.lake.library import Row
from wios_assets.lake.prediction_log import Answer, PredictionLog
from wios_assets.lake.series import episode_of, find_episodes, screen_time_of
from wios_assets.notation import format_clock, parse_clock
from wios_assets.page import models
from wios_assets.page.film_retries import FilmRetries
from wios_assets.page.routes.common import (
    REFUSALS,
    FilmKey,
    PageNumber,
    PageSize,
    Router,
    SearchQuery,
    chip_path,
    content_response,
    json_response,
    paged,
)
from wios_assets.page.state.actors import ActorTotal, actor_sheet, actor_totals
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import NO_FACE, FilmMap, number_or_none
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.shelf import Shelf, ShelfFilm, ShelfQuery, Sort, StateFilter, waiting_row
from wios_assets.tables import TABLES
from wios_assets.timeline.coverage import is_readable


def _empty_is_none(value: Any) -> Any:
    """A form sends its empty fields as well."""
    return None if value == "" else value


_OrNone = BeforeValidator(_empty_is_none)
_Positive = Annotated[float, Field(ge=0)]
_Portion = Annotated[float, Field(ge=0, le=1)]


def wanted_films(
    sort: Annotated[
        Sort, Query(description="By title, or the newest, longest, least named or last added first")
    ] = "title",
    state: Annotated[StateFilter, Query(description="Only films of this state")] = "",
    year_from: Annotated[int | None, _OrNone, Query(description="First year of release")] = None,
    year_to: Annotated[int | None, _OrNone, Query(description="Last year of release")] = None,
    minutes_from: Annotated[_Positive | None, _OrNone, Query(description="Least length in minutes")] = None,
    minutes_to: Annotated[_Positive | None, _OrNone, Query(description="Greatest length in minutes")] = None,
    unknown_from: Annotated[
        _Portion | None, _OrNone, Query(description="Least share of unknown people's time on screen")
    ] = None,
) -> ShelfQuery:
    """Parameters of /api/films and of the page of films, besides the words."""
    return ShelfQuery("", state, year_from, year_to, minutes_from, minutes_to, unknown_from, sort)


WantedFilms = Annotated[ShelfQuery, Depends(wanted_films)]


def films_router(
    catalog: Catalog, states: FilmStates, shelf: Shelf, retries: FilmRetries, log: PredictionLog
) -> APIRouter:
    """Routes over the films of `catalog`; answers to `who` go into `log`."""
    router = Router(prefix="/api", tags=["WIOS"], responses=REFUSALS)

    @router.get("/films", response_model=models.FilmList, summary="Films, by title, actor or character")
    def list_films(
        request: Request, wanted: WantedFilms, q: SearchQuery = "", page: PageNumber = 1, per_page: PageSize = 50
    ) -> Response:
        films = shelf.films(replace(wanted, words=q))
        shown, page, pages = paged(films, page, per_page)
        entries = [film_entry(each) for each in shown]
        return json_response(request, {"total": len(films), "page": page, "pages": pages, "films": entries})

    @router.get("/films/{film:key}/who", response_model=models.Who, summary="Who is on screen at an instant")
    def who(
        request: Request,
        film: FilmKey,
        t: Annotated[str, Query(max_length=40, description="Seconds, mm:ss or hh:mm:ss")],
        source: Annotated[Literal["api", "page"], Query(description="Who asks, for `prediction_log`")] = "api",
    ) -> Response:
        started = time.perf_counter()
        film_map = catalog.map(catalog.find(film))
        seconds = _instant(film_map, t)
        people = [_on_screen(film_map, index) for index in film_map.appearances_at(seconds)]
        readable = is_readable(film_map.unreadable, seconds)
        value = {"film": film_map.key, "time_s": round(seconds, 3), "readable": readable, "people": people}
        response = json_response(request, value, f"{film_map.etag}-{seconds:.3f}")
        log.note(
            Answer(
                asked_s=time.time(),
                film=film_map.key,
                time_s=seconds,
                actors=[person["actor"] for person in people],
                probabilities=[person["probability"] for person in people],
                model_hash=film_map.model_hash,
                map_state=film_map.etag,
                source=source,
                duration_s=time.perf_counter() - started,
            )
        )
        return response

    @router.get(
        "/films/{film:key}/appearances",
        response_model=AppearancesDocument,
        summary="Intervals in which each person is on screen",
    )
    def appearances(request: Request, film: FilmKey) -> Response:
        return document(request, film, "appearances")

    @router.get("/films/{film:key}/minutes", response_model=MinutesDocument, summary="Who is in which minute")
    def minutes(request: Request, film: FilmKey) -> Response:
        return document(request, film, "minutes")

    @router.get(
        "/films/{film:key}/screen-time", response_model=ScreenTimeDocument, summary="How long each person is on screen"
    )
    def screen_time(request: Request, film: FilmKey) -> Response:
        return document(request, film, "screen-time")

    @router.get(
        "/series/{name:key}/screen-time",
        response_model=models.SeriesScreenTime,
        summary="How long each cast member is on screen over a season or series",
    )
    def series_screen_time(
        request: Request,
        name: Annotated[str, Path(description="`Fargo (2014)` for all its seasons, `Fargo (2014) S01` for one")],
    ) -> Response:
        with catalog.library() as library:
            episodes = find_episodes(library, name)
            people = screen_time_of(library, episodes)
        rounded = [{**each, "seconds": round(each["seconds"], 3), "share": round(each["share"], 4)} for each in people]
        return json_response(request, {"episodes": [row["film"] for row in episodes], "people": rounded})

    @router.get("/films/{film:key}/export", summary="A film's export, as `wios export` writes it", response_model=None)
    def export(
        request: Request,
        film: FilmKey,
        what: Annotated[What, Query(description="What is exported")] = "appearances",
        format: Annotated[Format | None, Query(description="Its format; without one, the first that fits")] = None,
    ) -> Response:
        key = catalog.find(film)["film"]
        format = format or default_format(what)
        with catalog.library() as library:
            response = content_response(request, export_bytes(library, key, what, format), MEDIA_TYPES[format])
        name = quote(f"{key}.{what}.{format}", safe="")
        response.headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
        return response

    @router.post(
        "/films/{film:key}/runs",
        status_code=202,
        response_model=models.FilmEntry,
        summary="Run a film again whose newest run failed",
        responses={409: {"model": models.Reason, "description": "It is being run, or nothing failed"}},
    )
    def run_again(film: FilmKey) -> Response:
        row = film_row(film)
        retries.ask(row["film"], row["duration_s"] is not None)
        return JSONResponse(film_entry(shelf.film(row)), status_code=202)

    @router.get("/films/{film:key}", response_model=models.FilmEntry, summary="One film and its state")
    def show_film(request: Request, film: FilmKey) -> Response:
        return json_response(request, film_entry(shelf.film(film_row(film))))

    def film_row(film: str) -> Row:
        waiting = states.waiting(set(catalog.films()))
        return waiting_row(film, waiting[film].path) if film in waiting else catalog.find(film)

    @router.get("/actors", response_model=models.ActorList, summary="Cast members seen in any film")
    def list_actors(request: Request, q: SearchQuery = "", page: PageNumber = 1, per_page: PageSize = 50) -> Response:
        totals = actor_totals(catalog, q)
        shown, page, pages = paged(totals, page, per_page)
        entries = [_actor_entry(total) for total in shown]
        return json_response(request, {"total": len(totals), "page": page, "pages": pages, "actors": entries})

    @router.get("/actors/{actor:key}", response_model=models.ActorSheet, summary="One cast member over all films")
    def show_actor(
        request: Request, actor: Annotated[str, Path(description="IMDB's key of the person, or the name")]
    ) -> Response:
        sheet = actor_sheet(catalog, actor)
        if sheet is None:
            raise NotFound(f"nobody called {actor!r} is seen in any film; /api/actors lists all actors")
        in_films = [
            {
                "key": film.key,
                "title": film.film["title"],
                "year": film.film["year"],
                "character": person.character,
                "seconds": round(person.seconds, 3),
                "share": round(person.share, 4),
                "appearances": person.appearances,
            }
            for film, person in sheet.films
        ]
        companions = [{"actor": name, "key": key, "seconds": round(s, 3)} for name, key, s in sheet.companions]
        return json_response(request, {**_actor_entry(sheet.total), "in_films": in_films, "companions": companions})

    @router.get(
        "/tables/{table:key}/columns", response_model=models.TableEntry, summary="Columns of a table of the lake"
    )
    def show_table(
        request: Request, table: Annotated[str, Path(description="Name of the table, such as appearances")]
    ) -> Response:
        known = TABLES.get(table)
        if known is None:
            raise NotFound(f"there is no table {table!r}; there are {', '.join(TABLES)}")
        columns = [{"name": c.name, "type": c.type, "meaning": c.meaning} for c in known.columns]
        return json_response(request, {"table": known.name, "row": known.row, "columns": columns})

    def document(request: Request, film: str, what: What) -> Response:
        key = catalog.find(film)["film"]
        with catalog.library() as library:
            return content_response(request, export_bytes(library, key, what, "json"), "application/json")

    return router


def film_entry(each: ShelfFilm) -> dict[str, Any]:
    """A film as the API lists it."""
    row, state = each.hit.film, each.state
    ready = row["duration_s"] is not None
    episode = episode_of(row["film"])
    return {
        "key": row["film"],
        "series": episode.series if episode is not None else None,
        "season": episode.season if episode is not None else None,
        "title": row["title"],
        "year": row["year"],
        "tconst": row["tconst"],
        "duration_s": round(row["duration_s"], 3) if ready else None,
        "present": row["present"],
        "state": state.kind,
        "progress": number_or_none(state.share, 4),
        "reason": state.reason,
        "run": state.run,
        "stale": bool(state.stale),
        "stale_tables": list(state.stale),
        "people": row["people"],
        "unknown_people": row["unknown_people"],
        "appearances": row["appearances"],
        "unknown_share": number_or_none(each.unknown_share, 4),
        "added_at": datetime.fromtimestamp(each.added_s, UTC).isoformat(timespec="seconds") if each.added_s else None,
        "found": [person.actor for person in each.hit.people],
    }


def _instant(film: FilmMap, text: str) -> float:
    """The instant that `text` says, in seconds.

    Raises:
        BadInput: not a time, or outside of the film.
    """
    seconds = parse_clock(text)
    if seconds > film.duration_s:
        raise BadInput(
            f"{seconds:.3f} s is outside the film {film.key!r}, which lasts {film.duration_s:.3f} s "
            f"({format_clock(math.floor(film.duration_s))})"
        )
    return seconds


def _on_screen(film: FilmMap, index: int) -> dict[str, Any]:
    person = film.people[film.person[index]]
    face = int(film.face[index])
    return {
        "actor": person.actor,
        "kind": person.kind,
        "nconst": person.nconst,
        "character": person.character,
        "probability": number_or_none(float(film.probability[index]), 4),
        "start_s": round(float(film.start_s[index]), 3),
        "end_s": round(float(film.end_s[index]), 3),
        "distance": number_or_none(float(film.distance[index]), 4),
        "runner_up": film.runner_up[index],
        "runner_up_distance": number_or_none(float(film.runner_up_distance[index]), 4),
        "photos": film.photos[index],
        "reason": film.reason[index],
        "perhaps": [{"actor": actor, "probability": round(p, 4)} for actor, p in film.perhaps[index]],
        "numbers": person.numbers,
        "chip": chip_path(film.key, face) if face != NO_FACE else None,
    }


def _actor_entry(total: ActorTotal) -> dict[str, Any]:
    return {
        "key": total.key,
        "actor": total.actor,
        "nconst": total.nconst,
        "seconds": round(total.seconds, 3),
        "films": total.films,
    }
