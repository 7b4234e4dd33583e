"""The web application: its state, routes, middleware, and how errors become answers."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from wios_assets.errors import WiosError
from wios_assets.lake.prediction_log import AnswerTarget, PredictionLog
from wios_assets.page.events import Events, page_snapshot
from wios_assets.page.film_retries import FilmRetries
from wios_assets.page.media import Pictures, Previews
from wios_assets.page.name_updates import NameUpdates, UpdateNames
from wios_assets.page.proxies import ForwardedHeaders, link, route_path
from wios_assets.page.routes.api_page import api_router, describe_refusals
from wios_assets.page.routes.cast import cast_router
from wios_assets.page.routes.events import events_router
from wios_assets.page.routes.films import films_router
from wios_assets.page.routes.html import html_router, template_environment
from wios_assets.page.routes.library import library_router
from wios_assets.page.routes.media import STATIC, media_router
from wios_assets.page.routes.requests import requests_router
from wios_assets.page.routes.reviews import ReviewConflict, reviews_router
from wios_assets.page.routes.scenes import scenes_router
from wios_assets.page.routes.uploads import uploads_router
from wios_assets.page.security import BodyLimit, Guard, required_token
from wios_assets.page.state.cast_photos import CastPhotos
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_requests import FilmRequests
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.shelf import Shelf
from wios_assets.runs.photo_verdicts import photo_verdicts
from wios_assets.settings import Settings

_MIN_COMPRESSED_BYTES = 600
_COMPRESSION_LEVEL = 6
_NOT_KEPT = {"cache-control": "no-store"}


def build_application(settings: Settings, update: UpdateNames | None = None, dagster: ASGIApp | None = None) -> FastAPI:
    """The page and its API over the lake of `settings`.

    Args:
        update: updates a film's names after decisions; see `NameUpdates`.
        dagster: Dagster's page, shown under /dagster; see `dagster_page`.

    Raises:
        BadInput: other machines could reach the page and no token is set.
    """
    token = required_token(settings)
    catalog = Catalog(settings)
    states = FilmStates(settings)
    requests = FilmRequests(settings, states, lambda film: film in catalog.films())
    log = PredictionLog(settings.lake, settings.page.logged_answers, _server_log(settings))
    name_updates = NameUpdates(settings, update)
    retries = FilmRetries(settings, states)
    events = Events(page_snapshot(catalog, states, requests, name_updates))
    shelf = Shelf(catalog, states)
    environment = template_environment(dagster=dagster is not None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        ending = threading.Event()
        warming = threading.Thread(target=_warm_up, args=(catalog, name_updates, ending), name="warm up", daemon=True)
        warming.start()
        yield
        ending.set()
        events.close()
        # It reads through the connection that is closed below.
        warming.join()
        log.close()
        name_updates.close()
        retries.close()
        catalog.close()

    application = FastAPI(
        title="WIOS",
        summary="Who is on screen: films, appearances, minutes, screen time, actors",
        description="Times are seconds on the player's clock. A refusal gives its `reason`.",
        version=version("wios-assets"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    application.state.events = events
    application.include_router(api_router(environment))
    application.include_router(cast_router(CastPhotos(settings, photo_verdicts), environment))
    application.include_router(events_router(events))
    application.include_router(uploads_router(requests, settings))
    application.include_router(reviews_router(catalog, name_updates))
    application.include_router(films_router(catalog, states, shelf, retries, log))
    application.include_router(requests_router(settings, catalog, requests, environment))
    application.include_router(scenes_router(catalog, environment))
    application.include_router(library_router(settings, catalog, states, shelf, environment))
    application.include_router(html_router(settings, catalog, states, name_updates, environment))
    pictures, previews = Pictures(catalog, settings.cache), Previews(settings.cache)
    application.include_router(media_router(catalog, pictures, previews))
    application.mount("/static", _Static(directory=STATIC), name="static")
    if dagster is not None:
        application.add_route("/dagster", lambda _: RedirectResponse(link("/dagster/")), include_in_schema=False)
        application.mount("/dagster", dagster, name="dagster")
    describe_refusals(application)
    _handle_errors(application, environment)
    # The middleware that is added last sees a request first.
    application.add_middleware(
        _Compression,
        minimum_size=_MIN_COMPRESSED_BYTES,
        compresslevel=_COMPRESSION_LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream"),
    )
    application.add_middleware(BodyLimit)
    sign_in = environment.get_template("enter.html")
    application.add_middleware(
        Guard,
        host=settings.page_host,
        token=token,
        sign_in=lambda: sign_in.render(path="/"),
        allowed=settings.page.allowed_hosts,
    )
    application.add_middleware(ForwardedHeaders, page=settings.page)
    return application


class _Static(StaticFiles):
    """The page's own files. Links to them change with their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=86400"
        return response


class _Compression(GZipMiddleware):
    """Starlette's compression, which takes `gzip;q=0` for a wish to have it (RFC 9110, 12.5.3)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _refuses_gzip(Headers(scope=scope).get("accept-encoding", "")):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _refuses_gzip(accept_encoding: str) -> bool:
    codings = (each.replace(" ", "").lower().partition(";q=") for each in accept_encoding.split(","))
    return any(name == "gzip" and weight and not weight.strip("0.") for name, _, weight in codings)


def _server_log(settings: Settings) -> AnswerTarget | None:
    """The log of answers on the SQL server; None where none is set."""
    if not settings.publish_address:
        return None
    # SQLAlchemy takes its time to import.
    from wios_assets.publish.answers import server_log

    return server_log(settings)


def _handle_errors(application: FastAPI, environment: Environment) -> None:
    """Answer errors with their status and reason: JSON for the API and scripts, a page for people."""

    def refuse(request: Request, status: int, reason: str, **document: object) -> Response:
        path = route_path(request.scope)
        if path.startswith(("/api/", "/data/")):
            return JSONResponse({"reason": reason, **document}, status_code=status, headers=_NOT_KEPT)
        phrase = HTTPStatus(status).phrase
        page = environment.get_template("refusal.html").render(path=path, status=status, phrase=phrase, reason=reason)
        return HTMLResponse(page, status_code=status, headers=_NOT_KEPT)

    @application.exception_handler(WiosError)
    def _(request: Request, error: WiosError) -> Response:
        document = error.document if isinstance(error, ReviewConflict) else {}
        response = refuse(request, error.http_status, str(error), **document)
        if request.method in ("PUT", "PATCH"):
            # The client may still be sending a film that nobody reads.
            response.headers["connection"] = "close"
        return response

    @application.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> Response:
        response = refuse(request, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @application.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refuse(request, 400, f"{first['loc'][-1]}: {first['msg']}")


def _warm_up(catalog: Catalog, name_updates: NameUpdates, ending: threading.Event) -> None:
    """Read every film's map, so that the first request does not wait; update names that lack decisions."""
    try:
        name_updates.catch_up(list(catalog.films()))
        for _ in catalog.maps():
            if ending.is_set():
                return
    except WiosError:
        return
