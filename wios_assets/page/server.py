"""How the page is served until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from wios_assets.errors import WiosError
from wios_assets.page.app import build_application
from wios_assets.settings import Settings, address

# Requests at once; beyond them a client is told to come back, so that memory stays bounded.
_MOST_AT_ONCE = 200
_IDLE_S = 30
_BACKLOG = 128
# Longer than a film is paused for most, and a browser that finds it cut asks for the rest again.
_UNREAD_S = 600


def serve_page(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        ready: called with the page's address once it is listening.

    Raises:
        WiosError: others could reach the page and no token is set, or the port is in use.
    """
    application = build_application(settings)
    listening = listen(settings.page_host, settings.page_port)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=2,
        proxy_headers=False,
    )
    with listening:
        ready(address(settings.page_host, listening.getsockname()[1]))
        uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; port 0 takes a free one.

    Raises:
        WiosError: the address cannot be listened on.
    """
    listening = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Whoever asks and never reads the answer: every connection has this from the one that listens.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_S * 1000)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise WiosError(
            f"{host}:{port} cannot be listened on ({error.strerror}); end the other program, or choose another port "
            "with --port or WIOS_PAGE_PORT"
        ) from None
    return listening
