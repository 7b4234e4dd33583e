"""What one decoding of a film gives: shots, samples, faces and embeddings."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    MetadataValue,
    Output,
    ResourceParam,
    multi_asset,
)
from filelock import FileLock
from pyspark.sql import DataFrame as SparkFrame

from wios_assets.assets.common import check, code_version, table_out
from wios_assets.assets.footage_job import SegmentTask, found_by_kind
from wios_assets.assets.options import (
    engine_identity,
    engine_options,
    footage_options,
    spark_tasks,
    threads_of_a_task,
)
from wios_assets.lake.progress import ProgressWatch
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.stamps import FootageStamp, footage_is_kept, forget_footage, keep_footage
from wios_assets.lake.store import read_rows, staging_folder
from wios_assets.partitions import films
from wios_assets.settings import Settings
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES, SHOTS
from wios_assets.vision.sampling import sample_count
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.shots import shot_of, shots_table
from wios_assets.vision.video import Video, probe

GROUPS = {"shots": "frames", "frame_samples": "frames", "faces": "faces", "face_embeddings": "faces"}
CHECKS = {
    "shots": ("cover_the_film",),
    "frame_samples": ("times_increase", "film_covered"),
    "faces": ("share_of_samples_with_faces",),
    "face_embeddings": ("finite_and_of_right_length",),
}
POOL = "footage"
LOG_EVERY_S = 10.0
FEWEST_WITH_FACES = 0.02
TOLERANCE_S = 1e-6


def footage_assets(settings: Settings) -> list[AssetsDefinition]:
    """shots, frame_samples, faces and face_embeddings: one step, so that the film is decoded once."""
    engine = engine_options(settings, threads_of_a_task(settings))
    version = code_version(2, engine_identity(settings), footage_options(settings, settings.samples_per_second))

    @multi_asset(
        name="footage",
        pool=POOL,
        partitions_def=films,
        outs={name: table_out(name, group, version, {"spark", "parquet"}) for name, group in GROUPS.items()},
        check_specs=[
            AssetCheckSpec(name, asset=AssetKey(table), blocking=table != "faces")
            for table, names in CHECKS.items()
            for name in names
        ],
    )
    def footage(
        context: AssetExecutionContext,
        film: pd.DataFrame,
        settings: ResourceParam[Settings],
        spark: SparkSessionResource,
    ) -> Iterator[Any]:
        lake, key = settings.lake, context.partition_key
        video = probe(Path(film["path"].iloc[0]))
        rate = float(film["samples_per_second"].iloc[0])
        stamp = FootageStamp(video.fingerprint, f"{version} at {rate:g}")
        lake.mkdir(parents=True, exist_ok=True)
        # Two films at once would only share the same cores.
        with FileLock(lake / ".footage.lock"), staging_folder(lake) as scratch:
            if footage_is_kept(lake, key, stamp):
                context.log.info("analysed before from the same content and in the same way: kept")
                found = _kept(lake, key)
            else:
                segments = plan_segments(
                    video.duration_s, rate, settings.footage.segment_seconds, spark_tasks(settings)
                )
                task = SegmentTask(
                    video, tuple(segments), engine, footage_options(settings, rate), scratch / "progress"
                )
                found = _analysed(context, spark, lake, key, task, scratch)
            forget_footage(lake, key)
            yield from _outputs(found, rate, engine.engine)
            keep_footage(lake, key, stamp)
        yield from _checks(video, rate, found)

    return [footage]


@dataclass(frozen=True)
class Footage:
    """A film's four tables, and what was measured while they were made."""

    shots: pd.DataFrame
    samples: pd.DataFrame
    faces: SparkFrame | pa.Table
    embeddings: SparkFrame | pa.Table
    vectors: pd.DataFrame
    measured: dict[str, Any]


def _kept(lake: Path, film: str) -> Footage:
    shots, samples = (read_rows(lake, table, film).to_pandas() for table in (SHOTS, FRAME_SAMPLES))
    embeddings = read_rows(lake, FACE_EMBEDDINGS, film)
    vectors = embeddings.select(["face", "embedding"]).to_pandas()
    return Footage(shots, samples, read_rows(lake, FACES, film), embeddings, vectors, {"kept": True})


def _analysed(
    context: AssetExecutionContext,
    spark: SparkSessionResource,
    lake: Path,
    film: str,
    task: SegmentTask,
    scratch: Path,
) -> Footage:
    """The film decoded and looked at; `faces` and `embeddings` are plans over `scratch`."""
    duration_s = task.video.duration_s
    context.log.info(
        f"{task.video.path}: {duration_s:.0f} s in {len(task.segments)} segments, "
        f"{task.options.samples_per_second:g} samples a second"
    )
    task.progress_folder.mkdir()
    with ProgressWatch(lake, film, task.progress_folder, duration_s, context.log.info, LOG_EVERY_S) as watch:
        found = found_by_kind(spark.spark_session, task, scratch)
        progress = watch.now()
    context.log.info(f"done: {progress.sentence()}")
    cuts = sorted(found["cuts"].toPandas()["cut_s"])
    samples = found["frame_samples"].toPandas().sort_values("sample", ignore_index=True)
    shots = shots_table(cuts, duration_s, samples["time_s"].tolist())
    samples["shot"] = shot_of(samples["time_s"].to_numpy(), shots["start_s"].tolist()[1:])
    measured = {
        "seconds taken": progress.taken_s,
        "speed": MetadataValue.text(f"{duration_s / progress.taken_s:.2f} × real time"),
        "segments": len(task.segments),
    }
    vectors = found["face_embeddings"].select("face", "embedding").toPandas()
    return Footage(shots, samples, found["faces"], found["face_embeddings"], vectors, measured)


def _outputs(found: Footage, rate: float, engine: str) -> Iterator[Output[Any]]:
    outcomes = found.samples["outcome"].value_counts()
    yield Output(found.shots, output_name="shots")
    yield Output(
        found.samples,
        output_name="frame_samples",
        metadata={
            "samples": len(found.samples),
            **{outcome: int(outcomes.get(outcome, 0)) for outcome in ("analysed", "duplicate", "unreadable")},
            "unreadable seconds": float(outcomes.get("unreadable", 0) / rate),
            **found.measured,
        },
    )
    yield Output(found.faces, output_name="faces", metadata={"faces": int(found.samples["faces"].sum())})
    yield Output(found.embeddings, output_name="face_embeddings", metadata={"engine": engine})


def _checks(video: Video, rate: float, found: Footage) -> Iterator[AssetCheckResult]:
    """What must hold of a film's footage."""
    shots, samples = found.shots, found.samples
    gaps = shots[(shots["start_s"] - shots["end_s"].shift(fill_value=0.0)).abs() > TOLERANCE_S]
    open_end = abs(float(shots["end_s"].iloc[-1]) - video.duration_s) > TOLERANCE_S
    yield check("cover_the_film", "shots", [*gaps["shot"].tolist(), *(["the film's end"] if open_end else [])])
    order = samples[(samples["sample"].diff().fillna(1) != 1) | (samples["time_s"].diff().fillna(1) <= 0)]
    yield check("times_increase", "frame_samples", order["sample"].tolist())
    absent = sorted(set(range(sample_count(video.duration_s, rate))) - set(samples["sample"]))
    yield check("film_covered", "frame_samples", absent)
    share = float((samples["faces"] > 0).mean()) if len(samples) else 0.0
    few = [f"{share:.1%} of the samples have a face"] if share < FEWEST_WITH_FACES else []
    yield check("share_of_samples_with_faces", "faces", few, warn=True, share=share)
    vectors = found.vectors["embedding"]
    lengths = vectors.map(len)
    wrong = vectors.map(lambda vector: not np.isfinite(vector).all()) | (lengths != lengths.max())
    yield check("finite_and_of_right_length", "face_embeddings", found.vectors["face"][wrong.astype(bool)].tolist())
