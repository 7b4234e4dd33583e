"""Spark plans that call a function for each of some films; their workers read the films' files themselves.

A film's tables are many small files. Spark would list all of them before it reads one, and sort the rows of all films
by film to bring each film's together again, though they lie together in the lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from wios_assets.lake.roots import Roots
from wios_assets.lake.spark_workers import require_folder, worker_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as SparkFrame
    from pyspark.sql import SparkSession

    from wios_assets.settings import Settings

FilmFunction = Callable[[Path, str], pa.Table]
"""Rows that follow from one film's tables, given the lake and the film's key."""

_FILMS_A_TASK = 50


def rows_by_film(
    session: SparkSession, settings: Settings, films: Sequence[str], function: FilmFunction, schema: pa.Schema
) -> SparkFrame:
    """A lazy frame with what a function returns for each film.

    Args:
        settings: name the lake; a worker on another machine takes its own instead.
        function: a function of a module, which the workers import.
        schema: of the rows that it returns.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    tasks = max(1, min(len(films), max(len(films) // _FILMS_A_TASK, session.sparkContext.defaultParallelism)))
    keys = session.createDataFrame([(film,) for film in films], "film string").repartition(tasks)
    local = bool(session.sparkContext._jsc.sc().isLocal())
    worker = _Worker(function, settings.lake, None if local else Roots.of(settings))
    return keys.mapInArrow(worker, from_arrow_schema(schema))


@dataclass(frozen=True)
class _Worker:
    """Called by Spark with batches of film keys.

    Attributes:
        function: what to call. lake: the driver's lake. roots: the driver's folders; None where it does the work.
    """

    function: FilmFunction
    lake: Path
    roots: Roots | None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with worker_errors():
            lake = self.lake if self.roots is None else self.roots.translated(self.lake, self.roots.of_this_machine())
            require_folder(lake)
            for batch in batches:
                for film in batch.column("film").to_pylist():
                    yield from self.function(lake, film).combine_chunks().to_batches()
