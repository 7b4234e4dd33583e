"""Dagster's page as a part of ours, under /dagster: the same port, and the same guard before it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import __version__
from dagster._core.workspace.context import (
    BaseWorkspaceRequestContext,
    IWorkspaceProcessContext,
    WorkspaceProcessContext,
)
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_graphql.schema import create_schema
from dagster_webserver.webserver import DagsterWebserver
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from wios_assets.page.proxies import link
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import Settings

PATH = "/dagster"
# As `dagster-webserver` has them.
_POLL_MS = 2000
_STATEMENT_TIMEOUT_MS = 15_000
_POOL_RECYCLE_S = 3600
_POOL_OVERFLOW = 20
# Sub-paths for which an application is kept.
_MAX_PREFIXES = 8
# GraphiQL starts by an inline script; all its files are local.
_GRAPHIQL_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class DagsterPage:
    """ASGI application, to be mounted at `PATH`: Dagster's page under the sub-path of each request."""

    def __init__(self, context: IWorkspaceProcessContext[Any]) -> None:
        def build(prefix: str) -> ASGIApp:
            return _Webserver(context, prefix, _POLL_MS).create_asgi_app()

        # The page has its prefix in its addresses, so that each prefix needs an application of its own.
        self._application = functools.lru_cache(_MAX_PREFIXES)(build)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._application(link(PATH))
        await application({**scope, "root_path": ""}, receive, send)


class _Webserver(DagsterWebserver[IWorkspaceProcessContext[Any], BaseWorkspaceRequestContext]):
    """Dagster's webserver without operations by GET, which a link on a foreign page could carry out."""

    def build_graphql_schema(self) -> Any:
        return _schema()

    def make_security_headers(self) -> dict[str, str]:
        # The guard sets Permissions-Policy, which browsers have in its place.
        return {name: value for name, value in super().make_security_headers().items() if name != "Feature-Policy"}

    async def graphql_http_endpoint(self, request: Request) -> Response:
        if request.method == "POST":
            # Dagster reads the operation of any other type from the address; a form can send such types.
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != "application/json":
                return PlainTextResponse("Send JSON with the header content-type: application/json.", 415)
            answer: Response = await super().graphql_http_endpoint(request)
            return answer
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Send the operation by POST.", 405, headers={"allow": "POST"})
        answer = await super().graphql_http_endpoint(Request({**request.scope, "method": "GET"}))
        answer.headers["content-security-policy"] = _GRAPHIQL_POLICY
        return answer


@functools.cache
def _schema() -> Any:
    return create_schema()


@contextmanager
def dagster_page(settings: Settings, workspace: Path) -> Iterator[DagsterPage]:
    """Dagster's page over the instance of `settings` and the code locations of a workspace file.

    Raises:
        WiosError: Dagster's storage cannot be opened.
    """
    with dagster_instance(settings) as instance:
        instance.optimize_for_webserver(_STATEMENT_TIMEOUT_MS, _POOL_RECYCLE_S, _POOL_OVERFLOW)
        target = WorkspaceFileTarget(paths=[str(workspace)])
        with WorkspaceProcessContext(instance, version=__version__, workspace_load_target=target) as context:
            yield DagsterPage(context)
