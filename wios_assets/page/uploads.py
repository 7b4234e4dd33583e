"""Receiving a film: streamed to disk, with limits on size, space and time."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from wios_assets.errors import BadInput, Conflict, file_error
from wios_assets.page.state.film_requests import FilmRequest, FilmRequests

MAX_CONCURRENT = 2
RESERVED_BYTES = 1_000_000_000
"""Disk space that an upload leaves free."""
IDLE_TIMEOUT_S = 30.0
"""Longest pause of an upload."""
MIN_BYTES_PER_S = 10_000
"""Lowest average rate, once an upload lasts `GRACE_S` seconds."""
GRACE_S = 60.0
_WRITE_BYTES = 1 << 20


class UploadAborted(BadInput):
    """An upload that ended before it was complete; nothing of it is kept."""


async def receive_film(requests: FilmRequests, request: FilmRequest, chunks: AsyncIterator[bytes]) -> FilmRequest:
    """Receive a film into the inbox, completely or not at all.

    Args:
        chunks: the request's body.

    Returns:
        The request, added or refused.

    Raises:
        BadInput: too little disk space. Conflict: sent already, or too many uploads at once.
        UploadAborted: the upload began and was not completed.
    """
    if request.size is None:
        raise Conflict(f"{request.file!r} lies in the inbox already; nothing is to be sent")
    check_space(requests.uploads, request)
    if len(requests.received) >= MAX_CONCURRENT:
        raise Conflict(f"{MAX_CONCURRENT} films are being sent already; wait until one is complete")
    file = await run_in_threadpool(requests.begin_upload, request)
    try:
        await _write(requests, request, chunks, file)
    except (ClientDisconnect, TimeoutError):
        received = requests.received.get(request.id, 0)
        reason = f"{request.file!r} was cut off after {received} of {request.size} bytes; send it again"
        requests.refuse(request, reason)
        raise UploadAborted(reason) from None
    except UploadAborted as error:
        requests.refuse(request, str(error))
        raise
    except OSError as error:
        reason = str(file_error(file.parent, error, "written", "change its access rights"))
        requests.refuse(request, reason)
        raise UploadAborted(reason) from None
    except BaseException:
        requests.refuse(request, f"{request.file!r} was cut off when the page ended; send it again")
        raise
    return await run_in_threadpool(requests.complete_upload, request, file)


async def receive_part(
    requests: FilmRequests, request: FilmRequest, offset: int, chunks: AsyncIterator[bytes]
) -> tuple[FilmRequest, int]:
    """Receive a part of a film, and add the film to the inbox with its last byte. Whatever arrives is kept.

    Args:
        offset: bytes that were received before. chunks: the request's body.

    Returns:
        The request, and the bytes received so far.

    Raises:
        BadInput: too little disk space, more bytes than announced, or no film that can be added.
        Conflict: another offset, or too many uploads at once.
    """
    if request.size is None:
        raise Conflict(f"{request.file!r} lies in the inbox already; nothing is to be sent")
    check_space(requests.uploads, request)
    if request.id not in requests.received and len(requests.received) >= MAX_CONCURRENT:
        raise Conflict(f"{MAX_CONCURRENT} films are being sent already; wait until one is complete")
    file = await run_in_threadpool(requests.begin_part, request, offset)
    try:
        received = await _append(requests, request, offset, chunks, file)
    except OSError as error:
        raise file_error(file.parent, error, "written", "change its access rights") from None
    finally:
        requests.end_part(request)
    if received < request.size:
        return request, received
    request = await run_in_threadpool(requests.complete_upload, request, file)
    if request.phase == "refused":
        raise BadInput(request.reason or f"{request.file!r} cannot be added")
    return request, received


async def _append(
    requests: FilmRequests, request: FilmRequest, offset: int, chunks: AsyncIterator[bytes], file: Path
) -> int:
    """Append a body to a file until it ends or stops; returns the length of the file in bytes."""
    assert request.size is not None
    received = offset
    handle = await run_in_threadpool(file.open, "ab")
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), IDLE_TIMEOUT_S)
            except (StopAsyncIteration, TimeoutError, ClientDisconnect):
                break
            if received + len(chunk) > request.size:
                raise BadInput(f"{request.file!r} is larger than the announced {request.size} bytes")
            # One that was cancelled meanwhile has no file any more.
            if not file.exists():
                raise Conflict(f"{request.file!r} was cancelled")
            await run_in_threadpool(handle.write, chunk)
            received += len(chunk)
            requests.received[request.id] = received
        handle.flush()
        await run_in_threadpool(os.fsync, handle.fileno())
    finally:
        handle.close()
    return received


def check_space(folder: Path, request: FilmRequest) -> None:
    """Check that the disk has space for the film.

    Raises:
        BadInput: it has not.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free - RESERVED_BYTES
    if request.size is not None and request.size > free:
        raise BadInput(
            f"{existing}: the film has {request.size / 1e9:.1f} GB and {max(0, free) / 1e9:.1f} GB can be used; "
            "free some space"
        )


async def _write(requests: FilmRequests, request: FilmRequest, chunks: AsyncIterator[bytes], file: Path) -> None:
    assert request.size is not None
    started, received, buffer = time.monotonic(), 0, bytearray()
    handle = await run_in_threadpool(file.open, "wb")
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), IDLE_TIMEOUT_S)
            except StopAsyncIteration:
                break
            received += len(chunk)
            buffer += chunk
            if received > request.size:
                raise UploadAborted(f"{request.file!r} is larger than the announced {request.size} bytes")
            elapsed = time.monotonic() - started
            if elapsed > GRACE_S and received < MIN_BYTES_PER_S * elapsed:
                raise UploadAborted(
                    f"{request.file!r} was sent too slowly: {received} bytes in {elapsed:.0f} s; copy it into the inbox"
                )
            if len(buffer) >= _WRITE_BYTES:
                await run_in_threadpool(handle.write, buffer)
                buffer = bytearray()
            requests.received[request.id] = received
        if received < request.size:
            raise UploadAborted(f"{request.file!r} was cut off after {received} of {request.size} bytes; send it again")
        await run_in_threadpool(handle.write, buffer)
        handle.flush()
        await run_in_threadpool(os.fsync, handle.fileno())
    finally:
        handle.close()
