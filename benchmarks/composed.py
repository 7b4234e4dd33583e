"""Names and tracks on films composed of photos; prints a Markdown table.

    python -m benchmarks.composed [--score score.py] [--films FOLDER] [--kinds SUBSTRING] [--seeds 1]

Needs the development films (WIOS_DEVSET) and the script that scores intervals (--score or WIOS_SCORE). Films are those
of `benchmarks.shots`, whose photos are the probes and impostors; the cast is everybody in the film who has a gallery.
`tracks of two` counts tracks whose faces lie in stills of different people, transitions left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.films import devset
from benchmarks.naming_films import Film, analysed
from benchmarks.naming_scores import markdown, named, score
from benchmarks.shots import COMPOSED, FILLS, composed_film, photos_of_faces
from wios_assets.assets.options import cores, engine_options, naming_options
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.verdicts import judge_gallery
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine
from wios_assets_tests.composed import ComposedFilm

COLUMNS = ("cuts", "shots", "tracks", "tracks of two", "precision", "recall", "f1", "zones", "zone_precision")


def tracks_of_two(film: ComposedFilm, tracks: pd.DataFrame, faces: pd.DataFrame, join_s: float) -> int:
    """Tracks whose faces lie in stills of different people, seconds of a transition left out."""
    time_of = dict(zip(faces["face"], faces["time_s"], strict=True))
    cuts = np.asarray(film.cuts_s)
    mixed = 0
    for own in tracks["faces"]:
        times = np.asarray([time_of[face] for face in own])
        clear = times[np.abs(times[:, None] - cuts[None]).min(axis=1) > join_s / 2] if join_s else times
        mixed += len(set(np.searchsorted(cuts, clear + 1e-6, side="right").tolist())) > 1
    return mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--score", type=Path, default=os.environ.get("WIOS_SCORE"), help="script that scores intervals")
    parser.add_argument("--films", type=Path, help="folder for the composed films; made anew if not given")
    parser.add_argument("--kinds", default="", help="only kinds of film with this in their name")
    parser.add_argument("--seeds", type=int, default=1, help="films of each kind")
    args = parser.parse_args()
    if args.score is None or not Path(args.score).is_file():
        sys.exit("no script to score with; give --score or set WIOS_SCORE")
    folder, settings = devset(), load_settings()
    work = args.films or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    options, engine = naming_options(settings), load_engine(engine_options(settings, cores()))
    people = {person.name: sorted(person.iterdir()) for person in sorted((folder / "ident" / "gallery").iterdir())}
    _, gallery = judge_gallery(people, engine, GalleryOptions())
    photos = photos_of_faces(folder)
    rows: dict[str, dict[str, float]] = {}
    parts: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for kind, spec in COMPOSED.items():
        for fill in FILLS if args.kinds in kind else ():
            for seed in range(args.seeds):
                name = f"{kind}, {'bars' if fill == 'bars' else 'filling'}{f', {seed}' if seed else ''}"
                film = composed_film(work / f"{kind} {fill} {seed}.mp4", photos, kind, fill, seed)
                tables, tracks = analysed(film.path, engine)
                cast = tuple(sorted(set(film.truth["person"]) & set(gallery["actor"])))
                output = named(Film(film.path, cast, film.truth, tables, tracks), gallery, options, cast)
                parts[name] = (film.truth, output)
                rows[name] = {
                    "cuts": len(film.cuts_s),
                    "shots": len(tables["shots"]),
                    "tracks": len(tracks),
                    "tracks of two": tracks_of_two(film, tracks, tables["faces"], spec.join_s),
                } | score(args.score, {name: parts[name]})
                print(name, rows[name], file=sys.stderr, flush=True)
    rows["all as one"] = score(args.score, parts)
    print(markdown(rows, COLUMNS))


if __name__ == "__main__":
    main()
