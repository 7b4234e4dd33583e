"""What routes share: parameters, paging, and responses with an ETag."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.page import models
from wios_assets.page.proxies import link

MAX_PAGE_SIZE = 200
_MAX_QUERY_LENGTH = 200
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Reason, "description": "The request is not valid"},
    404: {"model": models.Reason, "description": "It does not exist"},
}

FilmKey = Annotated[str, Path(description="Key or title of the film, or the beginning of either")]
SearchQuery = Annotated[str, Query(max_length=_MAX_QUERY_LENGTH, description="Words to search for")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="Page, from 1")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Entries a page")]
Entry = TypeVar("Entry")


class _KeyConvertor(Convertor[str]):
    """`{name:key}` in a route: the rest of the path, whatever characters it has."""

    # Starlette's own `path` ends at a line break.
    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("key", _KeyConvertor())


class Router(APIRouter):
    """A router that answers HEAD wherever it answers GET (RFC 9110, 9.3.2); the description of the API lists GET."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().add_api_route(path, endpoint, **options)
        if "GET" in (options.get("methods") or ()):
            super().add_api_route(path, endpoint, **{**options, "methods": ["HEAD"], "include_in_schema": False})


def paged(entries: list[Entry], page: int, per_page: int) -> tuple[list[Entry], int, int]:
    """The entries of a page (of the last one where `page` is beyond it), its number, and the number of pages."""
    pages = max(1, math.ceil(len(entries) / per_page))
    page = min(page, pages)
    return entries[(page - 1) * per_page : page * per_page], page, pages


def chip_path(film: str, face: int) -> str:
    """Path of a face chip."""
    return link(f"/chip/{face}/{quote(film, safe='')}")


def to_json(value: Any) -> bytes:
    """A value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def json_response(request: Request, value: Any, etag: str | None = None) -> Response:
    """A value as JSON with an ETag, see `content_response`. A given ETag saves encoding what the client has."""
    if etag is not None and _client_has(request, etag):
        return _not_modified(etag)
    return content_response(request, to_json(value), "application/json", etag)


def content_response(request: Request, content: bytes, media_type: str, etag: str | None = None) -> Response:
    """Content with an ETag (of the content, if none is given); status 304 where the client has it."""
    etag = etag or _hash(content)
    if _client_has(request, etag):
        return _not_modified(etag)
    return Response(content, media_type=media_type, headers=_headers(etag))


def picture_response(request: Request, jpeg: bytes) -> Response:
    """A JPEG, to be cached for ten minutes."""
    etag = _hash(jpeg)
    headers = {"etag": f'"{etag}"', "cache-control": "private, max-age=600"}
    if _client_has(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _headers(etag: str) -> dict[str, str]:
    # Weak, since the compressed and the plain form share it.
    return {"etag": f'W/"{etag}"', "cache-control": "private, no-cache", "vary": "Cookie"}


def _not_modified(etag: str) -> Response:
    # Compression adds `Accept-Encoding` to what varies, but only where there is content.
    return Response(status_code=304, headers={**_headers(etag), "vary": "Cookie, Accept-Encoding"})


def _client_has(request: Request, etag: str) -> bool:
    named = [part.strip().removeprefix("W/").strip('"') for part in request.headers.get("if-none-match", "").split(",")]
    return etag in named or named == ["*"]
