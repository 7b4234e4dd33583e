"""Who may ask the page: hosts, token and the headers that keep a browser within bounds."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wios_assets.errors import WiosError
from wios_assets.settings import Settings

COOKIE = "wios_token"
SHORTEST_TOKEN = 16
_FORM_BYTES = 4096
_WRONG_TOKEN_S = 0.5
_OPEN = ("/static/", "/enter")

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
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def required_token(settings: Settings) -> str | None:
    """The token that every request must bring; None where the page is for this machine alone and none is set.

    Raises:
        WiosError: others could reach the page and no token, or too short a one, is set.
    """
    token = settings.page_token.get_secret_value() if settings.page_token is not None else None
    if token is None and not is_loopback(settings.page_host):
        raise WiosError(
            f"{settings.page_host}: others reach this address, so the page asks for a token there; set "
            f"WIOS_PAGE_TOKEN to {SHORTEST_TOKEN} characters or more, or stay with 127.0.0.1"
        )
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise WiosError(f"page_token has {len(token)} characters; give it {SHORTEST_TOKEN} or more")
    return token


class Guard:
    """ASGI middleware: refuses foreign hosts and requests without the token, and sets security headers.

    A name that an attacker owns can be made to lead to this machine (DNS rebinding); a request for it names it as its
    host. So only addresses, `localhost` and the configured host are answered.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None, sign_in: str) -> None:
        self.app, self.host, self.token, self.sign_in = app, host.lower(), token, sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in present),
                ]
            await send(message)

        answer = await self._refusal(request)
        await (answer or self.app)(scope, receive, send_with_headers)

    async def _refusal(self, request: Request) -> Response | None:
        name = _host_name(request.headers.get("host", ""))
        if name is None or not (name in ("localhost", self.host) or _is_address(name)):
            return PlainTextResponse("This page is not served under that name; use its address.", status_code=421)
        if request.method not in ("GET", "HEAD") and not _from_this_page(request):
            return PlainTextResponse("Refused: sent from another site.", status_code=403)
        path = request.url.path
        if path == "/enter" and request.method == "POST":
            return await self._enter(request)
        if self.token is None or path.startswith(_OPEN[0]) or self._known(request):
            return None
        if path.startswith("/api"):
            return PlainTextResponse(
                "Send the token: `Authorization: Bearer …`.", status_code=401, headers={"www-authenticate": "Bearer"}
            )
        return HTMLResponse(self.sign_in, status_code=401)

    def _known(self, request: Request) -> bool:
        assert self.token is not None
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(bearer.encode(), self.token.encode()):
            return True
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), _cookie(self.token).encode())

    async def _enter(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_BYTES:
                return PlainTextResponse("Too much was sent.", status_code=413)
        given = parse_qs(body.decode("utf-8", "replace"))
        token = given.get("token", [""])[0]
        if self.token is None or not hmac.compare_digest(token.encode(), self.token.encode()):
            await asyncio.sleep(_WRONG_TOKEN_S)
            return HTMLResponse(self.sign_in, status_code=401)
        after = given.get("after", ["/"])[0]
        local = after.startswith("/") and not after.startswith(("//", "/\\"))
        answer = RedirectResponse(quote(after, safe="/?=&%#") if local else "/", status_code=303)
        answer.set_cookie(COOKIE, _cookie(self.token), httponly=True, samesite="strict", max_age=30 * 86400)
        return answer


def _from_this_page(request: Request) -> bool:
    """Whether a request that changes something comes from a page of ours, or from no page at all."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _cookie(token: str) -> str:
    """What a browser keeps in the token's place."""
    return hashlib.sha256(b"wios page " + token.encode()).hexdigest()


def _host_name(header: str) -> str | None:
    """The name or address in a Host header, without port; None where it is not one."""
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
