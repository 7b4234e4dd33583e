"""Access to the page: hosts, token, security headers, and limits on what a request may send."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wios_assets.errors import BadInput
from wios_assets.page.proxies import PUBLIC_HOST, link, route_path
from wios_assets.settings import Settings

COOKIE = "wios_token"
MIN_TOKEN_LENGTH = 16
MAX_BODY_BYTES = 8 << 20
BODY_TIMEOUT_S = 30.0
_MAX_FORM_BYTES = 4096
_WRONG_TOKEN_DELAY_S = 0.5
_COOKIE_S = 30 * 86400
_REMEDY = "add it to page.allowed_hosts (WIOS_PAGE__ALLOWED_HOSTS)"
_FILM_UPLOADS = {"PUT": re.compile(r"/api/requests/[^/]+/film")} | dict.fromkeys(
    ("PATCH", "POST"), re.compile(r"/api/uploads/[^/]+")
)

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    """Whether the address can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def required_token(settings: Settings) -> str | None:
    """The token that every request must carry; None on a loopback address without a token in the settings.

    Raises:
        BadInput: other machines could reach the page and no token is set, or the token is too short.
    """
    token = settings.page_token.get_secret_value() if settings.page_token is not None else None
    if token is None and not is_loopback(settings.page_host):
        raise BadInput(
            f"{settings.page_host}: other machines reach this address, so the page needs a token; set "
            f"WIOS_PAGE_TOKEN to {MIN_TOKEN_LENGTH} characters or more, or use 127.0.0.1"
        )
    if token is not None and len(token) < MIN_TOKEN_LENGTH:
        raise BadInput(f"page_token has {len(token)} characters; give it {MIN_TOKEN_LENGTH} or more")
    return token


class Guard:
    """ASGI middleware: refuses foreign hosts, foreign origins and requests without the token; sets security headers.

    Against DNS rebinding (a foreign name that resolves to this machine), only requests whose host is an address,
    `localhost`, the configured host or one of `page.allowed_hosts` are answered. Requests that change something, and
    handshakes of web sockets, must come from the page itself or from a program that is no browser.
    """

    def __init__(
        self, app: ASGIApp, host: str, token: str | None, sign_in: Callable[[], str], allowed: tuple[str, ...] = ()
    ) -> None:
        self.app, self.host, self.token, self.sign_in = app, host.lower(), token, sign_in
        self.allowed_origins = {_without_default_port(name) for name in allowed}
        self.allowed_names = {name.partition(":")[0] for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in present),
                ]
            await send(message)

        if scope["type"] == "websocket":
            refusal = self._foreign(HTTPConnection(scope), True) or self._without_token(HTTPConnection(scope))
            if refusal is None:
                await self.app(scope, receive, send)
            else:
                # Before the handshake is accepted, the server answers this with status 403.
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        request = Request(scope, receive)
        refusal = self._foreign(request, request.method not in ("GET", "HEAD"))
        if refusal is None and route_path(scope) == "/enter" and request.method == "POST":
            refusal = await self._sign_in(request)
        elif refusal is None:
            refusal = self._without_token(request)
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _foreign(self, request: HTTPConnection, checks_origin: bool) -> Response | None:
        """The refusal of a request under a foreign host or, if `checks_origin`, from a foreign page."""
        # The Host itself is checked too: a page that rebinds its name could send any other header.
        for host in (request.headers.get("host", ""), request.scope.get(PUBLIC_HOST)):
            name = _host_name(host) if host is not None else self.host
            if name is None or not (name in ("localhost", self.host, *self.allowed_names) or _is_address(name)):
                return _refusal(421, f"Not served under the name {name or host!r}: use the address, or {_REMEDY}.")
        if checks_origin and not self._is_same_origin(request):
            return _refusal(403, f"Refused, sent from another site. If this is the page's own address, {_REMEDY}.")
        return None

    def _is_same_origin(self, request: HTTPConnection) -> bool:
        """Whether a request comes from this page, or from a program that is no browser."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        sent_from = _without_default_port(urlsplit(origin).netloc.lower())
        hosts = (request.headers.get("host", ""), request.scope.get(PUBLIC_HOST) or "")
        return sent_from in {_without_default_port(host.lower()) for host in hosts if host} | self.allowed_origins

    def _without_token(self, request: HTTPConnection) -> Response | None:
        path = route_path(request.scope)
        if self.token is None or path.startswith("/static/") or self._has_token(request):
            return None
        if path.startswith(("/api", "/dagster/graphql")):
            return PlainTextResponse(
                "Send the token: `Authorization: Bearer …`.", status_code=401, headers={"www-authenticate": "Bearer"}
            )
        return HTMLResponse(self.sign_in(), status_code=401)

    def _has_token(self, request: HTTPConnection) -> bool:
        assert self.token is not None
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(bearer.encode(), self.token.encode()):
            return True
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), _cookie_value(self.token).encode())

    async def _sign_in(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_FORM_BYTES:
                return PlainTextResponse("The form is too large.", status_code=413)
        form = parse_qs(body.decode("utf-8", "replace"))
        token = form.get("token", [""])[0]
        if self.token is None or not hmac.compare_digest(token.encode(), self.token.encode()):
            await asyncio.sleep(_WRONG_TOKEN_DELAY_S)
            return HTMLResponse(self.sign_in(), status_code=401)
        target = form.get("after", [link("/")])[0]
        is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
        response = RedirectResponse(quote(target, safe="/?=&%#") if is_local else link("/"), status_code=303)
        response.set_cookie(
            COOKIE,
            _cookie_value(self.token),
            httponly=True,
            samesite="strict",
            max_age=_COOKIE_S,
            path=link("") or "/",
            secure=request.url.scheme == "https",
        )
        return response


class BodyLimit:
    """ASGI middleware: refuses bodies that are too large or incomplete for too long. Film uploads have own limits."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_film(scope):
            await self.app(scope, receive, send)
            return
        received, complete = 0, scope["method"] in ("GET", "HEAD")

        async def limited_receive() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), BODY_TIMEOUT_S)
            except TimeoutError:
                raise HTTPException(408, "the rest of the request did not arrive; send it again") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > MAX_BODY_BYTES:
                raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes were sent; send less")
            return message

        await self.app(scope, limited_receive, send)


def _is_film(scope: Scope) -> bool:
    """Whether the body of a request is a film, or a part of one."""
    path = _FILM_UPLOADS.get(scope["method"])
    return path is not None and path.fullmatch(route_path(scope)) is not None


def _refusal(status: int, reason: str) -> Response:
    return PlainTextResponse(reason, status_code=status)


def _without_default_port(host: str) -> str:
    """A host as an origin has it: without port 80 or 443."""
    return re.sub(r":(80|443)$", "", host)


def _cookie_value(token: str) -> str:
    """What a browser keeps instead of the token itself."""
    return hashlib.sha256(b"wios page " + token.encode()).hexdigest()


def _host_name(header: str) -> str | None:
    """The name or address in a Host header, without port; None where it is malformed."""
    if header.startswith("["):
        address, bracket, rest = header[1:].partition("]")
        return address if bracket and (not rest or rest.startswith(":")) else None
    name, _, port = header.partition(":")
    return name.lower() if name and (not port or port.isdigit()) else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
