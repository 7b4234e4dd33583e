"""Films that the benchmarks run on, made once from the development films."""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from av.video.frame import VideoFrame

from wios_assets.timeline.truth import read_truth
from wios_assets.vision.engine import Image
from wios_assets.vision.sampling import MarkedPicture, read_pictures, read_samples, sample_count
from wios_assets.vision.video import Video, probe, to_display

ROOT = Path(__file__).resolve().parent.parent
TALL = 1080
JOINED_SIZE, JOINED_RATE = (640, 360), 25
"""Width and height in pixels, and pictures a second, of the clips joined."""


@dataclass(frozen=True)
class BenchmarkFilm:
    """A film, its cast by the names of the gallery's folders, and its truth; None where there is none."""

    path: Path
    cast: tuple[str, ...]
    truth: pd.DataFrame | None


def devset() -> Path:
    folder = Path(os.environ.get("WIOS_DEVSET") or ROOT.parent / "shared" / "devset").resolve()
    if not (folder / "MANIFEST.md").is_file():
        sys.exit(f"no development films at {folder}; set WIOS_DEVSET to their folder")
    return folder


def casts(folder: Path) -> dict[str, tuple[str, ...]]:
    """Casts of the films of a folder, by file name."""
    with (folder / "cast.csv").open(encoding="utf-8-sig") as file:
        return {row["clip"]: tuple(row["cast"].split(";")) for row in csv.DictReader(file)}


def dev_film(root: Path) -> BenchmarkFilm:
    path = root / "films" / "dev_film.mp4"
    return BenchmarkFilm(path, casts(path.parent)[path.name], read_truth(path.parent / "truth.csv", path.name))


def joined_clips(root: Path, target: Path) -> BenchmarkFilm:
    """All clips that have truth as one film of one size and rate, each from its player's zero on, with their truth."""
    cast_of = casts(root / "clips")
    clips = [probe(root / "clips" / name) for name in sorted(cast_of)]
    counts = [sample_count(clip.duration_s, JOINED_RATE) for clip in clips]
    if not target.is_file():
        _write_joined(clips, counts, target)
    truths, offset_s = [], 0.0
    for clip, count in zip(clips, counts, strict=True):
        truth = read_truth(root / "clips" / "truth.csv", clip.path.name)
        truths.append(truth.assign(start_s=truth["start_s"] + offset_s, end_s=truth["end_s"] + offset_s))
        offset_s += count / JOINED_RATE
    cast = tuple(dict.fromkeys(person for clip in clips for person in cast_of[clip.path.name]))
    return BenchmarkFilm(target, cast, pd.concat(truths, ignore_index=True))


def _write_joined(clips: list[Video], counts: list[int], target: Path) -> None:
    part = target.with_suffix(".part.mp4")
    width, height = JOINED_SIZE
    with av.open(str(part), "w", format="mp4") as sink:
        out = sink.add_stream("libx264", rate=JOINED_RATE, width=width, height=height, pix_fmt="yuv420p")
        out.options = {"preset": "veryfast", "crf": "18"}
        number = 0
        for clip, count in zip(clips, counts, strict=True):
            pictures = (MarkedPicture(picture, False, None) for picture in read_pictures(clip, 0.0, 0))
            for sample in read_samples(pictures, 0, count, JOINED_RATE):
                frame = sample.picture.frame if sample.picture is not None else None
                canvas = np.zeros((height, width, 3), dtype=np.uint8)
                if frame is not None:
                    _fit(to_display(frame, clip.width, clip.height, clip.rotation), canvas)
                shown = VideoFrame.from_ndarray(canvas, format="rgb24")
                shown.pts, shown.time_base = number, Fraction(1, JOINED_RATE)
                number += 1
                sink.mux(out.encode(shown))
        sink.mux(out.encode())
    part.rename(target)


def _fit(picture: Image, canvas: Image) -> None:
    """Put the picture into the middle of the canvas, as large as it fits."""
    scale = min(canvas.shape[0] / picture.shape[0], canvas.shape[1] / picture.shape[1])
    rows, columns = (max(1, round(side * scale)) for side in picture.shape[:2])
    top, left = (canvas.shape[0] - rows) // 2, (canvas.shape[1] - columns) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[top : top + rows, left : left + columns] = cv2.resize(picture, (columns, rows), interpolation=method)


def scaled_up(film: Path, target: Path) -> Path:
    """The film at 1080 lines."""
    if target.is_file():
        return target
    part = target.with_suffix(".part.mp4")
    with av.open(str(film)) as source, av.open(str(part), "w", format="mp4") as sink:
        stream = source.streams.video[0]
        width = round(stream.width * TALL / stream.height / 2) * 2
        out = sink.add_stream("libx264", rate=stream.average_rate, width=width, height=TALL, pix_fmt="yuv420p")
        out.options = {"preset": "veryfast", "crf": "21"}
        for frame in source.decode(stream):
            sink.mux(out.encode(frame.reformat(width=width, height=TALL)))
        sink.mux(out.encode())
    return part.rename(target)


def repeated(film: Path, minutes: float, target: Path) -> Path:
    """The film's pictures over and over, as stored, until so many minutes are full."""
    if target.is_file():
        return target
    part = target.with_suffix(".part.mp4")
    with av.open(str(film)) as source, av.open(str(part), "w", format="mp4") as sink:
        stream = source.streams.video[0]
        out = sink.add_stream_from_template(stream)
        offset = length = 0
        while offset * float(stream.time_base or 0) < 60 * minutes:
            source.seek(0)
            for packet in source.demux(stream):
                if packet.pts is None or packet.dts is None:
                    continue
                length = max(length, packet.pts + (packet.duration or 0))
                packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, out
                sink.mux(packet)
            offset += length
            length = 0
    return part.rename(target)
