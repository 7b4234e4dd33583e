"""How an answer leaves: compressed where the client takes it, and not at all where it has it already."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_SMALLEST_COMPRESSED = 600


def as_json(value: Any) -> bytes:
    """A value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def json_answer(request: Request, value: Any, etag: str | None = None) -> Response:
    """A value as JSON, with an ETag: the given one, or the content's."""
    if etag is not None and _has(request, etag):
        return Response(status_code=304, headers=_headers(etag))
    return answer(request, as_json(value), "application/json", etag)


def answer(request: Request, content: bytes, media_type: str, etag: str | None = None) -> Response:
    """Content with an ETag; 304 where the client names the same, compressed where it takes that."""
    etag = etag or hashlib.blake2b(content, digest_size=12).hexdigest()
    headers = _headers(etag)
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    if len(content) >= _SMALLEST_COMPRESSED and _takes_gzip(request):
        content = gzip.compress(content, compresslevel=6, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=media_type, headers=headers)


def picture_answer(request: Request, content: bytes) -> Response:
    """A JPEG that may be kept for a while."""
    etag = hashlib.blake2b(content, digest_size=12).hexdigest()
    headers = {"etag": f'"{etag}"', "cache-control": "private, max-age=600"}
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/jpeg", headers=headers)


def _headers(etag: str) -> dict[str, str]:
    # Weak, since the compressed and the plain form share it.
    return {"etag": f'W/"{etag}"', "cache-control": "private, no-cache", "vary": "accept-encoding, cookie"}


def _has(request: Request, etag: str) -> bool:
    named = [part.strip().removeprefix("W/").strip('"') for part in request.headers.get("if-none-match", "").split(",")]
    return etag in named or named == ["*"]


def _takes_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            return True
    return False
