"""Where a request really came from: the public host, scheme, client and sub-path behind a reverse proxy."""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wios_assets.settings.groups import PageSettings, is_sub_path

PUBLIC_HOST = "wios.public_host"
"""Key of the scope: the host that the trusted proxy was asked for, where it says so."""

_ROOT_PATH: ContextVar[str] = ContextVar("root_path", default="")


def link(path: str) -> str:
    """A path of the page with the sub-path under which the current request sees the page."""
    return _ROOT_PATH.get() + path


def route_path(scope: Scope) -> str:
    """Path of a request without the sub-path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class ForwardedHeaders:
    """ASGI middleware: sets host, scheme, client and sub-path of each request.

    `X-Forwarded-Host`, `-Proto`, `-For` and `-Prefix` are believed only from the addresses of `page.trusted_proxies`.
    The proxy may strip the sub-path from the path or leave it: the application sees it in both cases, as `root_path`.
    """

    def __init__(self, app: ASGIApp, page: PageSettings) -> None:
        self.app, self.page = app, page
        self.networks = [ipaddress.ip_network(each, strict=False) for each in page.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        root_path = self.page.root_path
        scope = dict(scope)
        client = scope.get("client")
        if client is not None and self._is_trusted(client[0]):
            headers = Headers(scope=scope)
            prefix = headers.get("x-forwarded-prefix", "").rstrip("/")
            if prefix and is_sub_path(prefix):
                root_path = prefix
            scheme = _last(headers, "x-forwarded-proto").lower()
            if scheme in ("http", "https"):
                secure = scheme == "https"
                scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else scheme
            if host := _last(headers, "x-forwarded-host"):
                scope[PUBLIC_HOST] = host
            scope["client"] = (self._client(headers, client[0]), 0)
        rest = scope["path"]
        if root_path and (rest == root_path or rest.startswith(f"{root_path}/")):
            rest = rest.removeprefix(root_path)
        scope["root_path"], scope["path"] = root_path, root_path + (rest or "/")
        scope["raw_path"] = quote(scope["path"], safe="/:@!$&'()*+,;=~").encode()
        token = _ROOT_PATH.set(root_path)
        try:
            await self.app(scope, receive, send)
        finally:
            _ROOT_PATH.reset(token)

    def _is_trusted(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in network for network in self.networks)
        except ValueError:
            return False

    def _client(self, headers: Headers, peer: str) -> str:
        """The last address of the chain that is no trusted proxy."""
        chain = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",") if each.strip()]
        return next((each for each in reversed(chain) if not self._is_trusted(each)), chain[0] if chain else peer)


def _last(headers: Headers, name: str) -> str:
    """The last value of a header, the one that the nearest proxy has set."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
