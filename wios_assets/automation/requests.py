"""Which runs the inbox asks for: pure comparison of what is there with what was asked for before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from wios_assets.film_index import FilmIndex, IndexEntry


@dataclass(frozen=True)
class Asked:
    """State of a film for which everything needed was asked for."""

    fingerprint: str
    sidecar_hash: str
    path: str
    present: bool

    @classmethod
    def of(cls, entry: IndexEntry) -> Asked:
        return cls(entry.fingerprint, entry.sidecar_hash, entry.path, entry.present)


Memory = dict[str, Asked]
"""What was asked for, by film; kept in the sensor's cursor, so that it is stored in one step with the requests."""


@dataclass(frozen=True)
class FilmRequest:
    """A run that a film needs: `film_map`, `film_names`, or `library_refresh` for a film that is gone."""

    film: str
    job: Literal["film_map", "film_names", "library_refresh"]
    run_key: str


def film_requests(index: FilmIndex, memory: Mapping[str, Asked], finished: Mapping[str, str]) -> list[FilmRequest]:
    """Runs that bring every film's results in step with the index.

    Args:
        index: films as they are now.
        memory: films as they were when runs were last asked for.
        finished: film → fingerprint of the content that its finished results belong to.
    """
    requests = []
    for film, entry in index.films.items():
        now, before = Asked.of(entry), memory.get(film)
        if now == before:
            continue
        job = _needed(now, before, finished.get(film))
        if job is not None:
            key = ":".join([job, film, now.fingerprint, now.sidecar_hash, now.path, str(now.present)])
            requests.append(FilmRequest(film, job, key))
    return requests


def _needed(
    now: Asked, before: Asked | None, finished: str | None
) -> Literal["film_map", "film_names", "library_refresh"] | None:
    if not now.present:
        return "library_refresh" if finished is not None else None
    if finished != now.fingerprint:
        asked = before is not None and before.present and before.fingerprint == now.fingerprint
        # Asked for and not finished: it is running or it failed. Only a change that may mend it asks again.
        return "film_map" if not asked or before != now else None
    return None if before is None else "film_names"


def remember(index: FilmIndex) -> Memory:
    """The memory once every request of `film_requests` was made."""
    return {film: Asked.of(entry) for film, entry in index.films.items()}


def read_memory(cursor: str | None) -> Memory:
    """The memory in a sensor's cursor."""
    return {film: Asked(**state) for film, state in json.loads(cursor).items()} if cursor else {}


def write_memory(memory: Mapping[str, Asked]) -> str:
    """The memory as a sensor's cursor."""
    return json.dumps({film: asdict(state) for film, state in memory.items()})
