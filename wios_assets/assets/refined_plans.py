"""Spark plans of the tables over all films, from films' own tables.

Only people of the cast count here: unknown people are numbered film by film. A plan may be given the rows of some
films: its rows for these films are then complete. Each function returns a lazy frame with its table's columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyspark.sql.functions as F
from pyspark.sql import Column, Window
from pyspark.sql import DataFrame as SparkFrame

from wios_assets.timeline.scenes import LONGEST_PAUSE_S

_BUCKET_S = 60.0
"""Intervals are compared within stretches of this length, in seconds, instead of each with each of a film."""


def actor_screen_time(film: SparkFrame, screen_time: SparkFrame, appearances: SparkFrame) -> SparkFrame:
    """Rows of `refined/actor_screen_time`."""
    scenes = _count(_joined(_of_cast(appearances), ("film", "actor"), LONGEST_PAUSE_S), "film", "actor", name="scenes")
    ranked = Window.partitionBy("film").orderBy("rank", "actor")
    return (
        _of_cast(screen_time)
        .withColumn("rank", F.row_number().over(ranked))
        .join(film.select("film", "title", "year"), "film")
        .join(scenes, ["film", "actor"], "left")
        .fillna(0, ["scenes"])
    )


def character_presence(film: SparkFrame, screen_time: SparkFrame, appearances: SparkFrame) -> SparkFrame:
    """Rows of `refined/character_presence`."""
    tenth_s = F.col("duration_s") / 10
    last = F.least(F.lit(9), F.floor(F.col("end_s") / tenth_s))
    first = F.least(F.lit(9), F.floor(F.col("start_s") / tenth_s))
    begin, end = F.col("tenth") * tenth_s, (F.col("tenth") + 1) * tenth_s
    seconds = F.least("end_s", end) - F.greatest("start_s", begin)
    return (
        _spans(appearances)
        .join(film.filter("duration_s > 0").select("film", "duration_s"), "film")
        .withColumn("tenth", F.explode(F.sequence(first, last)))
        .withColumn("seconds", seconds)
        .filter("seconds > 0")
        .groupBy("film", "tenth", "actor", "duration_s")
        .agg(F.sum("seconds").alias("seconds"))
        .withColumn("share", F.least(F.lit(1.0), F.col("seconds") / tenth_s))
        .join(_of_cast(screen_time).select("film", "actor", "nconst", "character"), ["film", "actor"], "left")
    )


def film_pairs(film: SparkFrame, screen_time: SparkFrame, appearances: SparkFrame) -> SparkFrame:
    """Rows of `refined/film_pairs`."""
    pair = ("film", "actor", "other")
    bucket = F.explode(F.sequence(F.floor(F.col("start_s") / _BUCKET_S), F.floor(F.col("end_s") / _BUCKET_S)))
    spans = _spans(appearances).withColumn("bucket", bucket)
    others = spans.select(
        "film",
        "bucket",
        F.col("actor").alias("other"),
        F.col("start_s").alias("other_start_s"),
        F.col("end_s").alias("other_end_s"),
    )
    together = (
        spans.join(others, ["film", "bucket"])
        .filter("actor < other AND start_s < other_end_s AND other_start_s < end_s")
        .withColumn("start_s", F.greatest("start_s", "other_start_s"))
        .withColumn("end_s", F.least("end_s", "other_end_s"))
        # Two intervals meet in each bucket that both reach into; the one where they begin to meet counts.
        .filter(F.floor(F.col("start_s") / _BUCKET_S) == F.col("bucket"))
        .select(*pair, "start_s", "end_s")
    )
    scenes = _count(_joined(together, pair, LONGEST_PAUSE_S), *pair, name="scenes")
    people = _of_cast(screen_time).select("film", "actor", "nconst")
    return (
        together.groupBy(*pair)
        .agg(F.sum(F.col("end_s") - F.col("start_s")).alias("seconds"), F.min("start_s").alias("first_s"))
        .join(scenes, list(pair))
        .join(people, ["film", "actor"], "left")
        .join(people.toDF("film", "other", "other_nconst"), ["film", "other"], "left")
        .join(film.select("film", "year"), "film")
    )


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


def film_statistics(tables: dict[str, SparkFrame], states: SparkFrame) -> SparkFrame:
    """Rows of `refined/film_statistics`.

    Args:
        tables: rows of `film`, `appearances`, `shots`, `frame_samples`, `face_tracks` and `track_names`, by name.
        states: a row a film: film, state, reviews, reviews_right, engine, and the seconds of its analysis, taken_s.
    """
    seconds = F.col("end_s") - F.col("start_s")
    people = (
        tables["appearances"]
        .groupBy("film")
        .agg(
            F.count_distinct(F.when(F.col("kind") == "cast", F.col("actor"))).alias("people"),
            F.count_distinct(F.when(F.col("kind") == "unknown", F.col("actor"))).alias("unknown_people"),
            (
                F.sum(F.when(F.col("kind") == "cast", F.col("probability") * seconds))
                / F.sum(F.when((F.col("kind") == "cast") & F.col("probability").isNotNull(), seconds))
            ).alias("mean_probability"),
        )
    )
    samples = (
        tables["frame_samples"]
        .groupBy("film")
        .agg(
            F.count("*").alias("samples"),
            F.avg("faces").alias("faces_per_sample"),
            F.avg((F.col("outcome") == "unreadable").cast("double")).alias("unreadable_share"),
        )
    )
    decided = tables["track_names"].select("film", "track", "decision", "model_hash")
    tracks = (
        tables["face_tracks"]
        .select("film", "track", seconds.alias("seconds"))
        .join(decided, ["film", "track"])
        .groupBy("film")
        .agg(
            *(_share_of(decision) for decision in ("named", "unknown", "weak")),
            F.max("model_hash").alias("model_hash"),
        )
    )
    minutes = F.col("duration_s") / 60
    shots = _count(tables["shots"], "film", name="shots")
    return (
        tables["film"]
        .select("film", "title", "year", "duration_s")
        .join(states, "film")
        .join(shots, "film", "left")
        .join(samples, "film", "left")
        .join(tracks, "film", "left")
        .join(people, "film", "left")
        .fillna(0, ["people", "unknown_people", "shots", "samples"])
        .withColumn("speed", F.when(F.col("taken_s") > 0, F.col("duration_s") / F.col("taken_s")))
        .withColumn("cuts_per_minute", F.greatest(F.col("shots") - 1, F.lit(0)) / minutes)
    )


def _share_of(decision: str) -> Column:
    seconds = F.when(F.col("decision") == decision, F.col("seconds")).otherwise(0.0)
    return (F.sum(seconds) / F.sum("seconds")).alias(f"{decision}_share")


def _of_cast(rows: SparkFrame) -> SparkFrame:
    return rows.filter(F.col("kind") == "cast")


def _spans(appearances: SparkFrame) -> SparkFrame:
    """Intervals of each cast member that do not overlap: film, actor, start_s, end_s."""
    return _joined(_of_cast(appearances), ("film", "actor"), 0.0)


def _joined(rows: SparkFrame, keys: Sequence[str], gap_s: float) -> SparkFrame:
    """Intervals `start_s` to `end_s` of each key, those joined that are at most `gap_s` seconds apart."""
    in_order = Window.partitionBy(*keys).orderBy("start_s", "end_s")
    reached_s = F.max("end_s").over(in_order.rowsBetween(Window.unboundedPreceding, -1))
    begins = F.coalesce((F.col("start_s") > reached_s + gap_s).cast("int"), F.lit(1))
    number = F.sum("begins").over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    return (
        rows.select(*keys, "start_s", "end_s")
        .withColumn("begins", begins)
        .withColumn("number", number)
        .groupBy(*keys, "number")
        .agg(F.min("start_s").alias("start_s"), F.max("end_s").alias("end_s"))
        .drop("number")
    )


def _count(rows: SparkFrame, *keys: str, name: str) -> SparkFrame:
    return rows.groupBy(*keys).agg(F.count("*").alias(name))


def _either(condition: Column, yes: str, no: str) -> Column:
    return F.when(condition, F.col(yes)).otherwise(F.col(no)).alias(no)
