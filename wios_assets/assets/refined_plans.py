"""Spark plans of the tables over all films.

The rows of one film follow from its own tables alone (`timeline.people_on_screen`, `timeline.film_statistics`), so a
plan calls a function for each film. Each plan is a lazy frame with its table's columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import Column
from pyspark.sql import DataFrame as SparkFrame

from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.lake.worker_files import FilmFunction, rows_by_film
from wios_assets.refined_tables import ACTOR_SCREEN_TIME, CHARACTER_PRESENCE, FILM_PAIRS, FILM_STATISTICS
from wios_assets.tables import (
    APPEARANCES,
    FACE_TRACKS,
    FILM,
    FRAME_SAMPLES,
    SCREEN_TIME,
    SHOTS,
    TABLES,
    TRACK_NAMES,
    Table,
)
from wios_assets.timeline import people_on_screen
from wios_assets.timeline.film_statistics import film_figures
from wios_assets.timeline.people_on_screen import OnScreen

_PEOPLE = ("kind", "actor", "nconst", "character", "rank", "seconds", "share", "first_minute", "last_minute")


def film_plan(spark: SparkSessionResource, lake: Path, films: Sequence[str], table: str) -> SparkFrame:
    """Rows of `refined/actor_screen_time`, `refined/character_presence` or `refined/film_pairs` of some films."""
    return rows_by_film(spark, lake, films, PER_FILM[table], TABLES[table].schema)


def film_statistics(
    spark: SparkSessionResource, lake: Path, films: Sequence[str], states: Mapping[str, tuple[Any, ...]]
) -> SparkFrame:
    """Rows of `refined/film_statistics`.

    Args:
        states: of each film, the columns of `_STATES` after `film`.
    """
    fields = [field for field in FILM_STATISTICS.schema if field.name not in _STATE_COLUMNS]
    figures = rows_by_film(spark, lake, films, _figures, pa.schema(fields))
    rows = [(film, *states[film]) for film in films]
    return (
        figures.join(F.broadcast(spark.spark_session.createDataFrame(rows, _STATES)), "film")
        .withColumn("speed", F.when(F.col("taken_s") > 0, F.col("duration_s") / F.col("taken_s")))
        .drop("taken_s")
    )


_STATES = "film string, state string, reviews int, reviews_right int, engine string, taken_s double"
_STATE_COLUMNS = ("state", "reviews", "reviews_right", "engine", "speed")


def co_appearances(pairs: SparkFrame) -> SparkFrame:
    """Rows of `refined/co_appearances` from all rows of `refined/film_pairs`."""
    key, other_key = F.coalesce("nconst", "actor"), F.coalesce("other_nconst", "other")
    ordered = pairs.withColumn("key", F.least(key, other_key)).withColumn("other_key", F.greatest(key, other_key))
    swapped = key > other_key
    people = ordered.filter("key <> other_key").select(
        *("key", "other_key", "film", "year", "seconds", "scenes", "first_s"),
        _either(swapped, "other", "actor"),
        _either(swapped, "other_nconst", "nconst"),
        _either(swapped, "actor", "other"),
        _either(swapped, "nconst", "other_nconst"),
    )
    order = F.struct(F.col("year").isNull(), "year", "film")
    return (
        people.groupBy("key", "other_key")
        .agg(
            *(F.max_by(name, "seconds").alias(name) for name in ("actor", "nconst", "other", "other_nconst")),
            F.sum("seconds").alias("seconds"),
            F.sum("scenes").alias("scenes"),
            F.count_distinct("film").alias("films"),
            F.min_by("film", order).alias("first_film"),
            F.min_by("first_s", order).alias("first_s"),
        )
        .drop("key", "other_key")
    )


def _actor_screen_time(lake: Path, film: str) -> pa.Table:
    return people_on_screen.actor_screen_time(*_people(lake, film))


def _character_presence(lake: Path, film: str) -> pa.Table:
    return people_on_screen.character_presence(*_people(lake, film))


def _film_pairs(lake: Path, film: str) -> pa.Table:
    return people_on_screen.film_pairs(*_people(lake, film))


PER_FILM: dict[str, FilmFunction] = {
    ACTOR_SCREEN_TIME.name: _actor_screen_time,
    CHARACTER_PRESENCE.name: _character_presence,
    FILM_PAIRS.name: _film_pairs,
}
"""Tables whose rows of a film follow from its own tables, and how."""


def _people(lake: Path, film: str) -> tuple[dict[str, Any], pa.Table, OnScreen]:
    appearances = _rows(lake, APPEARANCES, film, "actor", "kind", "start_s", "end_s")
    return _film(lake, film), _rows(lake, SCREEN_TIME, film, *_PEOPLE), OnScreen.of(appearances)


def _figures(lake: Path, film: str) -> pa.Table:
    figures = film_figures(
        _film(lake, film),
        appearances=_rows(lake, APPEARANCES, film, "actor", "kind", "start_s", "end_s", "probability"),
        shots=_rows(lake, SHOTS, film, "shot").num_rows,
        frame_samples=_rows(lake, FRAME_SAMPLES, film, "faces", "outcome"),
        face_tracks=_rows(lake, FACE_TRACKS, film, "track", "start_s", "end_s"),
        track_names=_rows(lake, TRACK_NAMES, film, "track", "decision", "model_hash"),
    )
    schema = pa.schema([field for field in FILM_STATISTICS.schema if field.name in figures])
    return pa.Table.from_pylist([figures], schema=schema)


def _film(lake: Path, film: str) -> dict[str, Any]:
    (row,) = read_rows(lake, FILM, film, ["title", "year", "duration_s"]).to_pylist()
    return dict(row)


def _rows(lake: Path, table: Table, film: str, *columns: str) -> pa.Table:
    """Rows of a film; none where it has not this table."""
    if not has_rows_of(lake, table, film):
        return table.schema.empty_table().select(list(columns))
    return read_rows(lake, table, film, columns)


def _either(condition: Column, yes: str, no: str) -> Column:
    return F.when(condition, F.col(yes)).otherwise(F.col(no)).alias(no)
