"""The engine beside scripts, decoding alone and another revision, in one run; prints Markdown tables.

    python -m benchmarks [--films dev,clips,1080p,memory] [--runs 3] [--ways hog,opencv,decode,engine,cnn]
                         [--against REVISION] [--cnn-frames 8] [--minutes 10,120] [--score score.py] [--work FOLDER]

Needs the development films (WIOS_DEVSET), and for names the script that scores intervals (--score or WIOS_SCORE). Ways:
(a) the plain face_recognition script with `cnn` and one upsampling, timed on a few frames spread over the film and
scaled; what it finds in all samples comes from the same network as an ONNX graph, on the same pyramid; (b) the same
with `hog`, whole; (c) the script that an expert would write today, OpenCV's YuNet and SFace; (d) decoding alone; (e)
this engine with its defaults; (f) the engine of another revision of this repository, checked out into a temporary
folder. Films: `dev`; `clips`, all clips joined; `1080p`, dev at 1080 lines; `memory`, dev over and over for so many
minutes, engine alone, once. Times are medians over the runs, taken in turns; processor seconds are those of all
processes, start and imports included. Recall is of faces, whatever they are called: benchmarks/finding.py says how;
names are the nearest photo for scripts and WIOS's for the engine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from benchmarks.films import ROOT, BenchmarkFilm, dev_film, devset, joined_clips, repeated, scaled_up
from benchmarks.finding import KINDS, own_photos
from benchmarks.judging import Judge, Judged
from benchmarks.processor import processor
from wios_assets.assets.options import cores, engine_options
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.verdicts import judge_gallery
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine
from wios_assets.vision.video import probe

NAMES = {
    "cnn": "(a) script, CNN 2×",
    "hog": "(b) script, HOG 2×",
    "opencv": "(c) script, YuNet + SFace",
    "decode": "(d) decoding",
    "engine": "(e) engine",
    "against": "(f) other revision",
}
COLUMNS = (
    "way",
    "seconds (median; least–most)",
    "processor seconds",
    "× real time",
    "faces",
    "recall, by face",
    "frontal, by face",
    "profile, by face",
    "recall, by tracklet",
    "frontal, by tracklet",
    "profile, by tracklet",
    "named: recall",
    "named: F1",
    "peak MiB",
    "engine faster",
)


def measure(way: str, film: Path, out: Path, *more: str, root: Path = ROOT) -> dict[str, Any]:
    """What a way prints, run in a process of its own by the code in `root`, and its processor seconds."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ways", way, str(film), str(out), *more]
    before = _children_s()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures | {"processor_s": _children_s() - before}


def _children_s() -> float:
    """Processor seconds of all processes that this one has started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A revision of this repository in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="wios-revision-") as folder:
        root = Path(folder) / "revision"
        _git("worktree", "add", "--detach", str(root), revision)
        try:
            yield root
        finally:
            _git("worktree", "remove", "--force", str(root))


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}")


def compare(
    film: BenchmarkFilm,
    runs: int,
    ways: list[str],
    cnn_frames: int,
    work: Path,
    judge: Judge | None,
    other: Path | None,
) -> None:
    """Measure every way on a film, in turns, and print a row a way; `other` holds the revision of `against`."""
    processor_s: dict[str, list[float]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    faces: dict[str, str] = {}
    memory: dict[str, float] = defaultdict(float)
    length_s = probe(film.path).duration_s
    folders = ("engine", "against")
    outs = {way: work / f"{way}-{film.path.stem}{'' if way in folders else '.npz'}" for way in (*ways, "cnn-graph")}
    for run in range(runs):
        for way in ways:
            if way == "cnn" and run:
                continue
            if way == "against":
                assert other is not None
                output = measure("engine", film.path, outs[way], root=other)
            else:
                output = measure(way, film.path, outs[way], *(["--first", str(cnn_frames)] if way == "cnn" else []))
            took = output["seconds"]
            if way == "cnn":
                took = output["seconds_looking"] * length_s * load_settings().samples_per_second / output["looked"]
            seconds[way].append(took)
            processor_s[way].append(output["processor_s"])
            memory[way] = max(memory[way], output["peak_mib"])
            faces[way] = "–" if way == "decode" else str(output["count"])
    judged: dict[str, Judged] = {}
    if judge is not None and film.truth is not None:
        if "cnn" in ways:
            faces["cnn"] = str(measure("cnn-graph", film.path, outs["cnn-graph"])["count"])
            judged["cnn"] = judge.script_way(film, outs["cnn-graph"])
        if "hog" in ways:
            judged["hog"] = judge.script_way(film, outs["hog"])
        if "opencv" in ways:
            judged["opencv"] = judge.opencv_way(film, outs["opencv"])
        if "engine" in ways:
            judged["engine"] = judge.engine_way(film, outs["engine"])
    middle = {way: statistics.median(values) for way, values in seconds.items()}
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    for way in sorted(ways, key=list(NAMES).index):
        spread = f"timed on {cnn_frames} frames, scaled"
        if way != "cnn":
            spread = f"{min(seconds[way]):.1f}–{max(seconds[way]):.1f}"
        ratio = f"{middle[way] / middle['engine']:.2f} ×" if "engine" in middle else "–"
        cells = (
            NAMES[way],
            f"{middle[way]:.1f} ({spread})",
            "–" if way == "cnn" else f"{statistics.median(processor_s[way]):.1f}",
            f"{length_s / middle[way]:.2f}",
            faces[way],
            *figures(judged.get(way)),
            f"{memory[way]:.0f}",
            ratio,
        )
        print("| " + " | ".join(cells) + " |", flush=True)
    if "cnn" in judged:
        print("\nFaces and names of (a): all samples, by its network as an ONNX graph in floating point.")
    if {"decode", "engine"} <= set(middle):
        print(f"\nEngine against decoding alone: {middle['engine'] / middle['decode']:.2f} × the time.")
    if {"against", "engine"} <= set(middle):
        work_of = {way: statistics.median(processor_s[way]) for way in ("against", "engine")}
        print(
            f"\nEngine against the other revision: {middle['against'] / middle['engine']:.2f} × as fast, "
            f"{work_of['engine'] / work_of['against']:.2f} × the processor seconds."
        )


def figures(judged: Judged | None) -> list[str]:
    """Recall by face and by tracklet, for each of `KINDS`, and recall and F1 of names."""
    if judged is None:
        return ["–"] * (2 * len(KINDS) + 2)
    cells = []
    for recalls in (judged.by_face, judged.by_tracklet):
        for kind in KINDS:
            hit, there = recalls[kind] if recalls is not None else (0, 0)
            cells.append(f"{hit / there:.3f}" if there else "–")
    return cells + [f"{judged.named[name]:.3f}" if name in judged.named else "–" for name in ("recall", "f1")]


def compare_memory(film: Path, minutes: list[float], work: Path) -> None:
    """Run the engine once on the film repeated for so many minutes, and print the memory of its processes."""
    print("| minutes | seconds | × real time | faces | worker, peak MiB | against the first | driver, peak MiB |")
    print("|" + " --- |" * 7)
    first = 0.0
    for length in minutes:
        long = repeated(film, length, work / f"{film.stem}_{length:g}_minutes.mp4")
        output = measure("engine", long, work / f"engine-{long.stem}")
        first = first or output["worker_mib"]
        speed = probe(long).duration_s / output["seconds"]
        print(
            f"| {length:g} | {output['seconds']:.0f} | {speed:.1f} | {output['count']} "
            f"| {output['worker_mib']:.0f} | {output['worker_mib'] / first:.2f} × | {output['driver_mib']:.0f} |",
            flush=True,
        )


def judge_of(root: Path, script: Path | None, work: Path) -> Judge:
    engine = load_engine(engine_options(load_settings(), cores()))
    folder = root / "ident" / "gallery"
    known = own_photos([folder, root / "ident" / "probes"], work / "photos.npz")
    photos = {person.name: sorted(person.iterdir()) for person in sorted(folder.iterdir())}
    _, gallery = judge_gallery(photos, engine, GalleryOptions())
    return Judge(engine, known, folder, gallery, script, work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", default="dev,clips,1080p")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cnn-frames", type=int, default=8, help="frames of a film to time the CNN script on")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "wios-benchmarks")
    parser.add_argument("--ways", default="hog,opencv,decode,engine,cnn")
    parser.add_argument("--against", metavar="REVISION", help="revision of this repository to run in turns with this")
    parser.add_argument("--minutes", default="10,120", help="lengths of the films that memory is measured on")
    parser.add_argument("--score", type=Path, default=os.environ.get("WIOS_SCORE"), help="script that scores intervals")
    args = parser.parse_args()
    ways, chosen = args.ways.split(","), args.films.split(",")
    known = [way for way in NAMES if way != "against"]
    if wrong := [way for way in ways if way not in known]:
        sys.exit(f"--ways {','.join(wrong)}: choose from {', '.join(known)}")
    if wrong := [name for name in chosen if name not in ("dev", "clips", "1080p", "memory")]:
        sys.exit(f"--films {','.join(wrong)}: choose from dev, clips, 1080p, memory")
    if args.score is not None and not Path(args.score).is_file():
        sys.exit(f"--score {args.score}: there is no such file")
    root, work = devset(), args.work
    work.mkdir(parents=True, exist_ok=True)
    film = dev_film(root)
    judge = None
    if {"dev", "clips"} & set(chosen):
        judge = judge_of(root, args.score and Path(args.score), work)
    print(f"\n{processor()}", flush=True)
    with checked_out(args.against) if args.against else nullcontext() as other:
        if other is not None:
            ways.append("against")
        for name in chosen:
            print(f"\n{name}, {'once' if name == 'memory' else f'{args.runs} runs'}\n", flush=True)
            if name == "dev":
                compare(film, args.runs, ways, args.cnn_frames, work, judge, other)
            elif name == "clips":
                clips = joined_clips(root, work / "clips_joined.mp4")
                compare(clips, args.runs, ways, args.cnn_frames, work, judge, other)
            elif name == "1080p":
                tall = BenchmarkFilm(scaled_up(film.path, work / "dev_film_1080.mp4"), film.cast, None)
                fast = [way for way in ways if way in ("opencv", "decode", "engine", "against")]
                compare(tall, args.runs, fast, 0, work, None, other)
            else:
                compare_memory(film.path, [float(length) for length in args.minutes.split(",")], work)


if __name__ == "__main__":
    main()
