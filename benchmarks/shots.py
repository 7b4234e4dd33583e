"""Cuts found against the truth; prints a Markdown table.

    python -m benchmarks.shots [--films FOLDER] [--kinds SUBSTRING]

Needs the development films (WIOS_DEVSET). Rows are the clips and films with known cuts, then films composed of photos
of faces, once between black bars and once filling the picture (`--films` keeps them;
`--kinds` chooses those with this in their name, and leaves the others and the clips out). A cut counts as found within
0.1 s, in a composed film within one picture or half a fade. `ms a picture` is the time of cut detection, decoding left
out.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.films import devset
from wios_assets.settings import load_settings
from wios_assets.vision.cut_detection import mark_cuts
from wios_assets.vision.options import ShotOptions
from wios_assets.vision.photos import read_photo
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.video import probe
from wios_assets_tests.composed import ComposedFilm, Join, Still, compose

COLUMNS = ("cuts", "found", "false", "ms a picture")
FILLS: tuple[Literal["bars", "crop"], ...] = ("bars", "crop")


@dataclass(frozen=True)
class Composition:
    """How a film is composed of photos: pictures a second, lengths of stills to draw from, and what joins them."""

    rate: float
    seconds: tuple[float, ...]
    stills: int = 30
    join: Join = "cut"
    join_s: float = 0.0
    flashes_s: tuple[float, ...] = ()
    one_picture_each: bool = False

    @property
    def tolerance_s(self) -> float:
        """By how much a cut may be off: one picture, or anywhere in the dark of a fade."""
        return max(1.0 / self.rate, self.join_s / 2 if self.join == "fade" else 0.0) + 0.01


COMPOSED = {
    "one picture each, 5 a second": Composition(5.0, (0.2,), 60),
    "slide show, 5 a second": Composition(5.0, (0.6, 1.0, 1.6, 2.4)),
    "slide show, one stored picture each": Composition(25.0, (0.7, 1.3, 2.9), one_picture_each=True),
    "0.1 to 0.3 s each, 10 a second": Composition(10.0, (0.1, 0.2, 0.3), 60),
    "0.2 to 0.4 s each, 25 a second": Composition(25.0, (0.2, 0.4), 60),
    "dissolves of 0.5 s, 5 a second": Composition(5.0, (1.0, 1.6, 2.4), join="dissolve", join_s=0.5),
    "dissolves of 0.5 s, 25 a second": Composition(25.0, (1.0, 1.6, 2.4), join="dissolve", join_s=0.5),
    "dissolves of 1 s, 25 a second": Composition(25.0, (1.6, 2.4), join="dissolve", join_s=1.0),
    "fades of 0.8 s, 5 a second": Composition(5.0, (1.6, 2.4), join="fade", join_s=0.8),
    "fades of 0.8 s, 25 a second": Composition(25.0, (1.6, 2.4), join="fade", join_s=0.8),
    "flashes, 5 a second": Composition(5.0, (1.6, 2.4), flashes_s=(0.4, 0.8)),
    "flashes, 25 a second": Composition(25.0, (1.6, 2.4), flashes_s=(0.4, 0.8)),
}


def composed_film(
    path: Path, photos: Sequence[Path], kind: str, fill: Literal["bars", "crop"], seed: int = 0
) -> ComposedFilm:
    """A film of photos drawn at random; people are named by the photos' folders."""
    spec = COMPOSED[kind]
    draw = random.Random(f"{kind} {fill} {seed}")
    stills: list[Still] = []
    while len(stills) < spec.stills:
        photo = draw.choice(photos)
        people = (photo.parent.name if photo.parent.name != "impostors" else f"unknown:{photo.stem}",)
        if not stills or stills[-1].people != people:
            seconds = draw.choice(spec.seconds)
            stills.append(Still(read_photo(photo), people, seconds, spec.join, spec.join_s, spec.flashes_s))
    return compose(path, stills, rate=spec.rate, fill=fill, one_picture_each=spec.one_picture_each)


def photos_of_faces(folder: Path) -> list[Path]:
    """Photos that films are composed of: the probes and impostors, not the gallery."""
    return [*sorted((folder / "ident").glob("probes/*/*")), *sorted((folder / "ident").glob("impostors/*"))]


def row(path: Path, cuts_s: Sequence[float], tolerance_s: float, options: ShotOptions, rate: float) -> dict[str, float]:
    """Figures of one film."""
    pictures = list(read_pictures(probe(path), 0.0, 0, only_needed_for=rate))
    began = time.process_time()
    cuts_found_s = [marked.picture.time_s for marked in mark_cuts(pictures, options, rate) if marked.starts_shot]
    seconds = time.process_time() - began
    return {
        "cuts": len(cuts_s),
        "found": sum(any(abs(at - cut) <= tolerance_s for at in cuts_found_s) for cut in cuts_s),
        "false": sum(all(abs(at - cut) > tolerance_s for cut in cuts_s) for at in cuts_found_s),
        "ms a picture": 1000 * seconds / len(pictures),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, help="folder for the composed films; made anew if not given")
    parser.add_argument("--kinds", default="", help="only composed films with this in their name")
    args = parser.parse_args()
    folder, settings = devset(), load_settings()
    options = ShotOptions(
        ratio=settings.cuts.ratio,
        smallest_change=settings.cuts.smallest_change,
        window_s=settings.cuts.window_seconds,
        picture_width=settings.cuts.picture_width,
    )
    work = args.films or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    print("| film | " + " | ".join(COLUMNS) + " |\n| --- |" + " --- |" * len(COLUMNS))

    def show(name: str, figures: dict[str, float]) -> None:
        print(f"| {name} | " + " | ".join(f"{figures[column]:.3g}" for column in COLUMNS) + " |", flush=True)

    for part in ("films", "clips") if not args.kinds else ():
        truth: dict[str, list[float]] = {path.name: [] for path in sorted((folder / part).glob("*.mp4"))}
        with (folder / part / "shots.csv").open(newline="") as file:
            for line in csv.DictReader(file):
                truth[line["clip"]].append(float(line["cut_s"]))
        for name, cuts in truth.items():
            show(name, row(folder / part / name, cuts, 0.1, options, settings.samples_per_second))
    photos = photos_of_faces(folder)
    for kind, spec in COMPOSED.items():
        for fill in FILLS if args.kinds in kind else ():
            film = composed_film(work / f"{kind} {fill}.mp4", photos, kind, fill)
            figures = row(film.path, film.cuts_s, spec.tolerance_s, options, settings.samples_per_second)
            show(f"{kind}, {'bars' if fill == 'bars' else 'filling'}", figures)


if __name__ == "__main__":
    main()
