"""Who is on screen, the way a script does it: face_recognition on a frame every quarter second.

    python -m benchmarks.plain_script FILM GALLERY OUT [--cast 'a;b;c'] [--model hog|cnn] [--every 0.25] [--limit 0.6]

Each frame's faces are found with one upsampling, each face is given the name of the nearest gallery photo under the
limit, and consecutive hits are joined. OUT is a CSV of start_s,end_s,actor on the player's clock. The seconds spent on
decoding, detecting and embedding are printed as JSON. This is what the engine is compared with, and not part of it.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frames import EVERY_S, UPSAMPLE, frames
from benchmarks.reference import face_recognition as reference

face_recognition = reference()

LIMIT = 0.6
"""Largest distance of two embeddings that a script calls the same person."""


def gallery(folder: Path, cast: list[str]) -> tuple[list[str], NDArray[np.float64]]:
    """Name and embedding of the first face of every photo; one folder a person."""
    names, vectors = [], []
    for person in sorted(folder.iterdir()):
        if not person.is_dir() or (cast and person.name not in cast):
            continue
        for photo in sorted(person.iterdir()):
            encodings = face_recognition.face_encodings(face_recognition.load_image_file(str(photo)))
            if encodings:
                names.append(person.name)
                vectors.append(encodings[0])
    return names, np.array(vectors)


def nearest(vector: NDArray[np.float64], names: list[str], known: NDArray[np.float64], limit: float) -> str | None:
    """Name of the gallery photo [photos, 128] nearest to an embedding [128]; None where that is beyond the limit."""
    distances = np.linalg.norm(known - vector, axis=1)
    index = int(distances.argmin())
    return names[index] if distances[index] <= limit else None


def intervals(hits: dict[str, list[float]], every_s: float) -> list[tuple[float, float, str]]:
    """Hits of each person as (start, end, name): consecutive ones joined, each reaching half a step either way."""
    joined: list[tuple[float, float, str]] = []
    for name, times in hits.items():
        start = last = times[0]
        for time_s in [*times[1:], float("inf")]:
            if time_s - last > 1.5 * every_s:
                joined.append((start - every_s / 2, last + every_s / 2, name))
                start = time_s
            last = time_s
    return sorted(joined)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film")
    parser.add_argument("gallery", type=Path, help="one folder of photos a person")
    parser.add_argument("out", help="CSV to write")
    parser.add_argument("--cast", default="", help="folders of the gallery to use, separated by semicolons")
    parser.add_argument("--model", choices=("hog", "cnn"), default="hog")
    parser.add_argument("--every", type=float, default=EVERY_S, help="seconds between two frames")
    parser.add_argument("--limit", type=float, default=LIMIT, help="largest distance that gives a name")
    parser.add_argument("--first", type=int, default=None, help="stop after this many frames")
    args = parser.parse_args()

    names, known = gallery(args.gallery, [name.strip() for name in args.cast.split(";") if name.strip()])
    spent: dict[str, float] = defaultdict(float)
    hits: dict[str, list[float]] = defaultdict(list)
    looked = faces = 0
    begun = mark = time.perf_counter()

    def charge(what: str) -> None:
        nonlocal mark
        now = time.perf_counter()
        spent[what] += now - mark
        mark = now

    for time_s, picture in frames(args.film, args.every):
        charge("decode")
        boxes = face_recognition.face_locations(picture, number_of_times_to_upsample=UPSAMPLE, model=args.model)
        charge("detect")
        vectors = face_recognition.face_encodings(picture, boxes)
        charge("embed")
        for vector in vectors:
            name = nearest(vector, names, known, args.limit)
            if name is not None and (not hits[name] or hits[name][-1] != time_s):
                hits[name].append(time_s)
        looked, faces = looked + 1, faces + len(boxes)
        if looked == args.first:
            break
    charge("decode")
    seconds = time.perf_counter() - begun

    with Path(args.out).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("start_s", "end_s", "actor"))
        rows.writerows(
            (f"{max(0.0, start):.3f}", f"{end:.3f}", name)
            for start, end, name in intervals({k: v for k, v in hits.items() if v}, args.every)
        )
    parts = {name: round(spent[name], 2) for name in ("decode", "detect", "embed")}
    print(json.dumps({"model": args.model, "frames": looked, "faces": faces, "seconds": round(seconds, 2), **parts}))


if __name__ == "__main__":
    main()
