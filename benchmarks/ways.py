"""The ways of finding faces that are compared, each in a process of its own, with its own time and memory.

    python -m benchmarks.ways WAY FILM OUT [--first N]

Writes what was found to OUT – times in seconds and embeddings as npz, the engine's tables as Parquet in a folder –
and prints a line of JSON: seconds, faces, peak memory. Every way's clock starts once its modules are loaded. The
worker processes of `engine` are forked and give their tables away as they come, like Spark's, without Spark.
`cnn-graph` is the network of `cnn` as an ONNX graph in floating point, on the same pyramid: the same faces in less
time. `opencv` is the script with OpenCV's YuNet and SFace (benchmarks/opencv_script.py).
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq

from benchmarks.frames import EVERY_S, UPSAMPLE, frames
from benchmarks.opencv_script import OpenCVScript
from benchmarks.reference import face_recognition as reference
from wios_assets.assets.options import cores, engine_options, footage_options
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.mmod_detector import SEEN_FROM, MmodDetector, Pyramid
from wios_assets.vision.onnx_engine import CnnDetector, DlibEmbedder, TwoPartEngine
from wios_assets.vision.records import record_tables
from wios_assets.vision.segments import Segment, plan_segments
from wios_assets.vision.video import Video, probe

KIB_A_MIB = 1024.0
RECORDS_A_BATCH = 512
DLIB_RATIO = 5 / 6

Output = dict[str, Any]


def decode(film: Path) -> Output:
    """Decoding alone, every picture, with FFmpeg's own threads on every core."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = cores()
        return {"count": sum(1 for _ in container.decode(stream))}


def script(film: Path, out: Path, model: str, first: int | None) -> Output:
    """The plain script's faces: every 0.25 s, one upsampling; on `first` frames spread over the film if given."""
    face_recognition = reference()

    times: list[float] = []
    vectors: list[Any] = []
    looked = 0
    chosen = frames(str(film), EVERY_S)
    if first is not None:
        every = list(chosen)
        chosen = iter(every[:: max(1, len(every) // first)][:first])
    started = time.perf_counter()
    for time_s, picture in chosen:
        boxes = face_recognition.face_locations(picture, number_of_times_to_upsample=UPSAMPLE, model=model)
        for vector in face_recognition.face_encodings(picture, boxes):
            times.append(time_s)
            vectors.append(vector)
        looked += 1
    seconds = time.perf_counter() - started
    _save(out, times, vectors)
    return {"looked": looked, "seconds_looking": seconds, "count": len(times)}


def opencv_script(film: Path, out: Path) -> Output:
    """Faces of OpenCV's YuNet, every 0.25 s, with SFace's features, on OpenCV's threads."""
    script = OpenCVScript()
    times: list[float] = []
    vectors: list[Any] = []
    for time_s, picture in frames(str(film), EVERY_S):
        features = script.vectors(picture)
        vectors.extend(features)
        times.extend([time_s] * len(features))
    _save(out, times, vectors)
    return {"count": len(times)}


def cnn_graph(film: Path, out: Path) -> Output:
    """Faces of the CNN script's network on its pyramid: enlarged twice, levels of 5/6, nothing left out."""
    settings = load_settings()
    pyramid = Pyramid(settings.detector.smallest_face, 2.0, DLIB_RATIO)
    windows = MmodDetector(settings.cache, cores(), "cpu", "float", pyramid, 0.0)
    graph = TwoPartEngine(CnnDetector(windows), DlibEmbedder(settings.cache, cores(), "cpu"))
    times: list[float] = []
    vectors: list[Any] = []
    for time_s, picture in frames(str(film), EVERY_S):
        faces = graph.detect([picture], SEEN_FROM / 2**UPSAMPLE)[0]
        vectors.extend(graph.embed(graph.chips(picture, faces)) if len(faces) else [])
        times.extend([time_s] * len(faces))
    _save(out, times, vectors)
    return {"count": len(times)}


def engine(film: Path, out: Path) -> Output:
    """The engine with the settings' defaults, as many workers as cores; its tables go to `out`."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    video = probe(film)
    settings = load_settings()
    segments = plan_segments(video.duration_s, settings.samples_per_second, settings.footage.segment_seconds, cores())
    with ProcessPoolExecutor(cores(), get_context("fork")) as workers:
        counts = list(workers.map(_segment, [video] * len(segments), segments, [out] * len(segments)))
    return {"count": sum(rows for rows, _ in counts), "worker_mib": max(peak for _, peak in counts)}


def _segment(video: Video, segment: Segment, out: Path) -> tuple[int, float]:
    """Faces of a segment, and the worker's peak memory so far in MiB."""
    settings = load_settings()
    options = replace(footage_options(settings, settings.samples_per_second), decoder_threads=1)
    chosen = load_engine(engine_options(settings, 1))
    records = analyse_segment(video, segment, chosen, options)
    files: dict[str, pq.ParquetWriter] = {}
    rows: dict[str, int] = defaultdict(int)
    while chunk := list(itertools.islice(records, RECORDS_A_BATCH)):
        for name, table in record_tables(chunk, chosen).items():
            if name not in files:
                files[name] = pq.ParquetWriter(out / f"{name}-{segment.number:04d}.parquet", table.schema)
            files[name].write_table(table)
            rows[name] += len(table)
    for file in files.values():
        file.close()
    return rows["faces"], peak_memory_mib()


def peak_memory_mib() -> float:
    """Largest resident memory of this process. The kernel's figure for its usage would include its parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return float(status.partition("VmHWM:")[2].split()[0]) / KIB_A_MIB
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_A_MIB


def _save(out: Path, times: list[float], vectors: list[Any]) -> None:
    whole = np.asarray(vectors, dtype=np.float32).reshape(-1, 128)
    np.savez(out, times_s=np.asarray(times, dtype=float), vectors=whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=("decode", "hog", "cnn", "cnn-graph", "opencv", "engine"))
    parser.add_argument("film", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, help="look at this many frames only, spread over the film")
    args = parser.parse_args()
    if args.way in ("hog", "cnn"):
        reference()  # Its networks are read on import, ahead of the clock.
    started = time.perf_counter()
    if args.way == "decode":
        output = decode(args.film)
    elif args.way == "engine":
        output = engine(args.film, args.out)
    elif args.way == "cnn-graph":
        output = cnn_graph(args.film, args.out)
    elif args.way == "opencv":
        output = opencv_script(args.film, args.out)
    else:
        output = script(args.film, args.out, args.way, args.first)
    output |= {"way": args.way, "seconds": time.perf_counter() - started}
    own = peak_memory_mib()
    print(json.dumps(output | {"peak_mib": max(own, output.get("worker_mib", 0.0)), "driver_mib": own}))


if __name__ == "__main__":
    main()
