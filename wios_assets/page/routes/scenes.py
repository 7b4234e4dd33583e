"""Questions over all films: the page /find and /api/scenes, with the same parameters."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.errors import WiosError
from wios_assets.lake.scene_search import ORDERS, FoundScene, Order, SceneQuestion, question_sentence, scene_values
from wios_assets.notation import parse_clock
from wios_assets.page import models
from wios_assets.page.proxies import link, route_path
from wios_assets.page.routes.common import REFUSALS, PageNumber, PageSize, Router, content_response, json_response
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.scenes import answer_question, seen_people

_SCENES_PER_PAGE = 60
_MOST_NAMES = 2000
Person = Annotated[str, Query(max_length=200)]
People = Annotated[list[Person], Query(alias="with", max_length=20, description="Name or nconst; all are in the scene")]
Without = Annotated[list[Person], Query(max_length=20, description="Name or nconst of somebody who is not in it")]
Over = Annotated[str, Query(max_length=40, description="Least length: seconds, mm:ss or hh:mm:ss")]
First = Annotated[bool, Query(description="Only the first scene of each film")]
Together = Annotated[bool, Query(description="All are in the picture at once")]
Sort = Annotated[Order, Query(description="The oldest film first, or the longest or surest scenes")]


def scenes_router(catalog: Catalog, environment: Environment) -> APIRouter:
    """Routes of the page /find and of /api/scenes."""
    router = Router()

    @router.get(
        "/api/scenes",
        response_model=models.SceneList,
        summary="Scenes over all films with some people, without others, the first ones, or over a length",
        tags=["WIOS"],
        responses=REFUSALS,
    )
    def list_scenes(
        request: Request,
        people: People,
        without: Without = [],  # noqa: B006 - FastAPI copies it.
        over: Over = "0",
        first: First = False,
        together: Together = False,
        sort: Sort = "film",
        page: PageNumber = 1,
        per_page: PageSize = 50,
    ) -> Response:
        answer = answer_question(catalog, _question(people, without, over, first, together, sort))
        pages = max(1, -(-len(answer) // per_page))
        page = min(page, pages)
        scenes = answer.scenes((page - 1) * per_page, page * per_page)
        value = {
            "people": answer.people,
            "without": answer.without,
            "total": len(answer),
            "films": answer.film_count,
            "seconds": round(answer.seconds, 3),
            "page": page,
            "pages": pages,
            "scenes": [{**scene_values(each), "link": _film_link(each.film["film"], each.start_s)} for each in scenes],
        }
        return json_response(request, value)

    @router.get("/find", include_in_schema=False)
    def find_page(
        request: Request,
        people: People = [],  # noqa: B006 - FastAPI copies it.
        without: Without = [],  # noqa: B006 - FastAPI copies it.
        over: Over = "",
        first: First = False,
        together: Together = False,
        sort: Sort = "film",
        page: PageNumber = 1,
    ) -> Response:
        people, without = ([name for name in names if name.strip()] for names in (people, without))
        values: dict[str, Any] = {
            "people": people, "without": without, "over": over, "first": first, "together": together, "sort": sort,
            "orders": ORDERS, "sentence": None, "refusal": None, "scenes": [], "pages": {"pages": 1},
        }  # fmt: skip
        status = 200
        if people:
            try:
                question = _question(people, without, over or "0", first, together, sort)
                answer = answer_question(catalog, question)
            except WiosError as error:
                values["refusal"], status = str(error), error.http_status
            else:
                pages = max(1, -(-len(answer) // _SCENES_PER_PAGE))
                page = min(page, pages)
                values["sentence"] = question_sentence(question, answer)
                values["scenes"] = [
                    (each, _film_link(each.film["film"], each.start_s))
                    for each in answer.scenes((page - 1) * _SCENES_PER_PAGE, page * _SCENES_PER_PAGE)
                ]
                values["pages"] = {
                    "page": page, "pages": pages,
                    "before": _page_link(question, page - 1) if page > 1 else None,
                    "after": _page_link(question, page + 1) if page < pages else None,
                }  # fmt: skip
        values["frame"] = _frame_link
        values["names"] = seen_people(catalog)[:_MOST_NAMES]
        text = environment.get_template("find.html").render(path=route_path(request.scope), **values)
        response = content_response(request, text.encode(), "text/html; charset=utf-8")
        if status != 200:
            response.status_code = status
        return response

    return router


def _question(
    people: list[str], without: list[str], over: str, first: bool, together: bool, sort: Order
) -> SceneQuestion:
    names = [tuple(dict.fromkeys(each.strip() for each in asked)) for asked in (people, without)]
    return SceneQuestion(names[0], names[1], parse_clock(over), first, together, sort)


def _film_link(film: str, start_s: float) -> str:
    return link(f"/film/{quote(film, safe='')}?t={start_s:.2f}")


def _frame_link(scene: FoundScene) -> str:
    """A small picture of a scene."""
    return link(f"/frame/{quote(scene.film['film'], safe='')}?t={scene.picture_s:.2f}&small=true")


def _page_link(question: SceneQuestion, page: int) -> str:
    return link(f"/find?{urlencode([*question.parameters(), ('page', page)])}")
