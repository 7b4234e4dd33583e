"""Both runners of a film's segments give the same tables, and a fault of one film leaves the next alone."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from wios_assets.assets.footage_job import AnalysedSegments, SegmentTask
from wios_assets.assets.options import engine_options, footage_options, runs_in_processes
from wios_assets.assets.segment_cluster import SparkRunner
from wios_assets.assets.segment_processes import ProcessRunner
from wios_assets.assets.worker_pool import worker_pool
from wios_assets.errors import Unavailable, WiosError
from wios_assets.lake.roots import Roots
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import move_rows, read_rows
from wios_assets.settings import load_settings
from wios_assets.tables import FACE_EMBEDDINGS, FACES
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.video import probe
from wios_assets_tests.conftest import FinishedExample

WORKERS = 2


@pytest.fixture
def task(finished: FinishedExample, tmp_path: Path) -> SegmentTask:
    """The analysis of the example film in two segments."""
    settings = finished.settings
    video = probe(finished.example.film)
    segments = plan_segments(video.duration_s, 4.0, 300.0, WORKERS)
    options = footage_options(settings, 4.0)
    return SegmentTask(video, tuple(segments), engine_options(settings, 1), options, tmp_path / "progress")


def stored(records: AnalysedSegments, lake: Path) -> dict[str, pa.Table]:
    """The records as the lake has them."""
    for table, rows in ((FACES, records.faces), (FACE_EMBEDDINGS, records.embeddings)):
        move_rows(lake, table, rows, "a film")
    return {
        "cuts": records.cuts.sort_by("cut_s"),
        "samples": records.samples.sort_by("sample"),
        "faces": read_rows(lake, FACES, "a film").sort_by("face"),
        "embeddings": read_rows(lake, FACE_EMBEDDINGS, "a film").sort_by("face"),
    }


@pytest.mark.slow
def test_processes_and_spark_give_the_same_tables(finished: FinishedExample, task: SegmentTask, tmp_path: Path) -> None:
    tables = []
    spark = SparkRunner(SparkSessionResource.of(finished.settings), Roots.of(finished.settings))
    for name, runner in (("processes", ProcessRunner(WORKERS)), ("spark", spark)):
        scratch = tmp_path / name
        scratch.mkdir()
        tables.append(stored(runner(task, scratch), tmp_path / f"lake-{name}"))
    by_processes, by_spark = tables
    assert by_processes["faces"].num_rows
    assert by_processes["embeddings"].num_rows
    for name, rows in by_processes.items():
        assert rows.to_pylist() == by_spark[name].to_pylist()


@pytest.mark.slow
def test_a_killed_worker_fails_its_film_in_one_line_and_the_next_film_runs(task: SegmentTask, tmp_path: Path) -> None:
    worker = worker_pool(WORKERS).submit(os.getpid).result()
    os.kill(worker, signal.SIGKILL)
    (tmp_path / "first").mkdir()
    with pytest.raises(Unavailable, match="was killed"):
        ProcessRunner(WORKERS)(task, tmp_path / "first")
    (tmp_path / "second").mkdir()
    assert ProcessRunner(WORKERS)(task, tmp_path / "second").samples.num_rows


@pytest.mark.slow
def test_a_film_that_vanished_fails_with_the_readers_message(task: SegmentTask, tmp_path: Path) -> None:
    gone = replace(task, video=replace(task.video, path=tmp_path / "gone.mkv"))
    with pytest.raises(WiosError, match=r"gone\.mkv"):
        ProcessRunner(WORKERS)(gone, tmp_path)


@pytest.mark.parametrize(
    ("runner", "master", "processes"),
    [
        ("auto", "local[*]", True),
        ("auto", "local", True),
        ("auto", "spark://host:7077", False),
        ("auto", "local-cluster[2,1,2048]", False),
        ("spark", "local[2]", False),
        ("processes", "spark://host:7077", True),
    ],
)
def test_a_local_master_means_processes_unless_the_setting_says_otherwise(
    runner: str, master: str, processes: bool
) -> None:
    settings = load_settings(spark_master=master, footage={"runner": runner})
    assert runs_in_processes(settings) is processes
