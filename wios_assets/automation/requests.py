"""Which runs the inbox asks for: pure comparison of what is there with what was asked for before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from wios_assets.films.index import FilmIndex, IndexEntry

Job = Literal["film_map", "film_names", "library_refresh"]


@dataclass(frozen=True)
class Asked:
    """State of a film for which everything needed was asked for.

    Attributes:
        fingerprint, sidecar_hash, path, present: as in the index.
        grounds: what else a film that is not finished waits for, IMDB's tables and photos; empty for a finished one.
        number: how many states came before; makes a run's key its own when a film returns to an earlier state.
    """

    fingerprint: str
    sidecar_hash: str
    path: str
    present: bool
    grounds: str = ""
    number: int = field(default=0, compare=False)

    @classmethod
    def of(cls, entry: IndexEntry, grounds: str) -> Asked:
        return cls(entry.fingerprint, entry.sidecar_hash, entry.path, entry.present, grounds)


Memory = dict[str, Asked]
"""What was asked for, by film; kept in the sensor's cursor, so that it is stored in one step with the requests."""


@dataclass(frozen=True)
class FilmRequest:
    """A run that a film needs: `film_map`, `film_names`, or `library_refresh` for a film that is gone."""

    film: str
    job: Job
    run_key: str


def film_requests(
    index: FilmIndex, memory: Mapping[str, Asked], finished: Mapping[str, str], grounds: str, held: bool = False
) -> tuple[list[FilmRequest], Memory]:
    """Runs that bring every film's results in step with the index, and the memory once they were asked for.

    Args:
        index: films as they are now.
        memory: films as they were when runs were last asked for.
        finished: film → fingerprint of the content that its finished results belong to.
        grounds: state of IMDB's tables and of the photos; a film that failed is tried again when it changes.
        held: whether films that are not finished must wait, because these are just changing.
    """
    requests: list[FilmRequest] = []
    remembered: Memory = {}
    for film, entry in index.films.items():
        before = memory.get(film)
        done = finished.get(film)
        unfinished = done != entry.fingerprint
        now = Asked.of(entry, grounds if unfinished and entry.present else "")
        if held and unfinished and entry.present:
            if before is not None:
                remembered[film] = before
            continue
        if before is not None:
            now = replace(now, number=before.number + (now != before))
        remembered[film] = now
        job = _needed(now, before, done) if now != before else None
        if job is not None:
            requests.append(FilmRequest(film, job, f"{job}:{film}:{now.number}:{now.fingerprint}"))
    return requests, remembered


def _needed(now: Asked, before: Asked | None, finished: str | None) -> Job | None:
    if not now.present:
        return "library_refresh" if finished is not None else None
    if finished != now.fingerprint:
        return "film_map"
    if before is None or (before.grounds and _same_film(now, before)):
        # Finished since, by the run that was asked for or from the command line.
        return None
    return "film_names"


def _same_film(now: Asked, before: Asked) -> bool:
    return (now.fingerprint, now.sidecar_hash, now.path, now.present) == (
        before.fingerprint,
        before.sidecar_hash,
        before.path,
        before.present,
    )


def read_memory(cursor: str | None) -> Memory:
    """The memory in a sensor's cursor."""
    return {film: Asked(**state) for film, state in json.loads(cursor).items()} if cursor else {}


def write_memory(memory: Mapping[str, Asked]) -> str:
    """The memory as a sensor's cursor."""
    return json.dumps({film: asdict(state) for film, state in memory.items()})
