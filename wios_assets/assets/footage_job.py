"""The analysis of a film, segment by segment: what one task does, and Spark as the runner of all tasks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from wios_assets.lake.paths import spark_path
from wios_assets.lake.progress import note_done
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES
from wios_assets.vision.engines import load_engine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.options import EngineOptions, FootageOptions
from wios_assets.vision.records import CUTS, record_tables
from wios_assets.vision.segments import Segment
from wios_assets.vision.video import Video

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as SparkFrame

    from wios_assets.lake.spark import SparkSessionResource
    from wios_assets.lake.store import StoredRows

KINDS = {
    FRAME_SAMPLES.name: FRAME_SAMPLES.stored_schema,
    FACES.name: FACES.stored_schema,
    FACE_EMBEDDINGS.name: FACE_EMBEDDINGS.stored_schema,
    "cuts": CUTS,
}
RECORDS = pa.schema(
    [pa.field("kind", pa.string()), *(pa.field(kind, pa.struct(list(schema))) for kind, schema in KINDS.items())]
)
"""Schema of a Spark task's output: `kind` names the one struct column that is set in a row."""

BATCH_RECORDS = 512


@dataclass(frozen=True)
class SegmentTask:
    """Analyses segments of a film; Spark calls it with batches of segment numbers."""

    video: Video
    segments: tuple[Segment, ...]
    engine: EngineOptions
    options: FootageOptions
    progress_folder: Path

    def __call__(self, numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in numbers:
            for number in batch.column("id").to_pylist():
                for tables in self.tables(self.segments[number]):
                    for kind, rows in tables.items():
                        yield from _tagged(kind, rows)

    def tables(self, segment: Segment) -> Iterator[dict[str, pa.Table]]:
        """The segment's records in order, in batches of at most `BATCH_RECORDS`: a table for each of `KINDS`."""
        engine = load_engine(self.engine)
        self.progress_folder.mkdir(parents=True, exist_ok=True)

        def progress(seconds: float) -> None:
            note_done(self.progress_folder, segment.number, seconds)

        records = analyse_segment(self.video, segment, engine, self.options, progress)
        while chunk := list(itertools.islice(records, BATCH_RECORDS)):
            yield record_tables(chunk, engine)


@dataclass(frozen=True)
class AnalysedSegments:
    """Records of all segments. The I/O manager stores `faces` and `embeddings`; they rest on the scratch folder.

    Attributes:
        cuts: times of the cuts, with the schema `CUTS`.
        samples: rows of `frame_samples`, in any order; their shot is null.
        vectors: columns `face` and `embedding` of `face_embeddings`.
        faces: rows of `faces`.
        embeddings: rows of `face_embeddings`.
    """

    cuts: pa.Table
    samples: pa.Table
    vectors: pa.Table
    faces: SparkFrame | StoredRows
    embeddings: SparkFrame | StoredRows


class SegmentRunner(Protocol):
    """Runs a task for all of its segments, in parallel."""

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        """Run the task.

        Args:
            scratch: folder for the records, on the lake's file system; it must outlive the result.

        Raises:
            WiosError: the film cannot be read any more, or a worker was killed.
        """


@dataclass(frozen=True)
class SparkRunner:
    """Runs one Spark task for each segment, on this machine or on a cluster."""

    spark: SparkSessionResource

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        from pyspark.sql.pandas.types import from_arrow_schema

        session = self.spark.spark_session
        count = len(task.segments)
        numbers = session.range(0, count, 1, max(1, count))
        records = numbers.mapInArrow(task, from_arrow_schema(RECORDS))
        folder = scratch / "records"
        records.write.partitionBy("kind").parquet(str(folder))
        stored = session.read.schema(from_arrow_schema(RECORDS)).parquet(spark_path(folder)) if count else records
        frames = {kind: stored.filter(stored["kind"] == kind).select(f"{kind}.*") for kind in KINDS}
        embeddings = frames[FACE_EMBEDDINGS.name]
        return AnalysedSegments(
            cuts=frames["cuts"].toArrow(),
            samples=frames[FRAME_SAMPLES.name].toArrow(),
            vectors=embeddings.select("face", "embedding").toArrow(),
            faces=frames[FACES.name],
            embeddings=embeddings,
        )


def _tagged(kind: str, rows: pa.Table) -> Iterator[pa.RecordBatch]:
    for batch in rows.combine_chunks().to_batches():
        columns = [
            batch.to_struct_array() if name == kind else pa.nulls(batch.num_rows, RECORDS.field(name).type)
            for name in KINDS
        ]
        struct = RECORDS.field(kind).type
        columns[list(KINDS).index(kind)] = columns[list(KINDS).index(kind)].cast(struct)
        yield pa.RecordBatch.from_arrays([pa.array([kind] * batch.num_rows), *columns], schema=RECORDS)
