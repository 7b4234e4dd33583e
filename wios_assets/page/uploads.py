"""How a film is received: streamed to disk, within bounds of size, space and patience."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from wios_assets.errors import WiosError
from wios_assets.page.state.film_requests import InboxRequest, InboxRequests

MOST_AT_ONCE = 2
SPARED_BYTES = 1_000_000_000
"""Space that an upload leaves free."""
SILENT_S = 30.0
"""Longest pause of an upload, in seconds."""
SLOWEST = 10_000
"""Least bytes a second, on average, once an upload lasts `GRACE_S` seconds; whoever is slower may go on for ever."""
GRACE_S = 60.0
_WRITTEN_AT_ONCE = 1 << 20


class CutOff(WiosError):
    """An upload that ended before it was whole; nothing is kept of it."""


async def receive(requests: InboxRequests, asked: InboxRequest, chunks: AsyncIterator[bytes]) -> InboxRequest:
    """Receive a film and bring it into the inbox, whole or not at all.

    Args:
        chunks: the body, as it comes.

    Returns:
        The request, added or refused.

    Raises:
        WiosError: it cannot begin: sent already, too many at once, or no space.
        CutOff: it began and did not end.
    """
    assert asked.size is not None
    check_space(requests.uploads, asked)
    if len(requests.received) >= MOST_AT_ONCE:
        raise WiosError(f"{MOST_AT_ONCE} films are being sent already; wait until one is there")
    file = await run_in_threadpool(requests.begin, asked)
    try:
        await _write(requests, asked, chunks, file)
    except (ClientDisconnect, TimeoutError):
        reason = f"{asked.file!r} was cut off after {requests.received.get(asked.id, 0)} of {asked.size} bytes"
        requests.refuse(asked, f"{reason}; send it again")
        raise CutOff(f"{reason}; send it again") from None
    except CutOff as error:
        requests.refuse(asked, str(error))
        raise
    except OSError as error:
        reason = f"{file.parent}: cannot be written ({error.strerror}); check space and permissions"
        requests.refuse(asked, reason)
        raise CutOff(reason) from None
    except BaseException:
        requests.refuse(asked, f"{asked.file!r} was cut off when the page ended; send it again")
        raise
    return await run_in_threadpool(requests.take, asked, file)


def check_space(folder: Path, asked: InboxRequest) -> None:
    """Raise a WiosError where the film does not fit."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free - SPARED_BYTES
    if asked.size is not None and asked.size > free:
        raise WiosError(
            f"{there}: the film has {asked.size / 1e9:.1f} GB and {max(0, free) / 1e9:.1f} can be used; free some space"
        )


async def _write(requests: InboxRequests, asked: InboxRequest, chunks: AsyncIterator[bytes], file: Path) -> None:
    assert asked.size is not None
    began, received, waiting = time.monotonic(), 0, bytearray()
    handle = await run_in_threadpool(file.open, "wb")
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), SILENT_S)
            except StopAsyncIteration:
                break
            received += len(chunk)
            waiting += chunk
            if received > asked.size:
                raise CutOff(f"{asked.file!r} is larger than the {asked.size} bytes that were announced")
            took = time.monotonic() - began
            if took > GRACE_S and received < SLOWEST * took:
                raise CutOff(
                    f"{asked.file!r} came too slowly: {received} bytes in {took:.0f} s; copy it into the inbox"
                )
            if len(waiting) >= _WRITTEN_AT_ONCE:
                await run_in_threadpool(handle.write, waiting)
                waiting = bytearray()
            requests.received[asked.id] = received
        if received < asked.size:
            raise CutOff(f"{asked.file!r} was cut off after {received} of {asked.size} bytes; send it again")
        await run_in_threadpool(handle.write, waiting)
        handle.flush()
        await run_in_threadpool(os.fsync, handle.fileno())
    finally:
        handle.close()
