"""Serves the page until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from wios_assets.errors import Conflict
from wios_assets.page.app import build_application
from wios_assets.settings import Settings, address

# Concurrent connections; further ones get status 503, so that memory stays bounded.
_MAX_CONNECTIONS = 200
_KEEP_ALIVE_S = 30
_BACKLOG = 128
# Most bytes of a message of a web socket: Dagster's page sends GraphQL queries.
_MAX_MESSAGE_BYTES = 1 << 20
# Longer than most pauses of a film; after a longer one the browser requests the rest again.
_UNREAD_TIMEOUT_S = 600


def serve_page(settings: Settings, ready: Callable[[str], None], workspace: Path | None = None) -> None:
    """Serve the page until Ctrl-C.

    Args:
        ready: called with the page's address once it is listening.
        workspace: file that names Dagster's code locations; if given, Dagster's page is served under /dagster.

    Raises:
        BadInput: other machines could reach the page and no token is set. Conflict: the port is in use.
    """
    with ExitStack() as stack:
        dagster = None
        if workspace is not None:
            # Importing it takes seconds that the page alone does not need.
            from wios_assets.page.dagster_page import dagster_page

            dagster = stack.enter_context(dagster_page(settings, workspace))
        application = build_application(settings, dagster=dagster)
        listening = stack.enter_context(listen(settings.page_host, settings.page_port))
        ready(address(settings.page_host, listening.getsockname()[1]))
        PageServer(server_config(application), application).run(sockets=[listening])


class PageServer(uvicorn.Server):
    """A server that ends the streams of changes before it waits for its connections to end."""

    def __init__(self, config: uvicorn.Config, application: FastAPI) -> None:
        super().__init__(config)
        self.application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.application.state.events.close()
        await super().shutdown(sockets)


def server_config(application: ASGIApp) -> uvicorn.Config:
    """How the application is served. What proxies send is read by the application itself."""
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=_MAX_MESSAGE_BYTES,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; port 0 takes a free one.

    Raises:
        Conflict: the address cannot be used.
    """
    listening = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Ends connections whose answer is never read; accepted sockets inherit it.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_TIMEOUT_S * 1000)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise Conflict(
            f"{host}:{port} cannot be listened on ({error.strerror}); end the other program, or choose another port "
            "with --port or WIOS_PAGE_PORT"
        ) from None
    return listening
