"""Names against the truth, beside the plain script, with what was left out of the fit; prints Markdown tables.

    python -m benchmarks.naming [--score score.py] [--work FOLDER] [--casts 12] [--no-script]

Needs the development films (WIOS_DEVSET) and the script that scores intervals (--score or WIOS_SCORE). Every film and
clip that has truth is looked at with the settings' defaults; figures are the script's, for each film and for all of
them as one. Levels are then fitted again without each film in turn and the film named by them; casts are drawn at
random, half of a film's people left out of them, so that these are strangers whom nobody may be called. The casts that
the levels are fitted to are drawn apart from these. At the end of the first part, how far clothing is to be trusted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.films import devset
from benchmarks.naming_clothing import Scene, alike, one_scene
from benchmarks.naming_films import Film, films, visible
from benchmarks.naming_fit import Case, fitted, fitted_without
from wios_assets.assets.options import cores, engine_options, naming_options
from wios_assets.naming.evidence import Gallery, Tracks, person_distances
from wios_assets.naming.names import name_tracks
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.naming.scale import scale_of_gallery
from wios_assets.photos.faces import look_at_photo
from wios_assets.photos.identify import identify_photo
from wios_assets.photos.verdicts import judge_gallery
from wios_assets.settings import load_settings
from wios_assets.timeline.appearances import appearances as intervals
from wios_assets.timeline.evaluation import evaluate
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.engines import load_engine

FIGURES = (
    "precision",
    "recall",
    "recall_frontal",
    "false_name_rate",
    "zones",
    "zone_precision",
    "zone_precision_top20",
    "minute_f1",
)
NEAR_S = 0.3
"""A track may be of anybody who is visible within so many seconds of it."""

FIT_CASTS = 12
"""Casts drawn for the fit, all of them together of the weight of the full cast; others are drawn for the figures."""

SCENE_CASTS = 60
"""Casts drawn for the scene in which everybody of all films is."""


def credits(cast: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({"billing": range(1, len(cast) + 1), "actor": cast, "nconst": None, "character": None})


def named(film: Film, gallery: pd.DataFrame, options: NamingOptions, cast: tuple[str, ...]) -> pd.DataFrame:
    """Appearances of a film by these options and with this cast."""
    people = credits(cast)
    own, others = gallery[gallery["actor"].isin(cast)], gallery[~gallery["actor"].isin(cast)]
    faces, embeddings = film.tables["faces"], film.tables["face_embeddings"]
    names = name_tracks(film.tracks, faces, embeddings, own, people, options, others)
    return intervals(names, film.tracks, film.tables["shots"], people)


def score(script: Path, parts: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]) -> dict[str, float]:
    """Figures of the scoring script over films put one after another, at whole minutes: truth and intervals.

    The time between two films counts neither way.
    """
    truth, said, offset = [], [], 0.0
    for rows, found in parts.values():
        truth.append(rows.assign(start_s=rows["start_s"] + offset, end_s=rows["end_s"] + offset))
        said.append(found.assign(start_s=found["start_s"] + offset, end_s=found["end_s"] + offset))
        last = offset + max([*rows["end_s"], *found["end_s"]])
        offset += 60.0 * (2 + (last - offset) // 60)
        between = {"person": "nobody", "start_s": last, "end_s": offset, "visible": "", "optional": True}
        truth.append(pd.DataFrame([between] if len(parts) > 1 else [], columns=list(rows.columns)))
    with tempfile.TemporaryDirectory() as folder:
        pd.concat([rows for rows in truth if len(rows)]).assign(clip="all").astype({"optional": int}).to_csv(
            Path(folder, "truth.csv"), index=False
        )
        pd.concat(said)[["start_s", "end_s", "actor"]].to_csv(Path(folder, "said.csv"), index=False)
        command = [sys.executable, str(script), f"{folder}/truth.csv", f"{folder}/said.csv", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def plain(film: Film, gallery: Path, work: Path) -> pd.DataFrame:
    """Intervals of the plain script, HOG with one upsampling and nearest photo under 0.6; kept in `work`."""
    out = work / f"{film.path.stem}.plain.csv"
    if not out.is_file():
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.plain_script", str(film.path), str(gallery)]
        subprocess.run([*command, str(out), "--cast", ";".join(film.cast)], check=True, stdout=subprocess.DEVNULL)
    return pd.read_csv(out)


def cases_of(film: Film, gallery: pd.DataFrame, options: NamingOptions) -> list[Case]:
    """A film's tracks for the fit: with its cast, and with casts drawn at random."""
    people, random = sorted(set(gallery["actor"])), np.random.default_rng([FIT_CASTS, len(film.tracks)])
    drawn = [drawn_cast(film, people, random) for _ in range(FIT_CASTS)]
    return [
        case_of(film, film.cast, gallery, options),
        *(case_of(film, cast, gallery, options, 1 / FIT_CASTS) for cast in drawn),
    ]


def case_of(
    film: Film, cast: tuple[str, ...], gallery: pd.DataFrame, options: NamingOptions, weight: float = 1.0
) -> Case:
    """A film's tracks with some cast: distances to it, and who of it, or somebody else, is visible."""
    own = Gallery.of(gallery, cast)
    known = Tracks.of(film.tracks, film.tables["face_embeddings"])
    scale = scale_of_gallery(own, set(gallery["engine"]), options)
    apart = scale(person_distances(known.vectors, own, options.nearest_photos))
    possible = np.zeros((len(known), len(own) + 1), dtype=bool)
    for place, row in enumerate(known.rows.tolist()):
        there = visible(film, film.tracks.iloc[row], NEAR_S)
        possible[place, :-1] = [person in there for person in own.people]
        possible[place, -1] = not there or any(person not in own.people for person in there)
    return Case(apart, possible, weight)


def photo_case(
    folder: Path, gallery: pd.DataFrame, engine: FaceEngine, options: NamingOptions
) -> tuple[Case, dict[str, float]]:
    """Probes and impostors for the fit, and the figures of identification."""
    own = Gallery.of(gallery)
    rows, possible, found = [], [], []
    for role in ("probes/*/*", "impostors/*"):
        for path in sorted(folder.glob(role)):
            person = path.parent.name if role.startswith("probes") else ""
            faces = identify_photo(path, engine, gallery, options, GalleryOptions())
            names = [face.name for face in faces if face.name]
            ranked = [face.nearest for face in faces]
            found.append((person, person in names, bool(names), person in ranked))
            largest = max(faces, key=lambda face: face.box[3] - face.box[1], default=None)
            if largest is not None and (person in ranked or not person):
                rows.append(_distances(path, engine, own, options))
                possible.append([name == person for name in own.people] + [not person])
    table = pd.DataFrame(found, columns=["person", "right", "named", "nearest"])
    known, strangers = table[table["person"] != ""], table[table["person"] == ""]
    figures = {
        "known people": len(known),
        "top-1": float(known["nearest"].mean()),
        "known named rightly": float(known["right"].mean()),
        "impostors": len(strangers),
        "impostors named": float(strangers["named"].mean()),
    }
    return Case(np.asarray(rows), np.asarray(possible), weight=0.5), figures


def _distances(path: Path, engine: FaceEngine, own: Gallery, options: NamingOptions) -> Any:
    """Distances of a photo's largest face."""
    looked = look_at_photo(path, engine, GalleryOptions())
    return person_distances(looked.vectors[:1], own, options.nearest_photos)[0]


def drawn_cast(film: Film, people: Sequence[str], random: np.random.Generator) -> tuple[str, ...]:
    """Half of a film's cast, and up to a dozen of `people` who are not in it."""
    inside = [actor for actor in film.cast if random.random() < 0.5]
    outside = [person for person in people if person not in film.cast]
    more = random.choice(outside, size=min(len(outside), int(random.integers(1, 12))), replace=False)
    return (*inside, *map(str, more))


def random_casts(
    every: Mapping[str, Film], gallery: pd.DataFrame, options: NamingOptions, draws: int, script: Path
) -> pd.DataFrame:
    """Figures with casts drawn at random."""
    people, rows = sorted(set(gallery["actor"])), []
    for draw in range(draws):
        random = np.random.default_rng(draw)
        parts = {}
        for name, film in every.items():
            cast = drawn_cast(film, people, random)
            truth = film.truth.copy()
            truth["person"] = [p if p in cast or p.startswith("unknown") else f"unknown:{p}" for p in truth["person"]]
            parts[name] = (truth, named(film, gallery, options, cast))
        rows.append(score(script, parts))
    return pd.DataFrame(rows)


def markdown(rows: Mapping[str, Mapping[Any, float]], columns: tuple[str, ...]) -> str:
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for name, row in rows.items():
        values = [row.get(column, float("nan")) for column in columns]
        lines.append(f"| {name} | " + " | ".join(f"{value:.4g}" for value in values) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--score", type=Path, default=os.environ.get("WIOS_SCORE"), help="script that scores intervals")
    parser.add_argument("--work", type=Path, help="folder for what the plain script found; made anew if not given")
    parser.add_argument("--casts", type=int, default=12, help="random casts to draw")
    parser.add_argument("--no-script", action="store_true", help="leave the plain script out")
    args = parser.parse_args()
    if args.score is None or not Path(args.score).is_file():
        sys.exit("no script to score with; give --score or set WIOS_SCORE")
    folder, script = devset(), Path(args.score)
    work = args.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    options = naming_options(settings)
    engine = load_engine(engine_options(settings, cores()))
    gallery_folder = folder / "ident" / "gallery"
    photos = {person.name: sorted(person.iterdir()) for person in sorted(gallery_folder.iterdir())}
    judged, gallery = judge_gallery(photos, engine, GalleryOptions())
    print(f"photos used: {(judged['verdict'] == 'used').sum()} of {len(judged)}\n", flush=True)

    every = films(folder, engine)
    said = {name: (film.truth, named(film, gallery, options, film.cast)) for name, film in every.items()}
    rows = {name: score(script, {name: part}) for name, part in said.items()} | {"all as one": score(script, said)}
    if not args.no_script:
        plainly = {name: (film.truth, plain(film, gallery_folder, work)) for name, film in every.items()}
        rows["plain script, dev_film"] = score(script, {"dev_film": plainly["dev_film"]})
        rows["plain script, all as one"] = score(script, plainly)
    print(markdown(rows, FIGURES) + "\n", flush=True)

    zones = pd.concat([evaluate(truth, found).reliability for truth, found in said.values()])
    gaps = (zones["mean_probability"] - zones["right"]).abs() * zones["zones"]
    print(f"expected calibration error, zones: {gaps.sum() / zones['zones'].sum():.4f}\n")

    photo, figures = photo_case(folder / "ident", gallery, engine, options)
    print(markdown({"identification": figures}, tuple(figures)) + "\n", flush=True)

    scene = Scene.of(every)
    print(markdown({"clothing": alike(scene, options)}, ("pairs of two people", "dressed alike")))
    named_there = one_scene(scene, gallery, options, SCENE_CASTS)
    print("\n" + markdown(named_there, ("casts", "tracks named rightly", "wrongly")) + "\n", flush=True)

    cases = {name: cases_of(film, gallery, options) for name, film in every.items()} | {"photos": [photo]}
    levels = fitted_without(cases, options)
    levels["nothing (all of it)"] = fitted([case for own in cases.values() for case in own], options)
    levels["everything but photos (films from photos alone)"] = fitted([photo], options)
    held_out = {name: (film.truth, named(film, gallery, levels[name], film.cast)) for name, film in every.items()}
    rows = {f"{name}, fitted without it": score(script, {name: part}) for name, part in held_out.items()}
    rows["all as one, each fitted without itself"] = score(script, held_out)
    alone = levels["everything but photos (films from photos alone)"]
    from_photos = {name: (film.truth, named(film, gallery, alone, film.cast)) for name, film in every.items()}
    rows["all as one, fitted to photos alone"] = score(script, from_photos)
    print(markdown(rows, FIGURES) + "\n")
    for name, level in levels.items():
        print(
            f"{name}: "
            + ", ".join(
                f"{key} {getattr(level, key):.3f}"
                for key in ("own", "own_spread", "strange", "strange_spread", "follows")
            )
        )

    drawn = random_casts(every, gallery, options, args.casts, script)
    spread = {"mean": drawn.mean().to_dict(), "least": drawn.min().to_dict(), "greatest": drawn.max().to_dict()}
    print(f"\n{args.casts} random casts\n\n" + markdown(spread, FIGURES))


if __name__ == "__main__":
    main()
