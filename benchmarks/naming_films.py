"""The development films that have truth, analysed with the settings' defaults, and the photos of their casts."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wios_assets.assets.options import footage_options
from wios_assets.naming.distances import distances
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.faces import PhotoFaces, look_at_photo
from wios_assets.photos.verdicts import gallery_tables, judge_photos
from wios_assets.settings import load_settings
from wios_assets.timeline.truth import read_truth
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.records import record_tables
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.shots import shot_of, shots_table
from wios_assets.vision.tracks import TrackOptions, link_tracks
from wios_assets.vision.video import probe

CINEMA = "cinema"
EARLIER = "earlier"

FOLDERS = (("films", EARLIER), ("clips", EARLIER), ("cinema/clips", CINEMA))
"""Folders of films with the kind of their films."""

GALLERIES = ("ident/gallery", "cinema/ident/gallery")

SOMEBODY_ELSE = 0.62
"""Distance beyond which two photos are taken for two people's."""


SEEN_UNNAMED: Mapping[str, frozenset[str]] = {
    "hamilton": frozenset({"barack_obama"}),
    "dev_film": frozenset({"barack_obama"}),
}
"""People who are on screen in a film although its truth does not name them; never drawn as distractors for it."""


@dataclass(frozen=True)
class Film:
    """A film's tables, its cast and its truth."""

    path: Path
    cast: tuple[str, ...]
    truth: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    tracks: pd.DataFrame
    kind: str = EARLIER


def films(folder: Path, engine: FaceEngine) -> dict[str, Film]:
    """Every film and clip that has truth, analysed."""
    result = {}
    for part, kind in FOLDERS:
        with (folder / part / "cast.csv").open(encoding="utf-8-sig") as file:
            casts = {row["clip"]: tuple(row["cast"].split(";")) for row in csv.DictReader(file)}
        for name, cast in casts.items():
            path = folder / part / name
            tables, tracks = analysed(path, engine)
            result[path.stem] = Film(path, cast, read_truth(folder / part / "truth.csv", name), tables, tracks, kind)
    return result


def analysed(path: Path, engine: FaceEngine) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of the one pass over a film, and its tracks."""
    settings = load_settings()
    video = probe(path)
    options = footage_options(settings, settings.samples_per_second)
    segments = plan_segments(video.duration_s, options.samples_per_second, settings.footage.segment_seconds, 1)
    records = [record for segment in segments for record in analyse_segment(video, segment, engine, options)]
    tables = {name: table.to_pandas() for name, table in record_tables(records, engine).items()}
    cuts, samples = sorted(tables.pop("cuts")["cut_s"]), tables["frame_samples"]
    samples["shot"] = shot_of(samples["time_s"].to_numpy(), cuts)
    tables["shots"] = shots_table(cuts, video.duration_s, samples["time_s"].to_numpy())
    tracks = link_tracks(
        tables["faces"], tables["face_embeddings"], tables["shots"], samples, video.height, TrackOptions()
    )
    return tables, tracks.astype({"best_face": object})


def visible(film: Film, track: pd.Series, near_s: float) -> set[str]:
    """People whom the truth has on screen within `near_s` seconds of a track; a negative one shortens the track."""
    rows = film.truth
    near = rows[(rows["end_s"] > track["start_s"] - near_s) & (rows["start_s"] < track["end_s"] + near_s)]
    return set(near["person"])


@dataclass(frozen=True)
class Photos:
    """Photos of people, each looked at once; galleries are drawn from them.

    Attributes:
        people: each person's photos.
        impostors: people with one photo each who are in no film and in no other photo, for distractors.
        engine: engine of the embeddings.
    """

    people: Mapping[str, Sequence[PhotoFaces]]
    impostors: Mapping[str, Sequence[PhotoFaces]]
    engine: FaceEngine

    @classmethod
    def of(cls, folder: Path, engine: FaceEngine) -> Photos:
        people = {
            person.name: [look_at_photo(photo, engine, GalleryOptions()) for photo in sorted(person.iterdir())]
            for gallery in GALLERIES
            for person in sorted((folder / gallery).iterdir())
        }
        return cls(people, _impostors(folder, people, engine), engine)

    def gallery(self, each: int = 0, seed: int = 0, impostors: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Verdicts and embeddings, rows of `tables.GALLERY_PHOTOS` and `tables.GALLERY_EMBEDDINGS`.

        Args:
            each: photos of each person, drawn at random; 0 for all.
            seed: of the draw.
            impostors: whether the impostors' photos are among them.
        """
        random = np.random.default_rng(seed)
        everybody = {**self.people, **(self.impostors if impostors else {})}
        drawn = {
            person: [photos[index] for index in random.permutation(len(photos))[:each]] if each else photos
            for person, photos in everybody.items()
        }
        return gallery_tables(drawn, judge_photos(drawn, GalleryOptions()), self.engine, {})


def _impostors(
    folder: Path, people: Mapping[str, Sequence[PhotoFaces]], engine: FaceEngine
) -> dict[str, Sequence[PhotoFaces]]:
    """Photos of one face each, of people who are nobody else here: several impostors are one person, some are cast
    members, and some are strangers of the composed film."""
    in_films = (folder / "films" / "segments.csv").read_text()
    known = [photo.vectors for photos in people.values() for photo in photos if len(photo)]
    looked = [
        look_at_photo(photo, engine, GalleryOptions()) for photo in sorted((folder / "ident" / "impostors").iterdir())
    ]
    known += [photo.vectors for photo in looked if photo.path.name in in_films and len(photo)]
    result: dict[str, Sequence[PhotoFaces]] = {}
    for photo in looked:
        if len(photo) == 1 and distances(photo.vectors, np.concatenate(known)).min() > SOMEBODY_ELSE:
            result[f"impostor {photo.path.stem}"] = [photo]
            known.append(photo.vectors)
    return result


def distractors(film: Film, photos: Photos, count: int, seed: int) -> list[str]:
    """Credited people who are not in the film: of other films' casts first, then impostors."""
    random = np.random.default_rng([seed, count])
    there = {*film.cast, *film.truth["person"], *SEEN_UNNAMED.get(film.path.stem, ())}
    others = [str(person) for person in random.permutation([p for p in sorted(photos.people) if p not in there])]
    return [*others, *(str(person) for person in random.permutation(sorted(photos.impostors)))][:count]
