"""The pages over all films: the shelf, series, actors, and the overview, which the API has as well."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.errors import NotFound, WiosError
from wios_assets.lake.scene_search import FoundScene, SceneQuestion
from wios_assets.lake.series import episode_of, find_episodes, screen_time_of
from wios_assets.page import models
from wios_assets.page.proxies import link, route_path
from wios_assets.page.routes.common import PageNumber, Router, SearchQuery, content_response, json_response, paged
from wios_assets.page.routes.films import WantedFilms, film_entry
from wios_assets.page.state.actors import actor_photos, actor_sheet, actor_totals
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import FilmMap, Person
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.outliers import actor_outliers
from wios_assets.page.state.overview import Overview, Overviews
from wios_assets.page.state.scenes import answer_question
from wios_assets.page.state.shelf import SORTS, STATES, Shelf
from wios_assets.settings import Settings

_FILMS_PER_PAGE = 24
_ACTORS_PER_PAGE = 60
_FILMS_PER_ACTOR_PAGE = 10
_FIRST_APPEARANCES = 12
_SORT_NAMES = {
    "title": "by title",
    "year": "newest first",
    "length": "longest first",
    "unknown": "most unknown first",
    "added": "recently added",
}


def library_router(
    settings: Settings, catalog: Catalog, states: FilmStates, shelf: Shelf, environment: Environment
) -> APIRouter:
    """Routes of the pages /, /series/…, /actors, /actor/… and /overview, and of /api/overview."""
    router = Router()
    overviews = Overviews(shelf, states)

    def html(request: Request, template: str, **values: Any) -> Response:
        text = environment.get_template(template).render(path=route_path(request.scope), **values)
        return content_response(request, text.encode(), "text/html; charset=utf-8")

    @router.get("/", include_in_schema=False)
    def films_page(request: Request, wanted: WantedFilms, q: SearchQuery = "", page: PageNumber = 1) -> Response:
        query = replace(wanted, words=q)
        films = shelf.films(query)
        shown, page, pages = paged(films, page, _FILMS_PER_PAGE)
        return html(
            request,
            "films.html",
            films=by_season([{**film_entry(each), "hits": each.hit.people} for each in shown]),
            total=len(films),
            pages=paging(link("/"), q, page, pages, **query.parameters()),
            q=q,
            query=query,
            sorts={sort: _SORT_NAMES[sort] for sort in SORTS},
            states=STATES,
            inbox=str(settings.films),
        )

    @router.get("/series/{name:key}", include_in_schema=False)
    def series_page(request: Request, name: str) -> Response:
        with catalog.library() as library:
            episodes = find_episodes(library, name)
            people = screen_time_of(library, episodes)
        return html(request, "series.html", name=name, episodes=episodes, people=people)

    @router.get("/actors", include_in_schema=False)
    def actors_page(request: Request, q: SearchQuery = "", page: PageNumber = 1) -> Response:
        totals = actor_totals(catalog, q)
        shown, page, pages = paged(totals, page, _ACTORS_PER_PAGE)
        return html(
            request, "actors.html", actors=shown, total=len(totals), pages=paging(link("/actors"), q, page, pages), q=q
        )

    @router.get("/actor/{key:key}", include_in_schema=False)
    def actor_page(request: Request, key: str, page: PageNumber = 1) -> Response:
        sheet = actor_sheet(catalog, key)
        if sheet is None:
            raise NotFound(f"nobody called {key!r} is seen in any film")
        shown, page, pages = paged(sheet.films, page, _FILMS_PER_ACTOR_PAGE)
        return html(
            request,
            "actor.html",
            sheet=sheet,
            films=shown,
            pages=paging(link(f"/actor/{quote(key, safe='')}"), "", page, pages),
            appearances=_appearances,
            longest=_longest,
            photos=actor_photos(catalog, sheet),
            scenes=_telling_scenes(catalog, sheet.total.key),
            scene_link=lambda scene: link(f"/film/{quote(scene.film['film'], safe='')}?t={scene.start_s:.2f}"),
            find_link=lambda other: link(f"/find?{urlencode([('with', sheet.total.key), ('with', other)])}"),
            outliers=actor_outliers(catalog, sheet.total.key),
        )

    @router.get("/overview", include_in_schema=False)
    def overview_page(request: Request) -> Response:
        return html(request, "overview.html", overview=overviews.now())

    @router.get(
        "/api/overview",
        response_model=models.OverviewDocument,
        summary="Figures over all films: hours, shares of names, most seen, what waits, runs, speed, disk",
        tags=["WIOS"],
        responses={404: {"model": models.Reason, "description": "It does not exist"}, 400: {"model": models.Reason}},
    )
    def overview(request: Request) -> Response:
        return json_response(request, _overview_values(overviews.now()))

    return router


def by_season(films: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Films in groups: those of each season of a series together, where its first one is; the others as they come.

    Returns:
        series (None for films that are no episodes), season (None for absolute numbers), name (what `episodes_asked`
        finds the season by) and films of each group.
    """
    groups: list[dict[str, Any]] = []
    seasons: dict[tuple[str, int | None], dict[str, Any]] = {}
    for film in films:
        episode = episode_of(film["key"])
        series, season = (episode.series, episode.season) if episode is not None else (None, None)
        group = seasons.get((series, season)) if series is not None else groups[-1] if groups else None
        if group is None or group["series"] != series:
            name = series if season is None else f"{series} S{season:02d}"
            group = {"series": series, "season": season, "name": name, "films": []}
            groups.append(group)
            if series is not None:
                seasons[(series, season)] = group
        group["films"].append(film)
    return groups


def paging(path: str, query: str, page: int, pages: int, **more: str) -> dict[str, Any]:
    """Number of the page, number of pages, and links to the pages before and after."""

    def link_to(number: int) -> str | None:
        values = (*more.items(), ("q", query), ("page", number))
        parameters = {name: value for name, value in values if value not in ("", 1)}
        return (f"{path}?{urlencode(parameters)}" if parameters else path) if 1 <= number <= pages else None

    return {"page": page, "pages": pages, "before": link_to(page - 1), "after": link_to(page + 1)}


def _appearances(film: FilmMap, person: Person) -> list[dict[str, Any]]:
    return [
        {
            "start_s": float(film.start_s[index]),
            "end_s": float(film.end_s[index]),
            "face": int(film.face[index]),
            "probability": float(film.probability[index]),
        }
        for index in film.appearances_of(person.number)
    ]


def _longest(appearances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The longest appearances, by start."""
    by_length = sorted(appearances, key=lambda each: each["start_s"] - each["end_s"])
    return sorted(by_length[:_FIRST_APPEARANCES], key=lambda each: each["start_s"])


def _telling_scenes(catalog: Catalog, key: str) -> dict[str, FoundScene]:
    """The first scene of the oldest film and the longest scene of all; empty where they cannot be read."""
    try:
        answer = answer_question(catalog, SceneQuestion((key,), order="longest"))
    except WiosError:
        return {}
    if not len(answer):
        return {}
    first = min(answer.scenes(), key=lambda each: (each.film["year"] or 9999, each.film["film"], each.start_s))
    return {"First scene": first, "Longest scene": answer.scenes(0, 1)[0]}


def _overview_values(overview: Overview) -> dict[str, Any]:
    values = asdict(overview)
    for name in ("named_share", "unknown_share"):
        values[name] = round(values[name], 4) if values[name] is not None else None
    values["hours"] = round(overview.hours, 3)
    values["speed"] = round(overview.speed, 3) if overview.speed is not None else None
    values["most_seen"] = [{**each, "seconds": round(each["seconds"], 3)} for each in values["most_seen"]]
    return values
