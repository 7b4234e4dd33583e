"""Bringing a film: the page with its form, a request's own page, and /api/requests."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path
from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from wios_assets.errors import WiosError
from wios_assets.films.inbox import VIDEO_EXTENSIONS, discover
from wios_assets.films.sidecar import TCONST, Sidecar
from wios_assets.page import models
from wios_assets.page.routes.films import PageNumber, PageSize, page_of
from wios_assets.page.routes.responses import answer, json_answer
from wios_assets.page.state.film_requests import InboxRequest, InboxRequests
from wios_assets.page.state.library_cache import Shelf
from wios_assets.page.uploads import CutOff, check_space, receive
from wios_assets.settings import Settings

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Reason, "description": "Not asked as it should be"},
    404: {"model": models.Reason, "description": "There is no such thing"},
}
RequestId = Annotated[str, Path(description="The request's id")]


class Bring(BaseModel):
    """A film to bring: `file` and `size` of one that is sent, or `path` of one that lies in the inbox."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    file: str | None = Field(default=None, min_length=1, max_length=500, description="Name of the file to be sent")
    size: int | None = Field(default=None, description="Its length in bytes")
    path: str | None = Field(default=None, min_length=1, max_length=1000, description="Path inside of the inbox folder")
    name: str | None = Field(default=None, min_length=1, max_length=200, description="Key to call the film by")
    title: str | None = Field(default=None, min_length=1, max_length=300, description="Title")
    tconst: str | None = Field(default=None, pattern=TCONST, description="IMDB's key of the title")
    cast: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, min_length=1, max_length=500, description="Actors' names, nconsts or names of gallery folders"
    )
    gallery: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Folder of photos, one folder an actor, inside of the galleries folder or the inbox",
    )


class RequestEntry(BaseModel):
    """A film that somebody asked to bring, and where it is on its way."""

    id: str = Field(description="The request's id")
    asked_at: str = Field(description="When it was asked, ISO 8601, UTC")
    file: str = Field(description="The file's name, or its path in the inbox")
    state: str = Field(description="uploading, waiting, frames, faces, names, ready or failed")
    share: float | None = Field(description="Share of that which is done, 0 to 1, where it is known")
    left_s: float | None = Field(description="Seconds until that is done, where it is known")
    reason: str | None = Field(description="Why it failed, or what it waits for")
    film: str | None = Field(description="The film's key, once it is in the inbox")
    page: str = Field(description="Path of the request's page, or of the film's once it is ready")
    upload: str | None = Field(description="Path that the film's bytes are to be PUT to; null once they were")


class RequestList(BaseModel):
    """Requests, the newest first."""

    total: int = Field(description="Requests")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")
    requests: list[RequestEntry]


def request_entry(requests: InboxRequests, asked: InboxRequest) -> dict[str, Any]:
    """A request as the API shows it."""
    standing = requests.standing(asked)
    reason = standing.reason
    if standing.way == "waiting" and not requests.states.daemon_lives():
        reason = "nothing takes films up by itself just now: start `wios ui`, or run the film with `wios run`"
    ready = standing.way == "ready" and asked.film is not None
    return {
        "id": asked.id,
        "asked_at": asked.asked_at,
        "file": asked.file,
        "state": standing.way,
        "share": round(standing.share, 4) if standing.share is not None else None,
        "left_s": round(standing.left_s, 1) if standing.left_s is not None else None,
        "reason": reason,
        "film": asked.film,
        "page": f"/film/{quote(asked.film or '', safe='')}" if ready else f"/request/{asked.id}",
        "upload": f"/api/requests/{asked.id}/film" if asked.phase == "asked" else None,
    }


def bringing_router(settings: Settings, shelf: Shelf, requests: InboxRequests, environment: Environment) -> APIRouter:
    """Routes of the pages /bring and /request/…, and of /api/requests."""
    router = APIRouter()

    def html(request: Request, template: str, **values: Any) -> Response:
        text = environment.get_template(template).render(path=request.url.path, **values)
        return answer(request, text.encode(), "text/html; charset=utf-8")

    def known(id: str) -> InboxRequest:
        asked = requests.get(id)
        if asked is None:
            raise HTTPException(404, f"there is no request {id!r}; /api/requests names them all")
        return asked

    @router.get("/bring", include_in_schema=False)
    def bring(request: Request) -> Response:
        ready = {str(film["path"]) for film in shelf.films().values()}
        found = discover(settings.films).films if settings.films.is_dir() else []
        waiting = [str(film.path.relative_to(settings.films)) for film in found if str(film.path) not in ready]
        newest = [request_entry(requests, asked) for asked in requests.all()[:10]]
        return html(
            request,
            "bring.html",
            inbox=str(settings.films),
            galleries=str(settings.galleries),
            waiting=waiting,
            newest=newest,
            endings=",".join(sorted(VIDEO_EXTENSIONS)),
            most=settings.page.upload_gigabytes,
        )

    @router.get("/request/{id}", include_in_schema=False)
    def request_page(request: Request, id: str) -> Response:
        entry = request_entry(requests, known(id))
        if entry["state"] == "ready":
            return RedirectResponse(entry["page"])
        return html(request, "request.html", entry=entry)

    @router.post(
        "/api/requests",
        status_code=201,
        tags=["WIOS"],
        summary="Bring a film: announce one to be sent, or name one in the inbox",
        response_model=RequestEntry,
        responses=_REFUSALS,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": Bring.model_json_schema()}}}
        },
    )
    async def ask(request: Request) -> Response:
        try:
            wanted = Bring.model_validate_json(await request.body())
            asked = await run_in_threadpool(_asked, requests, wanted)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise HTTPException(400, f"{where}: {first['msg']}") from None
        except WiosError as error:
            raise HTTPException(400, str(error)) from None
        entry = await run_in_threadpool(request_entry, requests, asked)
        return JSONResponse(entry, status_code=201, headers={"location": f"/api/requests/{asked.id}"})

    @router.put(
        "/api/requests/{id}/film",
        tags=["WIOS"],
        summary="Send the announced film, as it is",
        response_model=RequestEntry,
        responses={**_REFUSALS, 409: {"model": models.Reason, "description": "It cannot be received now"}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def send(request: Request, id: RequestId) -> Response:
        asked = known(id)
        length = request.headers.get("content-length")
        if length is not None and int(length) != asked.size:
            raise HTTPException(400, f"{length} bytes are sent and {asked.size} were announced; ask anew")
        try:
            asked = await receive(requests, asked, request.stream())
        except CutOff as error:
            raise HTTPException(400, str(error), headers={"connection": "close"}) from None
        except WiosError as error:
            raise HTTPException(409, str(error), headers={"connection": "close"}) from None
        return json_answer(request, await run_in_threadpool(request_entry, requests, asked))

    @router.get(
        "/api/requests",
        tags=["WIOS"],
        summary="Films that somebody asked to bring, the newest first",
        response_model=RequestList,
        responses=_REFUSALS,
    )
    def listed(request: Request, page: PageNumber = 1, per_page: PageSize = 50) -> Response:
        every = requests.all()
        shown, page, pages = page_of(every, page, per_page)
        entries = [request_entry(requests, asked) for asked in shown]
        return json_answer(request, {"total": len(every), "page": page, "pages": pages, "requests": entries})

    @router.get(
        "/api/requests/{id}",
        tags=["WIOS"],
        summary="One film that somebody asked to bring, and where it is on its way",
        response_model=RequestEntry,
        responses=_REFUSALS,
    )
    def one(request: Request, id: RequestId) -> Response:
        return json_answer(request, request_entry(requests, known(id)))

    return router


def _asked(requests: InboxRequests, wanted: Bring) -> InboxRequest:
    if (wanted.path is None) == (wanted.file is None):
        raise WiosError("say either `file` and `size` of a film to be sent, or `path` of one in the inbox")
    gallery = requests.gallery(wanted.gallery) if wanted.gallery is not None else None
    said = Sidecar(name=wanted.name, title=wanted.title, tconst=wanted.tconst, cast=wanted.cast, gallery=gallery)
    if wanted.path is not None:
        return requests.add_from_inbox(wanted.path, said)
    if wanted.file is None or wanted.size is None:
        raise WiosError("size: say how many bytes the film has")
    asked = requests.ask_upload(wanted.file, wanted.size, said)
    check_space(requests.uploads, asked)
    return asked
