"""The engine against the plain script and against decoding alone, side by side in one run; prints a Markdown table.

    python -m benchmarks [--films dev,clips,1080p] [--runs 3] [--ways hog,decode,engine,cnn] [--cnn-frames 8]

Needs the development films (WIOS_DEVSET). Ways: (a) the plain face_recognition script with `cnn` and one upsampling,
timed on a few frames spread over the film and scaled; (b) the same with `hog`, whole; (c) decoding alone; (d) this
engine with its defaults. Figures are medians over the runs, taken in turns; recall is the engine's own, see
benchmarks/finding.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.finding import own_photos, recall
from wios_assets.timeline.truth import read_truth
from wios_assets.vision.video import probe

ROOT = Path(__file__).resolve().parent.parent
TALL = 1080
NAMES = {
    "cnn": "(a) script, CNN 2× (scaled)",
    "hog": "(b) script, HOG 2×",
    "decode": "(c) decoding",
    "engine": "(d) engine",
}


def devset() -> Path:
    folder = Path(os.environ.get("WIOS_DEVSET") or ROOT.parent / "shared" / "devset").resolve()
    if not (folder / "MANIFEST.md").is_file():
        sys.exit(f"no development films at {folder}; set WIOS_DEVSET to their folder")
    return folder


def scaled_up(film: Path, target: Path) -> Path:
    """The film at 1080 lines, made once."""
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


def measure(way: str, film: Path, out: Path, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.ways", way, str(film), str(out), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def compare(
    films: list[Path],
    runs: int,
    ways: list[str],
    cnn_frames: int,
    work: Path,
    photos: dict[str, Any],
    truth: Path | None,
) -> None:
    """Measure every way on some films, one after the other, and print a row a way."""
    seconds: dict[str, list[float]] = defaultdict(list)
    faces: dict[str, int] = {}
    memory: dict[str, float] = defaultdict(float)
    hits: dict[str, dict[str, list[int]]] = {}
    length_s = sum(probe(film).duration_s for film in films)
    for run in range(runs):
        for way in ways:
            if way == "cnn" and run:
                continue
            total, count = 0.0, 0
            for film in films:
                out = work / f"{way}-{film.stem}.npz"
                said = measure(way, film, out, *(["--first", str(cnn_frames)] if way == "cnn" else []))
                samples = probe(film).duration_s / 0.25
                total += said["seconds"] if way != "cnn" else said["seconds_looking"] * samples / said["looked"]
                count += said["count"]
                memory[way] = max(memory[way], said["peak_mib"])
            seconds[way].append(total)
            faces[way] = count
    for way in {"hog", "engine"} & set(ways):
        sums: dict[str, list[int]] = {"all": [0, 0], "frontal": [0, 0]}
        for film in (film for film in films if truth and film.name in truth.read_text(encoding="utf-8")):
            with np.load(work / f"{way}-{film.stem}.npz") as kept:
                rows = read_truth(truth, film.name)  # type: ignore[arg-type]
                for kind, (hit, there) in recall(rows, kept["times_s"], kept["vectors"], photos).items():
                    sums[kind][0] += hit
                    sums[kind][1] += there
        hits[way] = sums
    middle = {way: statistics.median(values) for way, values in seconds.items()}
    print("| way | seconds (median; least–most) | × real time | faces | recall | frontal | peak MiB | engine faster |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for way in sorted(ways, key=list(NAMES).index):
        part = {kind: f"{hit / there:.3f}" if there else "–" for kind, (hit, there) in hits.get(way, {}).items()}
        spread = f"{min(seconds[way]):.1f}–{max(seconds[way]):.1f}"
        counted = "–" if way == "decode" else str(faces[way])
        print(
            f"| {NAMES[way]} | {middle[way]:.1f} ({spread}) | {length_s / middle[way]:.2f} | {counted} "
            f"| {part.get('all', '–')} | {part.get('frontal', '–')} | {memory[way]:.0f} "
            f"| {middle[way] / middle['engine']:.2f} × |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", default="dev,clips,1080p")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cnn-frames", type=int, default=8, help="frames of a film to time the CNN script on")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "wios-benchmarks")
    parser.add_argument("--ways", default="hog,decode,engine,cnn")
    args = parser.parse_args()
    ways = args.ways.split(",")
    root = devset()
    args.work.mkdir(parents=True, exist_ok=True)
    photos = own_photos([root / "ident" / "gallery", root / "ident" / "probes"], args.work / "photos.npz")
    film = root / "films" / "dev_film.mp4"
    for chosen in args.films.split(","):
        print(f"\n{chosen}, {args.runs} runs\n")
        if chosen == "dev":
            compare([film], args.runs, ways, args.cnn_frames, args.work, photos, root / "films" / "truth.csv")
        elif chosen == "clips":
            clips = sorted((root / "clips").glob("*.mp4"))
            compare(clips, args.runs, ways, 1, args.work, photos, root / "clips" / "truth.csv")
        elif chosen == "1080p":
            tall = scaled_up(film, args.work / "dev_film_1080.mp4")
            compare([tall], args.runs, [way for way in ways if way in ("decode", "engine")], 0, args.work, photos, None)
        else:
            sys.exit(f"--films {chosen}: choose from dev, clips, 1080p")


if __name__ == "__main__":
    main()
