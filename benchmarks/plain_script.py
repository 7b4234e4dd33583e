"""Who is on screen, the way a script does it: face_recognition on a frame every quarter second.

    plain_script.py FILM GALLERY OUT [--cast 'a;b;c'] [--model hog|cnn] [--every 0.25] [--limit 0.6]

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
from collections.abc import Iterator
from pathlib import Path

import av
import face_recognition
import numpy as np
from numpy.typing import NDArray

UPSAMPLE = 1


def frames(film: str, every_s: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Time in seconds on the player's clock and RGB picture of a frame every `every_s`."""
    with av.open(film) as container:
        start_s = (container.start_time or 0) / av.time_base
        due_s = 0.0
        for frame in container.decode(video=0):
            time_s = frame.time - start_s
            if time_s >= due_s - 1e-6:
                yield time_s, np.ascontiguousarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                while due_s <= time_s + 1e-6:
                    due_s += every_s


def gallery(folder: Path, cast: list[str]) -> tuple[list[str], NDArray[np.float64]]:
    """Name and embedding of the first face of every photo; one folder a person."""
    names, vectors = [], []
    for person in sorted(folder.iterdir()):
        if not person.is_dir() or (cast and person.name not in cast):
            continue
        for photo in sorted(person.iterdir()):
            found = face_recognition.face_encodings(face_recognition.load_image_file(str(photo)))
            if found:
                names.append(person.name)
                vectors.append(found[0])
    return names, np.array(vectors)


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
    parser.add_argument("--every", type=float, default=0.25, help="seconds between two frames")
    parser.add_argument("--limit", type=float, default=0.6, help="largest distance that gives a name")
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
            distances = np.linalg.norm(known - vector, axis=1)
            nearest = int(distances.argmin())
            if distances[nearest] <= args.limit and (not hits[names[nearest]] or hits[names[nearest]][-1] != time_s):
                hits[names[nearest]].append(time_s)
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
