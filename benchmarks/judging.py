"""Results of each way, as recall of faces and as seconds named rightly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks import opencv_script
from benchmarks.films import BenchmarkFilm
from benchmarks.finding import Vectors, recall
from benchmarks.frames import EVERY_S
from benchmarks.naming_films import Film
from benchmarks.naming_scores import named, score
from benchmarks.plain_script import LIMIT, gallery, intervals, nearest
from wios_assets.assets.options import naming_options
from wios_assets.settings import load_settings
from wios_assets.vision.alignment import FivePoints
from wios_assets.vision.engine import FaceEngine, Faces
from wios_assets.vision.paired_embedder import DLIB_LENGTH, PairedEmbedder, dlib_part
from wios_assets.vision.sampling import MarkedPicture, read_pictures, read_samples
from wios_assets.vision.shots import shot_of, shots_table
from wios_assets.vision.tracks import TrackOptions, link_tracks
from wios_assets.vision.video import probe, to_display

Recall = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Judged:
    """Figures of a way on a film: samples found and samples there are, and the scoring script's figures.

    Recall is None for a way without tracklets, or without dlib's embeddings, by which faces are known.
    """

    by_face: Recall | None
    by_tracklet: Recall | None
    named: dict[str, float]


@dataclass(frozen=True)
class Judge:
    """What it takes to judge.

    Attributes:
        engine: turns faces into embeddings.
        photos: embeddings of each person's own photos, for recall.
        folder: the gallery, one folder a person.
        gallery: its usable faces, for naming.
        script: the script that scores intervals; None to leave names out.
        work: folder for what is kept between runs.
    """

    engine: FaceEngine
    photos: dict[str, Vectors]
    folder: Path
    gallery: pd.DataFrame
    script: Path | None
    work: Path

    def script_way(self, film: BenchmarkFilm, results: Path) -> Judged:
        """A script's faces and the names of its nearest photos."""
        assert film.truth is not None
        with np.load(results) as kept:
            times, vectors = kept["times_s"], kept["vectors"]
        by_face = recall(film.truth, times, vectors, self.photos)
        if self.script is None:
            return Judged(by_face, None, {})
        cast = list(film.cast)
        names, known = self._kept_gallery(film, "gallery", lambda: gallery(self.folder, cast))
        named = [nearest(vector, names, known, LIMIT) for vector in vectors]
        return Judged(by_face, None, self._score(film, times.tolist(), named))

    def opencv_way(self, film: BenchmarkFilm, results: Path) -> Judged:
        """The names of the nearest photos by OpenCV's SFace; it has no embeddings that recall could go by."""
        if self.script is None:
            return Judged(None, None, {})
        with np.load(results) as kept:
            times, vectors = kept["times_s"], kept["vectors"]
        cast = list(film.cast)
        names, known = self._kept_gallery(film, "opencv", lambda: opencv_script.gallery(self.folder, cast))
        named = [opencv_script.nearest(vector, names, known) for vector in vectors]
        return Judged(None, None, self._score(film, times.tolist(), named))

    def _score(self, film: BenchmarkFilm, times_s: list[float], names: list[str | None]) -> dict[str, float]:
        """Figures of faces' names, each at its time in seconds; None for a face without a name."""
        assert film.truth is not None
        assert self.script is not None
        hits: dict[str, list[float]] = defaultdict(list)
        for time_s, name in zip(times_s, names, strict=True):
            if name is not None and (not hits[name] or hits[name][-1] != time_s):
                hits[name].append(time_s)
        output = pd.DataFrame(intervals(dict(hits), EVERY_S), columns=["start_s", "end_s", "actor"])
        return score(self.script, {film.path.stem: (film.truth, output)})

    def engine_way(self, film: BenchmarkFilm, results: Path) -> Judged:
        """The engine's faces and WIOS's names."""
        assert film.truth is not None
        tables = read_tables(results)
        every_face = self._every_face(film.path, tables["faces"], tables["frame_samples"])
        by_face = recall(film.truth, *every_face, self.photos)
        by_tracklet = recall(film.truth, *_tracklets(tables), self.photos)
        if self.script is None:
            return Judged(by_face, by_tracklet, {})
        video, samples = probe(film.path), tables["frame_samples"]
        cuts = sorted(tables.pop("cuts")["cut_s"])
        samples["shot"] = shot_of(samples["time_s"].to_numpy(), cuts)
        tables["shots"] = shots_table(cuts, video.duration_s, samples["time_s"].tolist())
        tracks = link_tracks(
            tables["faces"], tables["face_embeddings"], tables["shots"], samples, video.height, TrackOptions()
        ).astype({"best_face": object})
        looked_at = Film(film.path, film.cast, film.truth, tables, tracks)
        output = named(looked_at, self.gallery, naming_options(load_settings()), film.cast)
        return Judged(by_face, by_tracklet, score(self.script, {film.path.stem: (film.truth, output)}))

    def _every_face(self, film: Path, faces: pd.DataFrame, samples: pd.DataFrame) -> tuple[Any, Vectors]:
        """Times in seconds and embeddings of all faces, each cut out of its own sample by its landmarks.

        Those that a near-duplicate sample inherited have the landmarks of the sample that it repeats; those of a
        detector without landmarks have dlib's at their box.
        """
        video, points = probe(film), FivePoints()
        rate = load_settings().samples_per_second
        at = dict(iter(faces.groupby(faces["sample"].astype(int))))
        duplicates = samples.dropna(subset=["duplicate_of"])
        repeated = dict(zip(duplicates["sample"].astype(int), duplicates["duplicate_of"].astype(int), strict=True))
        pictures = (MarkedPicture(picture, False, None) for picture in read_pictures(video, 0.0, 0, 1, rate))
        times: list[float] = []
        vectors: list[Vectors] = [np.empty((0, DLIB_LENGTH), dtype=np.float32)]
        for sample in read_samples(pictures, 0, int(faces["sample"].max()) + 1 if len(faces) else 0, rate):
            if sample.number not in at or sample.picture is None or sample.picture.frame is None:
                continue
            here = at[sample.number]
            boxes = here[["left", "top", "right", "bottom"]].to_numpy(dtype=np.float32)
            shown = to_display(sample.picture.frame, video.width, video.height, video.rotation)
            landmarks = points.landmarks(shown, boxes)
            for index, own in enumerate(at[repeated.get(sample.number, sample.number)]["landmarks"]):
                if len(own):
                    landmarks[index] = np.asarray(own, dtype=np.float32).reshape(5, 2)
            detected = Faces(boxes, np.zeros(len(boxes), dtype=np.float32), landmarks)
            vectors.append(dlib_part(self.engine.embed(self.engine.chips(shown, detected))))
            times.extend([sample.time_s] * len(boxes))
        return np.asarray(times), np.concatenate(vectors)

    def _kept_gallery(
        self, film: BenchmarkFilm, kind: str, build: Callable[[], tuple[list[str], Any]]
    ) -> tuple[list[str], Any]:
        """Names and embeddings of the photos as a script reads them; kept in `work`."""
        kept = self.work / f"{film.path.stem}.{kind}.npz"
        if not kept.is_file():
            names, known = build()
            np.savez(kept, names=names, known=known)
        with np.load(kept) as read:
            return read["names"].tolist(), read["known"]


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The engine's tables, joined over segments."""
    names = {file.name.rpartition("-")[0] for file in folder.glob("*.parquet")}
    return {
        name: pd.concat([pq.read_table(file).to_pandas() for file in sorted(folder.glob(f"{name}-*.parquet"))]).pipe(
            lambda table: table.reset_index(drop=True)
        )
        for name in names
    }


def _tracklets(tables: dict[str, pd.DataFrame]) -> tuple[Any, Vectors]:
    """Times of all faces, in seconds, each with every embedding of its tracklet."""
    embedded = {key: rows["embedding"].tolist() for key, rows in tables["face_embeddings"].groupby("tracklet")}
    times, vectors = [], []
    for time_s, tracklet in tables["faces"][["time_s", "tracklet"]].itertuples(index=False):
        for vector in embedded.get(tracklet, []):
            times.append(time_s)
            vectors.append(vector)
    return np.asarray(times), dlib_part(np.asarray(vectors, dtype=np.float32).reshape(-1, PairedEmbedder.length))
