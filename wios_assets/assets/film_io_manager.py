"""The I/O manager of runs: it holds the lock of the film whose partition a run writes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dagster import InitResourceContext

from wios_assets.films.film_lock import LockHolder, film_lock
from wios_assets.lake.io_manager import SparkIOManager

PARTITION_TAG = "dagster/partition"


class FilmIOManager(SparkIOManager):
    """Stores tables as `SparkIOManager` does, under the lock of the run's film.

    Dagster sets resources up once per run and tears them down when it ends, so a film's lock is held by every run that
    writes its tables, however it was launched.
    """

    data: str

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[FilmIOManager, None, None]:
        """Hold the lock of the run's film while the run lasts; a run without a film holds none."""
        run = context.run
        film = run.tags.get(PARTITION_TAG) if run is not None else None
        if run is None or film is None:
            yield self
            return
        reported: list[LockHolder | None] = []

        def waiting(holder: LockHolder | None) -> None:
            if holder not in reported and context.log is not None:
                reported.append(holder)
                context.log.info(f"film {film!r}: waiting for {holder or 'another process'}")

        with film_lock(Path(self.data), film, f"Dagster run {run.run_id[:8]}", waiting):
            yield self
