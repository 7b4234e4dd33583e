"""What one decoding of a film gives: shots, samples, faces and embeddings; and the faces linked into tracks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock
from pydantic import Field

from wios_assets.assets.footage_job import SegmentRunner, SegmentTask
from wios_assets.assets.options import (
    engine_options,
    footage_options,
    local_workers,
    runs_in_processes,
    threads_of_a_task,
    track_options,
)
from wios_assets.assets.results import check
from wios_assets.assets.segment_cluster import SparkRunner
from wios_assets.assets.segment_processes import ProcessRunner
from wios_assets.assets.specs import check_spec, film_spec, table_out
from wios_assets.assets.versions import with_options
from wios_assets.errors import Conflict, Unavailable
from wios_assets.failures import one_line_failures
from wios_assets.lake.progress import ProgressWatch
from wios_assets.lake.roots import Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.stamps import FootageStamp, footage_is_kept, forget_footage, keep_analysis_time, keep_footage
from wios_assets.lake.store import StoredRows, read_rows, staging_folder
from wios_assets.notation import format_percent
from wios_assets.partitions import films
from wios_assets.settings import Settings
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES, SHOTS
from wios_assets.vision.sampling import sample_count
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.shots import shot_of, shots_table
from wios_assets.vision.tracks import link_tracks
from wios_assets.vision.video import Video, fingerprint, probe

CODE_VERSION = "2"
POOL = "footage"
GROUPS = {"shots": "frames", "frame_samples": "frames", "faces": "faces", "face_embeddings": "faces"}
LOG_EVERY_S = 10.0
FEWEST_WITH_FACES = 0.02
"""Least share of samples with a face; a film with fewer may be upside down, or looked at with too small a face size."""
TOLERANCE_S = 1e-6


class FootageConfig(dg.Config):
    """What a run may choose, in Dagster's Launchpad or a run's configuration."""

    force: bool = Field(
        default=False,
        description="Analyse the film again, even where the lake holds its footage from the same content and options.",
    )


@dg.multi_asset(
    name="footage",
    pool=POOL,
    partitions_def=films,
    outs={
        table: table_out(table, group, code_version=CODE_VERSION, kinds={"spark", "parquet"})
        for table, group in GROUPS.items()
    },
    check_specs=[
        check_spec("cover_the_film", "shots", "The shots follow each other from the start to the end.", blocking=True),
        check_spec("times_increase", "frame_samples", "Sample numbers and times increase.", blocking=True),
        check_spec("film_covered", "frame_samples", "No point of the sampling grid is missing.", blocking=True),
        check_spec(
            "share_of_samples_with_faces",
            "faces",
            f"At least {format_percent(FEWEST_WITH_FACES)} of the samples have a face.",
            blocking=False,
        ),
        check_spec(
            "finite_and_of_right_length",
            "face_embeddings",
            "Embeddings are finite and of one length.",
            blocking=True,
        ),
    ],
)
@one_line_failures
def footage(
    context: dg.AssetExecutionContext,
    config: FootageConfig,
    film: pd.DataFrame,
    settings: dg.ResourceParam[Settings],
    spark: SparkSessionResource,
) -> Iterator[Any]:
    """One step, so that the film is decoded once. Footage that passed its blocking checks is kept by later runs."""
    lake, key = settings.lake, context.partition_key
    engine = engine_options(settings, threads_of_a_task(settings))
    video = probe(Path(film["path"].iloc[0]))
    if video.fingerprint != film["fingerprint"].iloc[0]:
        raise changed_meanwhile(video)
    rate = float(film["samples_per_second"].iloc[0])
    stamp = FootageStamp(video.fingerprint, f"{with_options(CODE_VERSION, 'shots', settings)} at {rate:g}")
    lake.mkdir(parents=True, exist_ok=True)
    # Two films at once would only share the same cores.
    with FileLock(lake / ".footage.lock"), staging_folder(lake) as scratch:
        tables = None
        if footage_is_kept(lake, key, stamp) and not config.force:
            tables = _kept(context, lake, key)
        if tables is None:
            runner = _runner(settings, spark)
            segments = plan_segments(video.duration_s, rate, settings.footage.segment_seconds, runner.parallelism())
            options = footage_options(settings, rate)
            task = SegmentTask(video, tuple(segments), engine, options, scratch / "progress")
            tables = _analysed(context, runner, lake, key, task, scratch)
            # Before anything is stored: what was read may be of two files.
            if fingerprint(video.path) != video.fingerprint:
                raise changed_meanwhile(video)
        forget_footage(lake, key)
        if tables.taken_s is not None:
            keep_analysis_time(lake, key, tables.taken_s)
        yield from _outputs(tables, rate, engine.engine)
        checks = list(_checks(video, rate, tables))
        yield from checks
        if all(result.passed or result.severity == dg.AssetCheckSeverity.WARN for result in checks):
            keep_footage(lake, key, stamp)


def _runner(settings: Settings, spark: SparkSessionResource) -> SegmentRunner:
    if runs_in_processes(settings):
        return ProcessRunner(local_workers(settings))
    return SparkRunner(spark, Roots.of(settings))


def changed_meanwhile(video: Video) -> Conflict:
    """The error for a file that is another than the one that the run began with."""
    return Conflict(f"{video.path}: was changed while it was analysed; run the film again once it is complete")


@dataclass(frozen=True)
class Footage:
    """A film's four tables, measurements of the analysis as metadata, and the seconds it took unless it was kept."""

    shots: pd.DataFrame
    samples: pd.DataFrame
    faces: pa.Table | StoredRows
    embeddings: pa.Table | StoredRows
    vectors: pd.DataFrame
    measured: dict[str, Any]
    taken_s: float | None = None


def _kept(context: dg.AssetExecutionContext, lake: Path, film: str) -> Footage | None:
    """Footage of an earlier run; None where a file of it is damaged, as by a disk that lost a part of it."""
    try:
        shots, samples = (read_rows(lake, table, film).to_pandas() for table in (SHOTS, FRAME_SAMPLES))
        faces, embeddings = read_rows(lake, FACES, film), read_rows(lake, FACE_EMBEDDINGS, film)
    except Unavailable as error:
        context.log.warning(f"{error}; the film is analysed again now")
        return None
    context.log.info("analysed before from the same content and options: kept")
    vectors = embeddings.select(["face", "embedding"]).to_pandas()
    return Footage(shots, samples, faces, embeddings, vectors, {"kept": True})


def _analysed(
    context: dg.AssetExecutionContext,
    runner: SegmentRunner,
    lake: Path,
    film: str,
    task: SegmentTask,
    scratch: Path,
) -> Footage:
    """Footage of a new analysis; `faces` and `embeddings` rest on `scratch`."""
    duration_s = task.video.duration_s
    context.log.info(
        f"{task.video.path}: {duration_s:.0f} s in {len(task.segments)} segments, "
        f"{task.options.samples_per_second:g} samples a second"
    )
    task.progress_folder.mkdir()
    with ProgressWatch(lake, film, task.progress_folder, duration_s, context.log.info, LOG_EVERY_S) as watch:
        records = runner(task, scratch)
        progress = watch.now()
    context.log.info(f"done: {progress.sentence()}")
    cuts = sorted(records.cuts["cut_s"].to_pylist())
    samples = records.samples.to_pandas().sort_values("sample", ignore_index=True)
    shots = shots_table(cuts, duration_s, samples["time_s"].tolist())
    samples["shot"] = shot_of(samples["time_s"].to_numpy(), shots["start_s"].tolist()[1:])
    measured = {
        "seconds taken": progress.taken_s,
        "speed": dg.MetadataValue.text(f"{duration_s / progress.taken_s:.2f} × real time"),
        "segments": len(task.segments),
    }
    return Footage(
        shots, samples, records.faces, records.embeddings, records.vectors.to_pandas(), measured, progress.taken_s
    )


def _outputs(footage: Footage, rate: float, engine: str) -> Iterator[dg.Output[Any]]:
    outcomes = footage.samples["outcome"].value_counts()
    yield dg.Output(footage.shots, output_name="shots")
    yield dg.Output(
        footage.samples,
        output_name="frame_samples",
        metadata={
            "samples": len(footage.samples),
            **{outcome: int(outcomes.get(outcome, 0)) for outcome in ("analysed", "duplicate", "unreadable")},
            "unreadable seconds": float(outcomes.get("unreadable", 0) / rate),
            **footage.measured,
        },
    )
    yield dg.Output(footage.faces, output_name="faces", metadata={"faces": int(footage.samples["faces"].sum())})
    yield dg.Output(footage.embeddings, output_name="face_embeddings", metadata={"engine": engine})


def _checks(video: Video, rate: float, footage: Footage) -> Iterator[dg.AssetCheckResult]:
    """Results of the checks of all four tables."""
    shots, samples = footage.shots, footage.samples
    gaps = shots[(shots["start_s"] - shots["end_s"].shift(fill_value=0.0)).abs() > TOLERANCE_S]
    open_end = abs(float(shots["end_s"].iloc[-1]) - video.duration_s) > TOLERANCE_S
    yield check("cover_the_film", "shots", [*gaps["shot"].tolist(), *(["the film's end"] if open_end else [])])
    order = samples[(samples["sample"].diff().fillna(1) != 1) | (samples["time_s"].diff().fillna(1) <= 0)]
    yield check("times_increase", "frame_samples", order["sample"].tolist())
    absent = sorted(set(range(sample_count(video.duration_s, rate))) - set(samples["sample"]))
    yield check("film_covered", "frame_samples", absent)
    share = float((samples["faces"] > 0).mean()) if len(samples) else 0.0
    few = [f"{format_percent(share, 1)} of the samples have a face"] if share < FEWEST_WITH_FACES else []
    yield check("share_of_samples_with_faces", "faces", few, warn=True, share=share)
    vectors = footage.vectors["embedding"]
    lengths = vectors.map(len)
    wrong = vectors.map(lambda vector: not np.isfinite(vector).all()) | (lengths != lengths.max())
    yield check("finite_and_of_right_length", "face_embeddings", footage.vectors["face"][wrong.astype(bool)].tolist())


@dg.asset(**film_spec("face_tracks", "faces"), code_version="1")
@one_line_failures
def face_tracks(
    faces: pd.DataFrame,
    face_embeddings: pd.DataFrame,
    shots: pd.DataFrame,
    frame_samples: pd.DataFrame,
    film: pd.DataFrame,
) -> dg.Output[pd.DataFrame]:
    height = float(film["height"].iloc[0])
    tracks = link_tracks(faces, face_embeddings, shots, frame_samples, height, track_options())
    return dg.Output(
        tracks,
        metadata={
            "tracks with an embedding": int(tracks["best_face"].notna().sum()),
            "median samples a track": float(tracks["samples"].median()) if len(tracks) else 0.0,
        },
    )


@dg.asset_check(
    asset="face_tracks",
    partitions_def=films,
    blocking=True,
    description="Each face belongs to exactly one track.",
    additional_ins={"faces": dg.AssetIn("faces")},
)
def every_face_in_one_track(face_tracks: pd.DataFrame, faces: pd.DataFrame) -> dg.AssetCheckResult:
    linked = face_tracks["faces"].explode().dropna()
    wrong = sorted(set(faces["face"]) ^ set(linked)) + linked[linked.duplicated()].tolist()
    return check("every_face_in_one_track", "face_tracks", wrong)
