"""The analysis of a film, segment by segment: one segment's task, its files, and what a runner of all tasks gives."""

from __future__ import annotations

import itertools
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from wios_assets.errors import Unavailable
from wios_assets.lake.progress import note_done
from wios_assets.lake.store import StoredRows
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES
from wios_assets.vision.engines import load_engine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.options import EngineOptions, FootageOptions
from wios_assets.vision.records import CUTS, record_tables
from wios_assets.vision.segments import Segment
from wios_assets.vision.video import Video

KINDS = {
    FRAME_SAMPLES.name: FRAME_SAMPLES.stored_schema,
    FACES.name: FACES.stored_schema,
    FACE_EMBEDDINGS.name: FACE_EMBEDDINGS.stored_schema,
    "cuts": CUTS,
}
"""Tables that a segment gives, and their schemas."""

BATCH_RECORDS = 512
SHARE_DELAY_S = 60.0
"""Longest time after which a network share shows a file that another machine wrote (NFS's `acdirmax`)."""
_ATTEMPTS = "attempts"


@dataclass(frozen=True)
class SegmentTask:
    """The analysis of a film's segments; plain data, so that it can travel to another process or machine."""

    video: Video
    segments: tuple[Segment, ...]
    engine: EngineOptions
    options: FootageOptions
    progress_folder: Path

    def tables(self, segment: Segment) -> Iterator[dict[str, pa.Table]]:
        """The segment's records in order, in batches of at most `BATCH_RECORDS`: a table for each of `KINDS`."""
        engine = load_engine(self.engine)
        self.progress_folder.mkdir(exist_ok=True)

        def progress(seconds: float) -> None:
            note_done(self.progress_folder, segment.number, seconds)

        records = analyse_segment(self.video, segment, engine, self.options, progress)
        while chunk := list(itertools.islice(records, BATCH_RECORDS)):
            yield record_tables(chunk, engine)


@dataclass(frozen=True)
class AnalysedSegments:
    """Records of all segments. The I/O manager moves `faces` and `embeddings` into the lake.

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
    faces: StoredRows
    embeddings: StoredRows


class SegmentRunner(Protocol):
    """Runs a task for all of its segments, in parallel."""

    def parallelism(self) -> int:
        """Number of segments that run at the same time."""

    def __call__(self, task: SegmentTask, scratch: Path) -> AnalysedSegments:
        """Run the task.

        Args:
            scratch: folder for the records, on the lake's file system; it must outlive the result.

        Raises:
            WiosError: the film cannot be read any more, or a worker was killed.
        """


def records_folder(scratch: Path) -> Path:
    """A new folder in `scratch` for `write_segment`."""
    folder = scratch / "records"
    for name in (*KINDS, _ATTEMPTS):
        (folder / name).mkdir(parents=True)
    return folder


def write_segment(task: SegmentTask, segment: Segment, folder: Path) -> None:
    """Analyse a segment and write a Parquet file of each kind into `folder`, which `records_folder` has made.

    The files appear whole, and a second attempt at the segment replaces them by equal ones. So a worker that is taken
    for lost, and goes on, does no harm; nor after the run, because no folder is made again.

    Raises:
        FileNotFoundError: the folder was removed, as by a run that has ended.
    """
    attempt = folder / _ATTEMPTS / uuid.uuid4().hex
    attempt.mkdir()
    try:
        with ExitStack() as stack:
            files = {
                kind: stack.enter_context(
                    pq.ParquetWriter(attempt / kind, schema, compression="zstd", write_page_checksum=True)
                )
                for kind, schema in KINDS.items()
            }
            for tables in task.tables(segment):
                for kind, rows in tables.items():
                    if rows.num_rows:
                        files[kind].write_table(rows)
        for kind in KINDS:
            (attempt / kind).replace(_segment_file(folder, kind, segment.number))
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


def read_records(folder: Path, segments: int) -> AnalysedSegments:
    """The records of segments 0 up to `segments` that `write_segment` wrote.

    Raises:
        Unavailable: a file does not appear within `SHARE_DELAY_S`.
    """
    if not segments:
        for kind, schema in KINDS.items():
            pq.write_table(schema.empty_table(), _segment_file(folder, kind, 0))
    files = {kind: [_segment_file(folder, kind, number) for number in range(max(1, segments))] for kind in KINDS}
    _await_files([file for each in files.values() for file in each])
    return AnalysedSegments(
        cuts=_read(files["cuts"], ["cut_s"]),
        samples=_read(files[FRAME_SAMPLES.name]),
        vectors=_read(files[FACE_EMBEDDINGS.name], ["face", "embedding"]),
        faces=StoredRows(folder / FACES.name),
        embeddings=StoredRows(folder / FACE_EMBEDDINGS.name),
    )


def _segment_file(folder: Path, kind: str, number: int) -> Path:
    return folder / kind / f"part-{number:05d}.parquet"


def _await_files(files: list[Path]) -> None:
    deadline = time.monotonic() + SHARE_DELAY_S
    while missing := [file for file in files if not file.is_file()]:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{missing[0]}: not there, though its segment was analysed; the workers' lake (WIOS_LAKE on each) must "
                "be this folder"
            )
        time.sleep(0.1)


def _read(files: list[Path], columns: list[str] | None = None) -> pa.Table:
    return pa.concat_tables(pq.read_table(file, columns=columns, partitioning=None) for file in files)
