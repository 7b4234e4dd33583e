"""The Spark job that analyses a film: one task per segment, each decoded once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    from pyspark.sql import SparkSession

KINDS = {
    FRAME_SAMPLES.name: FRAME_SAMPLES.stored_schema,
    FACES.name: FACES.stored_schema,
    FACE_EMBEDDINGS.name: FACE_EMBEDDINGS.stored_schema,
    "cuts": CUTS,
}
RECORDS = pa.schema(
    [pa.field("kind", pa.string()), *(pa.field(kind, pa.struct(list(schema))) for kind, schema in KINDS.items())]
)
"""Schema of a task's output: `kind` names the one struct column that is set in a row."""

BATCH_RECORDS = 512


@dataclass(frozen=True)
class SegmentTask:
    """Analyses the segments whose numbers a Spark task receives."""

    video: Video
    segments: tuple[Segment, ...]
    engine: EngineOptions
    options: FootageOptions
    progress_folder: Path

    def __call__(self, numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in numbers:
            for number in batch.column("id").to_pylist():
                yield from self._segment(self.segments[number])

    def _segment(self, segment: Segment) -> Iterator[pa.RecordBatch]:
        engine = load_engine(self.engine)
        self.progress_folder.mkdir(parents=True, exist_ok=True)

        def progress(seconds: float) -> None:
            note_done(self.progress_folder, segment.number, seconds)

        records = analyse_segment(self.video, segment, engine, self.options, progress)
        while chunk := list(itertools.islice(records, BATCH_RECORDS)):
            for kind, rows in record_tables(chunk, engine).items():
                yield from _tagged(kind, rows)


def _tagged(kind: str, rows: pa.Table) -> Iterator[pa.RecordBatch]:
    for batch in rows.combine_chunks().to_batches():
        columns = [
            batch.to_struct_array() if name == kind else pa.nulls(batch.num_rows, RECORDS.field(name).type)
            for name in KINDS
        ]
        struct = RECORDS.field(kind).type
        columns[list(KINDS).index(kind)] = columns[list(KINDS).index(kind)].cast(struct)
        yield pa.RecordBatch.from_arrays([pa.array([kind] * batch.num_rows), *columns], schema=RECORDS)


def analyse_segments(session: SparkSession, task: SegmentTask, scratch: Path) -> dict[str, SparkFrame]:
    """Run the job.

    Args:
        scratch: folder for the records; it must outlive the returned frames.

    Returns:
        The records by kind, as lazy Spark frames over `scratch`.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    count = len(task.segments)
    numbers = session.range(0, count, 1, max(1, count))
    records = numbers.mapInArrow(task, from_arrow_schema(RECORDS))
    folder = scratch / "records"
    records.write.partitionBy("kind").parquet(str(folder))
    stored = session.read.schema(from_arrow_schema(RECORDS)).parquet(spark_path(folder)) if count else records
    return {kind: stored.filter(stored["kind"] == kind).select(f"{kind}.*") for kind in KINDS}
