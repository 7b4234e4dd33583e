"""How much a request may send, and for how long, where it does not send a film."""

from __future__ import annotations

import asyncio
import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8 << 20
LONGEST_S = 30.0
_FILM = re.compile(r"/api/requests/[^/]+/film")


class Bounds:
    """ASGI middleware: a body that is too large or does not end is refused before it fills the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"] == "PUT" and _FILM.fullmatch(scope["path"])):
            await self.app(scope, receive, send)
            return
        received, whole = 0, scope["method"] in ("GET", "HEAD")

        async def bounded() -> Message:
            nonlocal received, whole
            if whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), LONGEST_S)
            except TimeoutError:
                raise HTTPException(408, "what was to be sent did not come; send it again") from None
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > MOST_BYTES:
                raise HTTPException(413, f"more than {MOST_BYTES} bytes were sent; send less")
            return message

        await self.app(scope, bounded, send)
