"""An HTTP session that retries failed requests with pauses between."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

TIMEOUT_S = (10.0, 60.0)
"""Longest wait for a connection, and for the next bytes, in seconds."""

PASSING_STATUSES = (408, 425, 429, 500, 502, 503, 504)
"""Statuses of errors that may pass."""


def patient_session(tries: int = 5, back_off_s: float = 0.5) -> requests.Session:
    """A session that makes up to `tries` attempts, with pauses of `back_off_s` seconds, doubled each time.

    `Retry-After` is obeyed. The last response is returned whatever its status.
    """
    retry = Retry(
        total=tries - 1,
        backoff_factor=back_off_s,
        backoff_max=60,
        status_forcelist=PASSING_STATUSES,
        allowed_methods=("GET", "HEAD"),
        respect_retry_after_header=True,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = "wios"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def reason(error: Exception) -> str:
    """Cause of an error in a few words, without the address, which may contain a key."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    cause = getattr(inner, "reason", None)
    if isinstance(cause, BaseException):
        inner = cause
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return f"no connection: {type(inner).__name__}"
    return type(inner).__name__
