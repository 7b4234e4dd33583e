"""Names against the truth, beside the plain script, with what was left out of the fit; prints Markdown tables.

    python -m benchmarks.naming [--score score.py] [--work FOLDER] [--parts films,photos,one-photo,casts,strangers,fit]
                                [--photos 1] [--seeds 5] [--first-seed 0] [--distractors 40] [--casts 12]
                                [--strangers 30] [--fits 1] [--no-script]

Needs the development films (WIOS_DEVSET) and the script that scores intervals (--score or WIOS_SCORE). Every film and
clip that has truth is analysed with the settings' defaults; figures are the script's, for each film and for all of a
kind as one. Parts: `films`, all photos of the full cast, cinema also by person and by how people are seen; `photos`,
identification on photos; `one-photo`, so many photos an actor (--photos) drawn at random with each of the seeds, alone
and among so many credited people who are not in the film (--distractors); `casts`, half of the people left out of the
cast at random, others put in; `strangers`, casts without anybody who is on screen; `fit`, each film named with numbers
that were fitted without it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.films import devset
from benchmarks.naming_films import CINEMA, EARLIER, GALLERIES, Film, Photos, distractors, films
from benchmarks.naming_fit import RANGES, ROUNDS, Search, cases_of, drawn_cast, strangers_only
from benchmarks.naming_scores import (
    FIGURES,
    VISIBLE,
    Parts,
    by_person,
    by_visibility,
    followed,
    markdown,
    named,
    reliability,
    score,
    truth_for,
    with_perhaps,
)
from wios_assets.assets.options import cores, engine_options, naming_options
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.photos.identify import identify_photo
from wios_assets.settings import load_settings
from wios_assets.timeline.appearances import is_unknown
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.engines import load_engine

PARTS = ("films", "photos", "one-photo", "casts", "strangers", "fit")
RELIABILITY = (
    "names",
    "names right",
    "names: calibration error",
    "perhaps",
    "perhaps right",
    "perhaps: calibration error",
)
PEOPLE = "recall, mean over people"
DRAWN = ("f1", "recall", "recall by person", "zone_precision", "names: calibration error", "perhaps right")


def plain(film: Film, gallery: Path, work: Path) -> pd.DataFrame:
    """Intervals of the plain script, HOG with one upsampling and nearest photo under 0.6; kept in `work`."""
    out = work / f"{film.path.stem}.plain.csv"
    if not out.is_file():
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.plain_script", str(film.path), str(gallery)]
        subprocess.run([*command, str(out), "--cast", ";".join(film.cast)], check=True, stdout=subprocess.DEVNULL)
    return pd.read_csv(out)


def of_kind(every: Mapping[str, Film], kind: str) -> dict[str, Film]:
    return {name: film for name, film in every.items() if film.kind == kind}


def all_photos(
    every: Mapping[str, Film], gallery: pd.DataFrame, options: NamingOptions, script: Path
) -> dict[str, Parts]:
    """Tables of the films with all photos of the full cast; returns truth and appearances by kind."""
    result: dict[str, Parts] = {}
    rows: dict[str, dict[str, float]] = {}
    reliable: dict[str, dict[str, float]] = {}
    people: dict[str, dict[str, float]] = {}
    for kind in (EARLIER, CINEMA):
        parts = {
            name: (film.truth, named(film, gallery, options, film.cast)) for name, film in of_kind(every, kind).items()
        }
        alone = {
            name: (film.truth, named(film, gallery, options, film.cast, cohort=False))
            for name, film in of_kind(every, kind).items()
        }
        result[kind] = parts
        rows |= {name: score(script, {name: part}) for name, part in parts.items()}
        rows |= {f"{kind}, all as one": score(script, parts), f"{kind}, without a cohort": score(script, alone)}
        reliable |= {kind: reliability(parts.values()), f"{kind}, without a cohort": reliability(alone.values())}
        recall, perhaps = by_person(parts)["recall"], by_person(with_perhaps(parts))["recall"]
        people[kind] = {
            "people": float(len(recall)),
            PEOPLE: float(recall.mean()),
            "with the first of perhaps": float(perhaps.mean()),
            "a face followed": followed(of_kind(every, kind).values()),
            **by_visibility(script, parts),
        }
        if kind == CINEMA:
            for person in recall.index.tolist():
                shares = {PEOPLE: recall[person], "with the first of perhaps": perhaps[person]}
                people[f"{kind}, {person}"] = {name: float(share) for name, share in shares.items()}
    print(markdown(rows, FIGURES) + "\n")
    columns = ("people", PEOPLE, "with the first of perhaps", "a face followed", *VISIBLE)
    print(markdown(people, columns) + "\n")
    print(markdown(reliable, RELIABILITY) + "\n", flush=True)
    return result


def drawn_figures(script: Path, parts: Parts) -> dict[str, float]:
    """Figures of one draw over films."""
    recall = by_person(parts)["recall"]
    return {**score(script, parts), "recall by person": float(recall.mean()), **reliability(parts.values())}


def few_photos(
    every: Mapping[str, Film], photos: Photos, options: NamingOptions, script: Path, each: int, seeds: range, extra: int
) -> dict[str, dict[str, float]]:
    """Figures with few photos an actor, drawn at random, without and with distractors: mean, least and greatest."""
    rows: dict[str, dict[str, float]] = {}
    for count in (0, extra) if extra else (0,):
        for kind in (EARLIER, CINEMA):
            draws = []
            for seed in seeds:
                gallery = photos.gallery(each=each, seed=seed, impostors=True)[1]
                parts = {}
                for name, film in of_kind(every, kind).items():
                    cast = (*film.cast, *distractors(film, photos, count, seed))
                    parts[name] = (film.truth, named(film, gallery, options, cast))
                draws.append(drawn_figures(script, parts))
            table = pd.DataFrame(draws)
            label = f"{kind}, {each} photo{'s' * (each > 1)} an actor, {count} distractors"
            for how, figures in (("mean", table.mean()), ("least", table.min())):
                rows[f"{label}: {how}"] = {str(name): float(value) for name, value in figures.items()}
    return rows


def identification(folder: Path, gallery: pd.DataFrame, engine: FaceEngine, options: NamingOptions) -> dict[str, float]:
    """How photos of known people and of impostors are identified, with the photos of the first gallery.

    Some impostors are cast members of the cinema clips.
    """
    people = {person.name for person in (folder / GALLERIES[0]).iterdir()}
    gallery = gallery[gallery["actor"].isin(people)]
    rows = []
    for role in ("probes/*/*", "impostors/*"):
        for path in sorted((folder / "ident").glob(role)):
            person = path.parent.name if role.startswith("probes") else ""
            faces = identify_photo(path, engine, gallery, options, GalleryOptions())
            names = [face.name for face in faces if face.name]
            rows.append((person, person in names, bool(names), person in [face.nearest for face in faces]))
    table = pd.DataFrame(rows, columns=["person", "right", "named", "nearest"])
    known, strangers = table[table["person"] != ""], table[table["person"] == ""]
    return {
        "known people": len(known),
        "top-1": float(known["nearest"].mean()),
        "known named rightly": float(known["right"].mean()),
        "impostors": len(strangers),
        "impostors named": float(strangers["named"].mean()),
    }


def random_casts(
    every: Mapping[str, Film], gallery: pd.DataFrame, options: NamingOptions, draws: int, script: Path
) -> dict[str, dict[str, float]]:
    """Figures with casts drawn at random, all films as one."""
    people = sorted(set(gallery["actor"]))
    rows: list[dict[str, float]] = []
    for draw in range(draws):
        random = np.random.default_rng(draw)
        parts = {}
        for name, film in every.items():
            cast = drawn_cast(film, people, random)
            parts[name] = (truth_for(film, cast), named(film, gallery, options, cast))
        rows.append(drawn_figures(script, parts))
    table = pd.DataFrame(rows)
    return {f"{draws} random casts: {how}": getattr(table, how)().to_dict() for how in ("mean", "min", "max")}


def casts_of_strangers(
    every: Mapping[str, Film], gallery: pd.DataFrame, options: NamingOptions, draws: int
) -> dict[str, dict[str, float]]:
    """Intervals named with casts of which nobody is on screen, as a share of those named with the right casts."""
    people = sorted(set(gallery["actor"]))
    rows: dict[str, dict[str, float]] = {}
    for cohort in (True, False):
        right = sum(_named_intervals(named(film, gallery, options, film.cast, cohort)) for film in every.values())
        wrong = []
        for draw in range(draws):
            random = np.random.default_rng([draw, 7])
            casts = {name: strangers_only(film, people, random) for name, film in every.items()}
            wrong.append(
                sum(_named_intervals(named(every[name], gallery, options, casts[name], cohort)) for name in every)
            )
        rows["with a cohort" if cohort else "without"] = {
            "draws": float(draws),
            "named with the right casts": float(right),
            "named, mean": float(np.mean(wrong)),
            "most": float(max(wrong)),
            "share": float(np.mean(wrong)) / right,
        }
    return rows


def _named_intervals(appearances: pd.DataFrame) -> int:
    return int((~appearances["actor"].map(is_unknown)).sum())


def held_out(every: Mapping[str, Film], photos: Photos, options: NamingOptions, script: Path, seed: int) -> None:
    """Tables of the cinema's films, each named with numbers fitted without it.

    Args:
        every: films. photos: of all people. options: what is not fitted. script: that scores.
        seed: of the search.
    """
    cinema, gallery = of_kind(every, CINEMA), photos.gallery()[1]
    search = Search(cases_of(every, photos), {name: film.kind for name, film in every.items()}, options)
    search.run([None, *cinema], ROUNDS, seed)
    fitted = {name: search.fitted(name) for name in cinema}
    parts = {name: (film.truth, named(film, gallery, fitted[name], film.cast)) for name, film in cinema.items()}
    rows = {f"{name}, {seed}": _with_people(script, {name: part}) for name, part in parts.items()}
    rows[f"{CINEMA}, each fitted without itself, {seed}"] = _with_people(script, parts)
    numbers = {"all films": search.fitted()} | {f"without {name}": own for name, own in fitted.items()}
    table = {label: {number: getattr(own, number) for number in RANGES} for label, own in numbers.items()}
    print(markdown(rows, (*FIGURES, PEOPLE)) + "\n")
    print(markdown(table, tuple(RANGES)) + "\n", flush=True)


def _with_people(script: Path, parts: Parts) -> dict[str, float]:
    return {**score(script, parts), PEOPLE: float(by_person(parts)["recall"].mean())}


def chosen_parts(text: str) -> Sequence[str]:
    parts = text.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        sys.exit(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--score", type=Path, default=os.environ.get("WIOS_SCORE"), help="script that scores intervals")
    parser.add_argument("--work", type=Path, help="folder for what the plain script found; made anew if not given")
    parser.add_argument("--parts", default=",".join(PARTS), help="tables to print, separated by commas")
    parser.add_argument("--photos", type=int, default=1, help="photos an actor in the part one-photo")
    parser.add_argument("--seeds", type=int, default=5, help="draws in the part one-photo")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first of these draws")
    parser.add_argument("--distractors", type=int, default=40, help="credited people who are not in the film")
    parser.add_argument("--casts", type=int, default=12, help="random casts to draw")
    parser.add_argument("--strangers", type=int, default=30, help="casts of strangers to draw")
    parser.add_argument("--fits", type=int, default=1, help="searches in the part fit")
    parser.add_argument("--no-script", action="store_true", help="leave the plain script out")
    args = parser.parse_args()
    if args.score is None or not Path(args.score).is_file():
        sys.exit("no script to score with; give --score or set WIOS_SCORE")
    chosen, folder, script = chosen_parts(args.parts), devset(), Path(args.score)
    work = args.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    options = naming_options(settings)
    engine = load_engine(engine_options(settings, cores()))
    photos = Photos.of(folder, engine)
    verdicts, gallery = photos.gallery()
    print(f"photos used: {(verdicts['verdict'] == 'used').sum()} of {len(verdicts)}\n", flush=True)
    every = films(folder, engine)

    if "films" in chosen:
        parts = all_photos(every, gallery, options, script)
        if not args.no_script:
            own = folder / "ident" / "gallery"
            plainly = {name: (film.truth, plain(film, own, work)) for name, film in of_kind(every, EARLIER).items()}
            rows = {
                f"plain script, {EARLIER}": score(script, plainly),
                f"this, {EARLIER}": score(script, parts[EARLIER]),
            }
            print(markdown(rows, FIGURES) + "\n", flush=True)
    if "photos" in chosen:
        figures = identification(folder, gallery, engine, options)
        print(markdown({"identification": figures}, tuple(figures)) + "\n", flush=True)
    if "one-photo" in chosen:
        seeds = range(args.first_seed, args.first_seed + args.seeds)
        drawn = few_photos(every, photos, options, script, args.photos, seeds, args.distractors)
        print(markdown(drawn, DRAWN) + "\n", flush=True)
    if "casts" in chosen:
        print(markdown(random_casts(every, gallery, options, args.casts, script), DRAWN) + "\n", flush=True)
    if "strangers" in chosen:
        strangers = casts_of_strangers(every, gallery, options, args.strangers)
        columns = ("draws", "named with the right casts", "named, mean", "most", "share")
        print(markdown(strangers, columns) + "\n", flush=True)
    if "fit" in chosen:
        for seed in range(args.fits):
            held_out(every, photos, options, script, seed)


if __name__ == "__main__":
    main()
