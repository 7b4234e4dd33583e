"""What one decoding of a film gives: shots, samples, faces and embeddings."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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
from wios_assets.lake.store import staging_folder
from wios_assets.partitions import films
from wios_assets.settings import Settings
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
LOG_EVERY_S = 10.0
FEWEST_WITH_FACES = 0.02
TOLERANCE_S = 1e-6


def footage_assets(settings: Settings) -> list[AssetsDefinition]:
    """shots, frame_samples, faces and face_embeddings: one step, so that the film is decoded once."""
    engine = engine_options(settings, threads_of_a_task(settings))
    version = code_version(1, engine_identity(settings), footage_options(settings, settings.samples_per_second))

    @multi_asset(
        name="footage",
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
        key = context.partition_key
        row = film.iloc[0]
        video = probe(Path(row["path"]))
        rate = float(row["samples_per_second"])
        segments = plan_segments(video.duration_s, rate, settings.segment_seconds, spark_tasks(settings))
        context.log.info(
            f"{video.path}: {video.duration_s:.0f} s in {len(segments)} segments, {rate:g} samples a second"
        )
        started = time.monotonic()
        settings.lake.mkdir(parents=True, exist_ok=True)
        # Two films at once would only share the same cores.
        with FileLock(settings.lake / ".footage.lock"), staging_folder(settings.lake) as scratch:
            progress_folder = scratch / "progress"
            progress_folder.mkdir()
            options = footage_options(settings, rate)
            task = SegmentTask(video, tuple(segments), engine, options, progress_folder)
            with ProgressWatch(
                settings.lake, key, progress_folder, video.duration_s, context.log.info, LOG_EVERY_S
            ) as watch:
                found = found_by_kind(spark.spark_session, task, scratch)
                progress = watch.now()
            seconds = time.monotonic() - started
            context.log.info(f"done: {progress.sentence()}")
            cuts = sorted(found["cuts"].toPandas()["cut_s"])
            samples = found["frame_samples"].toPandas().sort_values("sample", ignore_index=True)
            shots = shots_table(cuts, video.duration_s, samples["time_s"].tolist())
            samples["shot"] = shot_of(samples["time_s"].to_numpy(), shots["start_s"].tolist()[1:])
            outcomes = samples["outcome"].value_counts()
            yield Output(shots, output_name="shots", metadata={"shots": len(shots)})
            yield Output(
                samples,
                output_name="frame_samples",
                metadata={
                    "samples": len(samples),
                    **{outcome: int(outcomes.get(outcome, 0)) for outcome in ("analysed", "duplicate", "unreadable")},
                    "unreadable seconds": float(outcomes.get("unreadable", 0) / rate),
                    "seconds taken": seconds,
                    "speed": MetadataValue.text(f"{video.duration_s / seconds:.2f} × real time"),
                    "segments": len(segments),
                },
            )
            yield Output(found["faces"], output_name="faces", metadata={"faces": int(samples["faces"].sum())})
            yield Output(found["face_embeddings"], output_name="face_embeddings", metadata={"engine": engine.engine})
            embeddings = found["face_embeddings"].select("face", "embedding").toPandas()
        yield from _checks(video, rate, samples, shots, embeddings)

    return [footage]


def _checks(
    video: Video, rate: float, samples: pd.DataFrame, shots: pd.DataFrame, embeddings: pd.DataFrame
) -> Iterator[AssetCheckResult]:
    """What must hold of a film's footage."""
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
    lengths = embeddings["embedding"].map(len)
    bad = (
        embeddings[
            (lengths != lengths.mode().iloc[0])
            | ~embeddings["embedding"].map(lambda vector: bool(np.isfinite(vector).all()))
        ]
        if len(embeddings)
        else embeddings
    )
    yield check("finite_and_of_right_length", "face_embeddings", bad["face"].tolist())
