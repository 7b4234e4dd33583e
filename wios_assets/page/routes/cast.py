"""The cast of a film with its photos: the page /cast/…, adding photos, and their verdicts at once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wios_assets.errors import NotFound
from wios_assets.page import models
from wios_assets.page.proxies import route_path
from wios_assets.page.routes.common import (
    REFUSALS,
    Router,
    content_response,
    json_response,
    picture_response,
)
from wios_assets.page.state.cast_photos import CastMember, CastPhotos

_BODY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
FilmKey = Annotated[str, Path(description="Key of the film")]
Actor = Annotated[str, Query(max_length=200, description="Name or nconst of the cast member")]
FileName = Annotated[str, Query(max_length=300, description="Name of the photo's file")]
PhotoPath = Annotated[str, Query(max_length=4096)]


def cast_router(photos: CastPhotos, environment: Environment) -> APIRouter:
    """Routes of the page and of /api/films/…/photos."""
    router = Router()

    @router.get("/cast/{film:key}", include_in_schema=False)
    def cast_page(request: Request, film: str) -> Response:
        text = environment.get_template("cast.html").render(
            path=route_path(request.scope), film=film, cast=photos.cast(film)
        )
        return content_response(request, text.encode(), "text/html; charset=utf-8")

    @router.get("/cast-photo/{film:key}", include_in_schema=False)
    def cast_photo(request: Request, film: str, of: PhotoPath) -> Response:
        jpeg = photos.thumbnail(film, of)
        if jpeg is None:
            raise NotFound(f"no photo {of!r} belongs to the cast of the film {film!r}")
        return picture_response(request, jpeg)

    @router.get(
        "/api/films/{film:key}/photos",
        response_model=models.CastPhotosDocument,
        summary="The cast of a film with its photos and their verdicts",
        tags=["WIOS"],
        responses=REFUSALS,
    )
    def list_photos(request: Request, film: FilmKey) -> Response:
        return json_response(request, _document(film, photos.cast(film)))

    @router.post(
        "/api/films/{film:key}/photos",
        status_code=201,
        response_model=models.PhotoEntry,
        summary="Add a photo of a cast member to the galleries",
        tags=["WIOS"],
        responses={**REFUSALS, 409: {"model": models.Reason, "description": "The photo is there already"}},
        openapi_extra={"requestBody": {"required": True, "content": _BODY}},
    )
    async def add_photo(request: Request, film: FilmKey, actor: Actor, name: FileName) -> Response:
        content = await request.body()
        photo = await run_in_threadpool(photos.add, film, actor, name, content)
        return JSONResponse(vars(photo), status_code=201)

    @router.post(
        "/api/films/{film:key}/verdicts",
        response_model=models.CastPhotosDocument,
        summary="Judge the photos of a film's cast now, without a run",
        tags=["WIOS"],
        responses=REFUSALS,
    )
    def judge(film: FilmKey) -> Response:
        return JSONResponse(_document(film, photos.judge(film)))

    return router


def _document(film: str, cast: list[CastMember]) -> dict[str, Any]:
    members = [{**vars(each), "photos": [vars(photo) for photo in each.photos], "usable": each.usable} for each in cast]
    return {"film": film, "cast": members}
