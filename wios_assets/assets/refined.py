"""The tables over all films: only films that changed are read again, and the whole is exact.

A film's rows rest on the state of its own tables and decisions, which `film_statistics` keeps. That table is stored
last, so that a run that is killed before leaves the films of its run to be read again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyspark.sql.functions as F
from pyspark.sql import DataFrame as SparkFrame

from wios_assets.assets import refined_plans
from wios_assets.assets.refined_plans import PER_FILM
from wios_assets.assets.results import check
from wios_assets.assets.specs import table_out, table_spec
from wios_assets.errors import WiosError
from wios_assets.failures import one_line_failures
from wios_assets.lake.io_manager import rows_of_table
from wios_assets.lake.paths import parquet_files, partition_folder, partition_version
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.stamps import analysis_time
from wios_assets.lake.store import finished_films, has_rows_of, read_rows
from wios_assets.naming.decided_tracks import TrackDecisions
from wios_assets.refined_tables import (
    ACTOR_SCREEN_TIME,
    CHARACTER_PRESENCE,
    CO_APPEARANCES,
    FILM_PAIRS,
    FILM_STATISTICS,
)
from wios_assets.reviews.decisions import decisions_file, decisions_version, read_decisions, read_faces
from wios_assets.settings import Settings
from wios_assets.tables import (
    APPEARANCES,
    CAST,
    FACE_EMBEDDINGS,
    FACE_TRACKS,
    FILM,
    FRAME_SAMPLES,
    SCREEN_TIME,
    SHOTS,
    TABLES,
    TRACK_NAMES,
)

GROUP = "refined"
SOURCES = (FILM, CAST, SHOTS, FRAME_SAMPLES, FACE_TRACKS, TRACK_NAMES, APPEARANCES, SCREEN_TIME)
"""Tables of a film that its rows here rest on."""

_SECONDS_TOLERANCE = 0.01


def output_name(table: str) -> str:
    return table.replace("/", "_")


def film_states(settings: Settings) -> dict[str, str]:
    """State of each finished film's tables and decisions, by film."""
    lake = settings.lake
    return {film: _state(settings, lake, film) for film in finished_films(lake)}


def stored_states(lake: Path) -> dict[str, str]:
    """States that the stored tables over all films rest on, by film; empty where they cannot be read."""
    if not has_rows_of(lake, FILM_STATISTICS):
        return {}
    try:
        rows = read_rows(lake, FILM_STATISTICS, columns=["film", "state"])
    except WiosError:
        return {}
    return dict(zip(rows["film"].to_pylist(), rows["state"].to_pylist(), strict=True))


def changed_films(now: dict[str, str], stored: dict[str, str]) -> list[str]:
    """Films that must be read again, and films that are gone."""
    return sorted(film for film in {*now, *stored} if now.get(film) != stored.get(film))


@dg.multi_asset(
    name="refined",
    outs={
        output_name(table): table_out(
            table, GROUP, code_version="2", kinds={"spark", "parquet"}, cost="light", required=False
        )
        for table in (*PER_FILM, FILM_STATISTICS.name)
    },
    deps=[dg.AssetKey(table.name) for table in SOURCES],
)
@one_line_failures
def refined(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], spark: SparkSessionResource
) -> Iterator[Any]:
    lake = settings.lake
    now, stored = film_states(settings), stored_states(lake)
    if not all(has_rows_of(lake, TABLES[table]) for table in PER_FILM):
        stored = {}
    changed = changed_films(now, stored)
    if not changed and has_rows_of(lake, FILM_STATISTICS):
        context.log.info(f"no film changed; {len(now)} films")
        return
    present = [film for film in changed if film in now]
    context.log.info(f"{len(present)} films to read, {len(changed) - len(present)} gone, {len(now)} in all")
    left_out = spark.spark_session.createDataFrame(pd.DataFrame({"film": changed}, dtype=str), "film string")
    metadata = {"films read again": len(present), "films": len(now)}

    def with_others(table: str, rows: SparkFrame) -> SparkFrame:
        names = TABLES[table].schema.names
        new = rows.select(*names)
        if not stored:
            return new
        kept = rows_of_table(spark, lake, TABLES[table]).join(F.broadcast(left_out), "film", "left_anti")
        return kept.select(*names).unionByName(new)

    for table in PER_FILM:
        rows = refined_plans.film_plan(spark, lake, present, table)
        yield dg.Output(with_others(table, rows), output_name=output_name(table), metadata=metadata)
    states = {
        film: (now[film], *_reviews(settings, film), _engine(lake, film), analysis_time(lake, film)) for film in present
    }
    statistics = refined_plans.film_statistics(spark, lake, present, states)
    yield dg.Output(
        with_others(FILM_STATISTICS.name, statistics), output_name=output_name(FILM_STATISTICS.name), metadata=metadata
    )


@dg.asset(
    key=CO_APPEARANCES.name.split("/"),
    **table_spec(CO_APPEARANCES.name, GROUP, kinds={"spark", "parquet"}),
    code_version="1",
    ins={"pairs": dg.AssetIn(FILM_PAIRS.name.split("/"))},
)
@one_line_failures
def co_appearances(pairs: SparkFrame) -> SparkFrame:
    return refined_plans.co_appearances(pairs)


@dg.asset_check(asset=FILM_STATISTICS.name.split("/"), description="Each finished film has one row.")
def every_finished_film_present(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    listed = Counter(read_rows(settings.lake, FILM_STATISTICS, columns=["film"])["film"].to_pylist())
    bad = sorted({*finished_films(settings.lake)} ^ {*listed}) + [film for film, rows in listed.items() if rows > 1]
    return check("every_finished_film_present", FILM_STATISTICS.name, bad, warn=True)


@dg.asset_check(
    asset=ACTOR_SCREEN_TIME.name.split("/"),
    description="Each film's seconds are the sum of its cast's screen time.",
)
def sums_agree_with_screen_time(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    rows = read_rows(settings.lake, ACTOR_SCREEN_TIME, columns=["film", "seconds"])
    own = read_rows(settings.lake, SCREEN_TIME, columns=["kind", "seconds"])
    bad = _unequal(_sums(rows, "film"), _sums(own.filter(pc.equal(own["kind"], "cast")), "film"))
    return check("sums_agree_with_screen_time", ACTOR_SCREEN_TIME.name, bad)


@dg.asset_check(
    asset=CHARACTER_PRESENCE.name.split("/"),
    description="The seconds of a film's tenths add up to its cast's screen time.",
)
def tenths_add_up(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    tables = CHARACTER_PRESENCE, ACTOR_SCREEN_TIME
    rows = (read_rows(settings.lake, each, columns=["film", "seconds"]) for each in tables)
    bad = _unequal(*(_sums(each, "film") for each in rows))
    return check("tenths_add_up", CHARACTER_PRESENCE.name, bad, warn=True)


@dg.asset_check(
    asset=FILM_PAIRS.name.split("/"), description="No pair is together for longer than either is on screen."
)
def no_longer_than_either(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    pairs = read_rows(settings.lake, FILM_PAIRS, columns=["film", "actor", "other", "seconds"]).to_pandas()
    own = read_rows(settings.lake, ACTOR_SCREEN_TIME, columns=["film", "actor", "seconds"]).to_pandas()
    bad = []
    for column in ("actor", "other"):
        alone = own.rename(columns={"actor": column, "seconds": "alone"})
        both = pairs.merge(alone, "left", on=["film", column])
        longer = both["seconds"] > both["alone"].fillna(0.0) + _SECONDS_TOLERANCE
        bad += both.loc[longer, ["film", "actor", "other"]].values.tolist()
    return check("no_longer_than_either", FILM_PAIRS.name, bad)


@dg.asset_check(asset=CO_APPEARANCES.name.split("/"), description="The seconds together add up to those of all films.")
def sums_agree_with_pairs(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    pairs, totals = (read_rows(settings.lake, each, columns=["seconds"]) for each in (FILM_PAIRS, CO_APPEARANCES))
    sums = [float(pc.sum(rows["seconds"]).as_py() or 0.0) for rows in (pairs, totals)]
    bad = sums if abs(sums[0] - sums[1]) > _SECONDS_TOLERANCE * max(1, pairs.num_rows) else []
    return check("sums_agree_with_pairs", CO_APPEARANCES.name, bad, warn=True)


def _state(settings: Settings, lake: Path, film: str) -> str:
    versions = [partition_version(lake, table.name, film) for table in SOURCES]
    text = repr((versions, decisions_version(settings.data, film)))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _engine(lake: Path, film: str) -> str | None:
    """Engine of a film's embeddings, from one row of them; None where it has none."""
    for file in parquet_files(partition_folder(lake, FACE_EMBEDDINGS.name, film)):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=1, columns=["engine"]):
                return str(batch["engine"][0].as_py())
    return None


def _reviews(settings: Settings, film: str) -> tuple[int, int]:
    """Named tracks of a film that somebody reviewed, and how many of these names were right."""
    if not decisions_file(settings.data, film).is_file():
        return 0, 0
    decisions = [each for each in read_decisions(settings.data, film) if each.undone_at is None]
    added_up: dict[int, TrackDecisions] = {}
    names: dict[int, str] = {}
    for track, each in zip(read_faces(settings.lake, film).find(decisions), decisions, strict=True):
        if track is None or each.claim is None or each.claim.decision != "named" or each.claim.actor is None:
            continue
        added_up[track] = added_up.get(track, TrackDecisions()).then(each.verdict, each.person)
        names[track] = each.claim.actor
    verdicts = [added_up[track].confirms(name) for track, name in names.items()]
    return len(verdicts) - verdicts.count(None), verdicts.count(True)


def _sums(rows: Any, key: str) -> dict[str, float]:
    grouped = rows.group_by(key).aggregate([("seconds", "sum")])
    return dict(zip(grouped[key].to_pylist(), grouped["seconds_sum"].to_pylist(), strict=True))


def _unequal(first: dict[str, float], second: dict[str, float]) -> list[str]:
    return sorted(
        key for key in {*first, *second} if abs(first.get(key, 0.0) - second.get(key, 0.0)) > _SECONDS_TOLERANCE
    )
