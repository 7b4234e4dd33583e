"""The ways of finding faces that are compared, each in a process of its own, with its own time and memory.

    python -m benchmarks.ways WAY FILM OUT [--first N]

Writes what was found to OUT as npz (times in seconds, embeddings, cuts) and prints a line of JSON: seconds, faces,
peak memory. The worker processes of `engine` are what Spark's are, without Spark.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import face_recognition
import numpy as np

from benchmarks.plain_script import UPSAMPLE, frames
from wios_assets.assets.options import cores, engine_options, footage_options
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.records import Cut, EmbeddingRecord, Record, SampleRecord
from wios_assets.vision.segments import Segment, plan_segments
from wios_assets.vision.video import Video, probe

EVERY_S = 0.25
MIB = 1024.0

Found = dict[str, Any]
"""times_s and vectors of every face; for the engine also the records, which naming goes on from."""


def decode(film: Path) -> tuple[Found, int]:
    """Decoding alone, every picture, with FFmpeg's own threads on every core."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = cores()
        pictures = sum(1 for _ in container.decode(stream))
    return {}, pictures


def script(film: Path, model: str, first: int | None) -> tuple[Found, int]:
    """The plain script's faces: every 0.25 s, one upsampling, on every `first`-th part of the frames if given."""
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
    return {"times_s": times, "vectors": vectors, "sample_seconds": seconds}, looked


def engine(film: Path, **chosen: Any) -> tuple[Found, int]:
    """The engine with the settings' defaults, as many workers as cores."""
    video = probe(film)
    settings = load_settings(**chosen)
    segments = plan_segments(video.duration_s, settings.samples_per_second, settings.segment_seconds, cores())
    with ProcessPoolExecutor(cores(), get_context("spawn")) as workers:
        parts = list(workers.map(_segment, [video] * len(segments), segments, [chosen] * len(segments)))
    records = [record for part in parts for record in part]
    samples = {record.sample: record for record in records if isinstance(record, SampleRecord)}
    embedded: dict[int, list[Any]] = {}
    for record in records:
        if isinstance(record, EmbeddingRecord):
            embedded.setdefault(record.tracklet, []).append(record.embedding)
    times, vectors = [], []
    for sample in samples.values():
        for face in sample.faces:
            for vector in embedded.get(face.tracklet, []):
                times.append(sample.time_s)
                vectors.append(vector)
    return {"times_s": times, "vectors": vectors, "records": records, "video": video}, sum(
        len(sample.faces) for sample in samples.values()
    )


def _segment(video: Video, segment: Segment, chosen: dict[str, Any]) -> list[Record]:
    settings = load_settings(**chosen)
    options = replace(footage_options(settings, settings.samples_per_second), decoder_threads=1)
    return list(analyse_segment(video, segment, load_engine(engine_options(settings, 1)), options))


def peak_memory_mib() -> float:
    """Largest resident memory of this process or of one of its workers."""
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(used) / MIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=("decode", "hog", "cnn", "engine"))
    parser.add_argument("film", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, help="look at this many frames only, spread over the film")
    args = parser.parse_args()
    started = time.perf_counter()
    if args.way == "decode":
        found, count = decode(args.film)
    elif args.way == "engine":
        found, count = engine(args.film)
    else:
        found, count = script(args.film, args.way, args.first)
    seconds = time.perf_counter() - started
    said = {"way": args.way, "seconds": seconds, "count": count, "peak_mib": peak_memory_mib()}
    if "sample_seconds" in found:
        said |= {"looked": count, "seconds_looking": found["sample_seconds"], "count": len(found["times_s"])}
    if "vectors" in found:
        vectors = np.asarray(found["vectors"], dtype=np.float32).reshape(-1, 128)
        cuts = [record.time_s for record in found.get("records", ()) if isinstance(record, Cut)]
        np.savez(args.out, times_s=np.asarray(found["times_s"], dtype=float), vectors=vectors, cuts=np.asarray(cuts))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
