"""Synthetic people with the embedding distances of the default engine, and the tables of a film of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.vision.tracks import TrackOptions, link_tracks

LENGTH = 256
BETWEEN = 0.029
"""Standard deviation of a person's mean embedding, per dimension; photos of two people are then about 0.79 from
each other."""
WITHIN = 0.0196
"""Standard deviation of a photo around its person's mean; photos of one person are then about 0.44 from each other."""
MODEL = "test:1"


class People:
    """A world of people; the same seed gives the same people and pictures."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._means: dict[str, NDArray[np.float64]] = {}

    def mean(self, person: str) -> NDArray[np.float64]:
        """Mean embedding of the person, float64 [256]."""
        if person not in self._means:
            self._means[person] = self._random.normal(0.0, BETWEEN, LENGTH)
        return self._means[person]

    def put(self, person: str, mean: NDArray[np.float64]) -> None:
        """Set the mean embedding of a person."""
        self._means[person] = mean

    def picture(self, person: str, within: float = WITHIN) -> NDArray[np.float32]:
        """Embedding of a new picture of the person, float32 [256]."""
        return (self.mean(person) + self._random.normal(0.0, within, LENGTH)).astype(np.float32)

    def gallery(
        self, people: Sequence[str], photos: int = 4, factor: float = 1.0, engine: str = "onnx"
    ) -> pd.DataFrame:
        """Rows of gallery_embeddings, every embedding stretched by `factor`."""
        return pd.DataFrame(
            [
                {
                    "actor": person,
                    "nconst": None,
                    "photo": f"{person}/{number}.jpg",
                    "photo_hash": f"{person}{number}",
                    "quality": 0.8,
                    "embedding": self.picture(person) * np.float32(factor),
                    "engine": engine,
                    "model_hash": MODEL,
                }
                for person in people
                for number in range(photos)
            ],
            columns=["actor", "nconst", "photo", "photo_hash", "quality", "embedding", "engine", "model_hash"],
        )


def cast_of(people: Sequence[str]) -> pd.DataFrame:
    """Rows of cast."""
    return pd.DataFrame(
        {"billing": range(1, len(people) + 1), "actor": list(people), "nconst": None, "character": None}
    )


@dataclass(frozen=True)
class Seen:
    """A face over a range of samples: its person, its position in pixels, and the embeddings of its pictures."""

    person: str
    samples: range
    left: float = 100.0
    step: float = 0.0
    within: float = WITHIN
    embedded: int = 3


@dataclass(frozen=True)
class Film:
    """Tables of a film."""

    tracks: pd.DataFrame
    faces: pd.DataFrame
    embeddings: pd.DataFrame
    shots: pd.DataFrame
    samples: pd.DataFrame


RATE = 4.0
SIDE = 60.0


def film_of(people: People, seen: Sequence[Seen], cuts: Sequence[int] = (), factor: float = 1.0) -> Film:
    """A film of four samples a second in which these faces are seen; `cuts` are the samples that start a shot."""
    count = max(face.samples.stop for face in seen)
    shot = np.searchsorted(sorted(cuts), np.arange(count), side="right")
    samples = pd.DataFrame({"sample": np.arange(count), "time_s": np.arange(count) / RATE, "shot": shot})
    edges = [0.0, *(cut / RATE for cut in sorted(cuts)), count / RATE]
    shots = pd.DataFrame(
        {"shot": range(len(edges) - 1), "start_s": edges[:-1], "end_s": edges[1:], "samples": np.bincount(shot)}
    )
    faces, embeddings = [], []
    for tracklet, face in enumerate(seen):
        chosen = np.linspace(0, len(face.samples) - 1, min(face.embedded, len(face.samples))).round().astype(int)
        for index, sample in enumerate(face.samples):
            number = sample * 1000 + tracklet
            left = face.left + face.step * index
            faces.append(
                {
                    "face": number,
                    "sample": sample,
                    "time_s": sample / RATE,
                    "tracklet": tracklet,
                    "left": left,
                    "top": 50.0,
                    "right": left + SIDE,
                    "bottom": 50.0 + SIDE,
                    "score": 1.0,
                }
            )
            if index in chosen:
                embeddings.append(
                    {
                        "face": number,
                        "tracklet": tracklet,
                        "quality": 0.5,
                        "embedding": people.picture(face.person, face.within) * np.float32(factor),
                        "engine": "onnx",
                        "model_hash": MODEL,
                    }
                )
    columns = ["face", "tracklet", "quality", "embedding", "engine", "model_hash"]
    tables = pd.DataFrame(faces), pd.DataFrame(embeddings, columns=columns)
    tracks = link_tracks(*tables, shots, samples, 360.0, TrackOptions())
    return Film(tracks, *tables, shots, samples)
