"""The web application: what it is made of and how it refuses."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from wios_assets.errors import WiosError
from wios_assets.lake.prediction_log import PredictionLog
from wios_assets.lake.questions import UnknownFilm
from wios_assets.page.bounds import Bounds
from wios_assets.page.keys import register_keys
from wios_assets.page.media import Pictures
from wios_assets.page.previews import Previews
from wios_assets.page.renaming import Rename, Renaming
from wios_assets.page.routes.films import api_router
from wios_assets.page.routes.html import STATIC, page_router, templates
from wios_assets.page.routes.requests import bringing_router
from wios_assets.page.routes.reviews import review_router
from wios_assets.page.security import Guard, required_token
from wios_assets.page.state.film_requests import InboxRequests
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.library_cache import Shelf
from wios_assets.settings import Settings


def build_application(settings: Settings, rename: Rename | None = None) -> FastAPI:
    """The page and its API over the lake of `settings`.

    Args:
        rename: what works out a film's names after decisions; see `Renaming`.

    Raises:
        WiosError: others could reach the page and no token is set.
    """
    token = required_token(settings)
    register_keys()
    shelf = Shelf(settings)
    states = FilmStates(settings)
    log = PredictionLog(settings.lake, settings.page.logged_answers)
    renaming = Renaming(settings, rename)
    environment = templates(settings)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_read_ahead, args=(shelf, renaming), name="read ahead", daemon=True).start()
        yield
        log.close()
        renaming.close()
        shelf.close()

    application = FastAPI(
        title="WIOS",
        summary="Who is on screen: films, appearances, minutes, screen time, actors",
        description="Times are seconds on the player's clock. A refusal says why in `reason`.",
        version=version("wios-assets"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    application.include_router(review_router(shelf, renaming))
    application.include_router(api_router(shelf, states, log))
    requests = InboxRequests(settings, states, lambda film: film in shelf.films())
    application.include_router(bringing_router(settings, shelf, requests, environment))
    pictures, previews = Pictures(shelf, settings.cache), Previews(settings.cache)
    application.include_router(page_router(settings, shelf, states, pictures, previews, renaming, environment))
    application.mount("/static", _Static(directory=STATIC), name="static")
    _add_refusals(application, environment)
    application.add_middleware(Bounds)
    application.add_middleware(
        Guard, host=settings.page_host, token=token, sign_in=environment.get_template("enter.html").render(path="/")
    )
    return application


class _Static(StaticFiles):
    """The page's own files; their address changes with them, so they may be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "public, max-age=86400"
        return answer


def _add_refusals(application: FastAPI, environment: Environment) -> None:
    def refuse(request: Request, status: int, reason: str) -> Response:
        if request.url.path.startswith(("/api/", "/data/")):
            return JSONResponse({"reason": reason}, status_code=status)
        phrase = HTTPStatus(status).phrase
        page = environment.get_template("refusal.html").render(
            path=request.url.path, status=status, phrase=phrase, reason=reason
        )
        return HTMLResponse(page, status_code=status)

    @application.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> Response:
        answer = refuse(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @application.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refuse(request, 400, f"{first['loc'][-1]}: {first['msg']}")

    @application.exception_handler(WiosError)
    def _(request: Request, error: WiosError) -> Response:
        return refuse(request, 404 if isinstance(error, UnknownFilm) else 503, str(error))


def _read_ahead(shelf: Shelf, renaming: Renaming) -> None:
    """Read every film's map once, so that the first who asks for it does not wait; see to names left undone."""
    try:
        renaming.catch_up(list(shelf.films()))
        for _ in shelf.maps():
            pass
    except WiosError:
        return
