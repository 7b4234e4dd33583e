"""Which runs the inbox asks for: pure comparison of the files that are there with those of the last look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from wios_assets.films.index import FilmIndex, IndexEntry

Job = Literal["film_map", "film_names", "library_refresh"]


@dataclass(frozen=True)
class FilmFiles:
    """State of a film's files for which everything needed was requested.

    Attributes:
        fingerprint, sidecar_hash, path, present: as in the index.
        sources: digest of IMDB's tables and of the photos, for a film that is not finished; empty for a finished one.
        number: how many states came before; makes a run's key unique when a film returns to an earlier state.
    """

    fingerprint: str
    sidecar_hash: str
    path: str
    present: bool
    sources: str = ""
    number: int = field(default=0, compare=False)

    @classmethod
    def of(cls, entry: IndexEntry, sources: str) -> FilmFiles:
        return cls(entry.fingerprint, entry.sidecar_hash, entry.path, entry.present, sources)


@dataclass(frozen=True)
class FilmRequest:
    """A run that a film needs: `film_map`, `film_names`, or `library_refresh` for a film that is gone."""

    film: str
    job: Job
    run_key: str


def film_requests(
    index: FilmIndex,
    seen: Mapping[str, FilmFiles],
    finished: Mapping[str, str],
    sources: str,
    wait: bool = False,
) -> tuple[list[FilmRequest], dict[str, FilmFiles]]:
    """Runs that bring every film's results in step with the index, and the files seen, for the next look.

    Args:
        index: films as they are now.
        seen: by film, its files when runs were last requested.
        finished: film → fingerprint of the content that its finished results belong to.
        sources: digest of IMDB's tables and of the photos; a film that failed is tried again when it changes.
        wait: whether films that are not finished must wait, because the sources are just changing.
    """
    requests: list[FilmRequest] = []
    now_seen: dict[str, FilmFiles] = {}
    for film, entry in index.films.items():
        before = seen.get(film)
        done = finished.get(film)
        unfinished = done != entry.fingerprint
        now = FilmFiles.of(entry, sources if unfinished and entry.present else "")
        if wait and unfinished and entry.present:
            if before is not None:
                now_seen[film] = before
            continue
        if before is not None:
            now = replace(now, number=before.number + (now != before))
        now_seen[film] = now
        job = _job_for(now, before, done) if now != before else None
        if job is not None:
            requests.append(FilmRequest(film, job, f"{job}:{film}:{now.number}:{now.fingerprint}"))
    return requests, now_seen


def _job_for(now: FilmFiles, before: FilmFiles | None, finished: str | None) -> Job | None:
    if not now.present:
        return "library_refresh" if finished is not None else None
    if finished != now.fingerprint:
        return "film_map"
    if before is None or (before.sources and replace(now, sources="") == replace(before, sources="")):
        # Finished since, by the run that was requested or from the command line.
        return None
    return "film_names"


def read_cursor(cursor: str | None) -> dict[str, FilmFiles]:
    """The files in a sensor's cursor; none where an older version of this project wrote it."""
    with suppress(TypeError):
        return {film: FilmFiles(**state) for film, state in json.loads(cursor).items()} if cursor else {}
    return {}


def write_cursor(seen: Mapping[str, FilmFiles]) -> str:
    """The files as a sensor's cursor, which Dagster stores in one step with the requests."""
    return json.dumps({film: asdict(state) for film, state in seen.items()})
