"""Uploads that resume, by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload).

Core protocol with the extensions creation, termination and expiration. An upload is a request to add a film, with the
same id: `POST /api/requests` announces one with the details of the film, `POST /api/uploads` by the protocol alone.
"""

from __future__ import annotations

import base64
import binascii
from email.utils import formatdate
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.errors import BadInput, NotFound, WiosError
from wios_assets.films.sidecar import Sidecar
from wios_assets.page import models
from wios_assets.page.proxies import link
from wios_assets.page.routes.common import REFUSALS
from wios_assets.page.state.film_requests import FilmRequest, FilmRequests
from wios_assets.page.uploads import check_space, receive_part
from wios_assets.settings import Settings

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
PART_TYPE = "application/offset+octet-stream"
_GONE = "there is no such upload, or it was completed, cancelled or given up"
_PART_BODY = {PART_TYPE: {"schema": {"type": "string", "format": "binary"}}}
UploadId = Annotated[str, Path(description="Id of the upload, which is the request's")]


def uploads_router(requests: FilmRequests, settings: Settings) -> APIRouter:
    """Routes of the protocol under /api/uploads."""
    router = APIRouter(prefix="/api/uploads", tags=["WIOS"], responses=REFUSALS)
    headers = {"tus-resumable": VERSION}

    def find(id: str) -> FilmRequest:
        film_request = requests.get(id)
        if film_request is None or film_request.size is None or requests.state(film_request).name != "uploading":
            raise NotFound(f"{id!r}: {_GONE}; make a new request")
        return film_request

    def reply(status: int, film_request: FilmRequest | None = None, **more: str) -> Response:
        values = headers | {name.replace("_", "-"): value for name, value in more.items()}
        if film_request is not None:
            values["upload-expires"] = formatdate(requests.expires_s(film_request), usegmt=True)
        return Response(status_code=status, headers={"cache-control": "no-store", **values})

    def refuse(error: WiosError) -> Response:
        status = 410 if isinstance(error, NotFound) else error.http_status
        return Response(
            str(error), status, headers | {"connection": "close", "cache-control": "no-store"}, "text/plain"
        )

    def unsupported(request: Request) -> Response | None:
        """The refusal of another version of the protocol."""
        if request.headers.get("tus-resumable") == VERSION:
            return None
        return Response("Send Tus-Resumable: 1.0.0.", 412, headers | {"tus-version": VERSION}, "text/plain")

    @router.options("", summary="What of the tus protocol is supported")
    def describe() -> Response:
        most = str(int(settings.page.upload_gigabytes * 1e9))
        return reply(204, tus_version=VERSION, tus_extension=EXTENSIONS, tus_max_size=most)

    @router.post("", status_code=201, summary="Announce an upload that may be sent in parts (tus, creation)")
    async def create(request: Request) -> Response:
        if (refusal := unsupported(request)) is not None:
            return refusal
        try:
            film_request = await run_in_threadpool(_announce, requests, request)
        except WiosError as error:
            return refuse(error)
        return reply(201, film_request, location=link(f"/api/uploads/{film_request.id}"))

    @router.head("/{id}", summary="How many bytes of an upload were received (tus)")
    def offset(request: Request, id: UploadId) -> Response:
        if (refusal := unsupported(request)) is not None:
            return refusal
        try:
            film_request = find(id)
        except WiosError as error:
            return refuse(error)
        received = requests.received_bytes(film_request) or 0
        return reply(200, film_request, upload_offset=str(received), upload_length=str(film_request.size))

    @router.patch(
        "/{id}",
        status_code=204,
        summary="Send the next part of an upload (tus)",
        responses={409: {"model": models.Reason, "description": "Another offset, or it is being sent already"}},
        openapi_extra={"requestBody": {"required": True, "content": _PART_BODY}},
    )
    async def send(request: Request, id: UploadId) -> Response:
        if (refusal := unsupported(request)) is not None:
            return refusal
        if request.headers.get("content-type") != PART_TYPE:
            return Response(f"Send content-type: {PART_TYPE}.", 415, headers | {"connection": "close"}, "text/plain")
        try:
            film_request = find(id)
            film_request, received = await receive_part(requests, film_request, _offset(request), request.stream())
        except WiosError as error:
            return refuse(error)
        unfinished = film_request if film_request.phase != "added" else None
        return reply(204, unfinished, upload_offset=str(received))

    @router.delete("/{id}", status_code=204, summary="Cancel an upload, and remove what was received (tus)")
    def cancel(request: Request, id: UploadId) -> Response:
        if (refusal := unsupported(request)) is not None:
            return refusal
        try:
            requests.cancel(find(id))
        except WiosError as error:
            return refuse(error)
        return reply(204)

    @router.post("/{id}", status_code=204, include_in_schema=False)
    async def overridden(request: Request, id: UploadId) -> Response:
        """For clients that can send neither PATCH nor DELETE; the protocol has a header for them."""
        method = request.headers.get("x-http-method-override", "").upper()
        if method == "PATCH":
            return await send(request, id)
        if method == "DELETE":
            return await run_in_threadpool(cancel, request, id)
        return Response("Send PATCH or DELETE.", 405, headers | {"allow": "HEAD, PATCH, DELETE"}, "text/plain")

    return router


def _announce(requests: FilmRequests, request: Request) -> FilmRequest:
    length = request.headers.get("upload-length", "")
    if not (length.isascii() and length.isdecimal()):
        raise BadInput("Upload-Length: give the film's length in bytes")
    metadata = _metadata(request.headers.get("upload-metadata", ""))
    name = metadata.get("filename") or metadata.get("name") or ""
    if not name:
        raise BadInput("Upload-Metadata: give the name of the file as `filename`")
    cast = [each.strip() for each in metadata.get("cast", "").split(";") if each.strip()]
    gallery = requests.gallery_folder(metadata["gallery"]) if metadata.get("gallery") else None
    try:
        details = Sidecar(
            title=metadata.get("title"), tconst=metadata.get("tconst"), cast=cast or None, gallery=gallery
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"Upload-Metadata: {first['loc'][-1]}: {first['msg']}") from None
    film_request = requests.announce_upload(name, int(length), details)
    check_space(requests.uploads, film_request)
    return film_request


def _metadata(header: str) -> dict[str, str]:
    """Pairs of name and value of the header `Upload-Metadata`, whose values are in Base64."""
    pairs = (part.strip().partition(" ") for part in header.split(",") if part.strip())
    try:
        return {name: base64.b64decode(value, validate=True).decode() for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise BadInput("Upload-Metadata: values are UTF-8 in Base64") from None


def _offset(request: Request) -> int:
    offset = request.headers.get("upload-offset", "")
    if not (offset.isascii() and offset.isdecimal()):
        raise BadInput("Upload-Offset: give the number of bytes that were received before")
    return int(offset)
