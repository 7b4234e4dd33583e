"""Adding a film: the page with the form, the page of a request, and /api/requests."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from jinja2 import Environment
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from wios_assets.errors import BadInput, NotFound
from wios_assets.films.inbox import VIDEO_EXTENSIONS, Inbox, InboxFilm, discover
from wios_assets.films.sidecar import Sidecar
from wios_assets.page import models
from wios_assets.page.proxies import link, route_path
from wios_assets.page.routes.common import (
    REFUSALS,
    PageNumber,
    PageSize,
    Router,
    content_response,
    json_response,
    paged,
)
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_requests import FilmRequest, FilmRequests
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.uploads import check_space, receive_film
from wios_assets.settings import Settings

_SHOWN_REQUESTS = 10
_SHOWN_FILMS = 200
_SHOWN_PROBLEMS = 50
_NEW_FILM_BODY = {"application/json": {"schema": models.NewFilm.model_json_schema()}}
_VIDEO_BODY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
RequestId = Annotated[str, Path(description="The request's id")]


def requests_router(
    settings: Settings, catalog: Catalog, requests: FilmRequests, environment: Environment
) -> APIRouter:
    """Routes of the pages /bring and /request/…, and of /api/requests."""
    router = Router()

    def html(request: Request, template: str, **values: Any) -> Response:
        text = environment.get_template(template).render(path=route_path(request.scope), **values)
        return content_response(request, text.encode(), "text/html; charset=utf-8")

    def find(id: str) -> FilmRequest:
        film_request = requests.get(id)
        if film_request is None:
            raise NotFound(f"there is no request {id!r}; /api/requests lists all requests")
        return film_request

    @router.get("/bring", include_in_schema=False)
    def form_page(request: Request) -> Response:
        ready = {str(film["path"]) for film in catalog.films().values()}
        inbox = discover(settings.films) if settings.films.is_dir() else Inbox()
        films = sorted(inbox.films, key=lambda film: str(film.path) in ready)
        return html(
            request,
            "bring.html",
            inbox=str(settings.films),
            galleries=str(settings.galleries),
            waiting=[str(film.path.relative_to(settings.films)) for film in films if str(film.path) not in ready],
            hours=settings.page.upload_hours,
            films=[_inbox_entry(requests.states, settings, film, ready) for film in films[:_SHOWN_FILMS]],
            more=max(0, len(inbox.films) - _SHOWN_FILMS),
            problems=inbox.problems[:_SHOWN_PROBLEMS],
            newest=[request_entry(requests, each) for each in requests.all()[:_SHOWN_REQUESTS]],
            extensions=",".join(sorted(VIDEO_EXTENSIONS)),
            limit=settings.page.upload_gigabytes,
        )

    @router.get("/request/{id}", include_in_schema=False)
    def request_page(request: Request, id: str) -> Response:
        entry = request_entry(requests, find(id))
        if entry["state"] == "ready":
            return RedirectResponse(entry["page"])
        return html(request, "request.html", entry=entry)

    @router.post(
        "/api/requests",
        status_code=201,
        tags=["WIOS"],
        summary="Add a film: announce an upload, or name a file in the inbox",
        response_model=models.RequestEntry,
        responses=REFUSALS,
        openapi_extra={"requestBody": {"required": True, "content": _NEW_FILM_BODY}},
    )
    async def make_request(request: Request) -> Response:
        try:
            new = models.NewFilm.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors()[0]
            raise BadInput(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None
        film_request = await run_in_threadpool(_make_request, requests, new)
        entry = await run_in_threadpool(request_entry, requests, film_request)
        return JSONResponse(entry, status_code=201, headers={"location": link(f"/api/requests/{film_request.id}")})

    @router.put(
        "/api/requests/{id}/film",
        tags=["WIOS"],
        summary="Send the video of an announced film",
        response_model=models.RequestEntry,
        responses={**REFUSALS, 409: {"model": models.Reason, "description": "It cannot be received now"}},
        openapi_extra={"requestBody": {"required": True, "content": _VIDEO_BODY}},
    )
    async def upload(request: Request, id: RequestId) -> Response:
        film_request = find(id)
        length = request.headers.get("content-length")
        if length is not None and int(length) != film_request.size:
            raise BadInput(f"{length} bytes are sent and {film_request.size} were announced; make a new request")
        film_request = await receive_film(requests, film_request, request.stream())
        return json_response(request, await run_in_threadpool(request_entry, requests, film_request))

    @router.get(
        "/api/requests",
        tags=["WIOS"],
        summary="Requests to add films, newest first",
        response_model=models.RequestList,
        responses=REFUSALS,
    )
    def list_requests(request: Request, page: PageNumber = 1, per_page: PageSize = 50) -> Response:
        every = requests.all()
        shown, page, pages = paged(every, page, per_page)
        entries = [request_entry(requests, each) for each in shown]
        return json_response(request, {"total": len(every), "page": page, "pages": pages, "requests": entries})

    @router.get(
        "/api/requests/{id}",
        tags=["WIOS"],
        summary="One request to add a film, and its state",
        response_model=models.RequestEntry,
        responses=REFUSALS,
    )
    def show_request(request: Request, id: RequestId) -> Response:
        return json_response(request, request_entry(requests, find(id)))

    return router


def request_entry(requests: FilmRequests, film_request: FilmRequest) -> dict[str, Any]:
    """A request as the API shows it."""
    state = requests.state(film_request)
    reason = state.reason
    if state.name == "waiting" and not requests.states.daemon_is_running():
        reason = "nothing starts runs by itself now: start `wios ui`, or run the film with `wios run`"
    expects = film_request.phase == "asked"
    ready = state.name == "ready" and film_request.film is not None
    return {
        "id": film_request.id,
        "asked_at": film_request.asked_at,
        "file": film_request.file,
        "state": state.name,
        "share": round(state.share, 4) if state.share is not None else None,
        "left_s": round(state.left_s, 1) if state.left_s is not None else None,
        "reason": reason,
        "film": film_request.film,
        "page": link(f"/film/{quote(film_request.film or '', safe='')}" if ready else f"/request/{film_request.id}"),
        "upload": link(f"/api/requests/{film_request.id}/film") if state.name == "uploading" and expects else None,
    }


def _inbox_entry(states: FilmStates, settings: Settings, film: InboxFilm, ready: set[str]) -> dict[str, Any]:
    """A film of the inbox, with its state, whether it has a page, and its size in bytes."""
    known = states.waiting(set())
    size = 0
    for file in film.files:
        with suppress(OSError):
            size += file.stat().st_size
    path = film.path.relative_to(settings.films) if film.path.is_relative_to(settings.films) else film.path
    is_ready = str(film.path) in ready
    return {
        "key": film.key,
        "path": str(path),
        "state": states.of(film.key, is_ready),
        "known": is_ready or film.key in known,
        "bytes": size,
    }


def _make_request(requests: FilmRequests, new: models.NewFilm) -> FilmRequest:
    if (new.path is None) == (new.file is None):
        raise BadInput("give either `file` and `size` of a film to be sent, or `path` of one in the inbox")
    gallery = requests.gallery_folder(new.gallery) if new.gallery is not None else None
    details = Sidecar(name=new.name, title=new.title, tconst=new.tconst, cast=new.cast, gallery=gallery)
    if new.path is not None:
        return requests.add_from_inbox(new.path, details)
    if new.file is None or new.size is None:
        raise BadInput("size: give the film's length in bytes")
    film_request = requests.announce_upload(new.file, new.size, details)
    check_space(requests.uploads, film_request)
    return film_request
