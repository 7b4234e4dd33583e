"""The stream of changes, /api/events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from wios_assets.page import models
from wios_assets.page.events import Events
from wios_assets.page.routes.common import REFUSALS

_RETRY_MS = 2000


def events_router(events: Events) -> APIRouter:
    """The route of the stream; HEAD is not answered, since a stream has no end."""
    router = APIRouter(prefix="/api", tags=["WIOS"])

    # Before the first byte of the stream, so that a refusal has its status.
    def not_full() -> None:
        events.refuse_if_full()

    @router.get(
        "/events",
        response_class=EventSourceResponse,
        summary="Changes as they happen: films, decisions, names, requests (server-sent events)",
        description="An event's name is `film`, `decisions`, `names` or `request`, its data the new state as JSON. "
        "`begin` comes first. After a reconnection ask again for what is shown.",
        dependencies=[Depends(not_full)],
        responses={**REFUSALS, 503: {"model": models.Reason, "description": "Too many listen already"}},
    )
    async def stream(
        film: Annotated[str | None, Query(max_length=500, description="Only events of this film, by its key")] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        async for event in events.listen():
            begins = event.kind == "begin"
            if begins or film is None or event.data.get("film") == film:
                yield ServerSentEvent(event=event.kind, data=event.data, retry=_RETRY_MS if begins else None)

    return router
