"""Tracks and galleries as embedding vectors, and the distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.errors import Conflict
from wios_assets.naming.distances import distances


@dataclass(frozen=True)
class Gallery:
    """Photos that faces are compared with, by person.

    Attributes:
        people: names, each once.
        owner: int64 [photos], index in `people` of each photo's person.
        vectors: float64 [photos, length], embeddings.
        photos: picture file of each.
        model_hash: hash of the models behind the embeddings; empty for an empty gallery.
    """

    people: tuple[str, ...]
    owner: NDArray[np.int64]
    vectors: NDArray[np.float64]
    photos: tuple[str, ...]
    model_hash: str

    @classmethod
    def of(cls, embeddings: pd.DataFrame | None, people: Sequence[str] | None = None) -> Gallery:
        """Rows of `tables.GALLERY_EMBEDDINGS`; only those of `people`, in their order, where given.

        Raises:
            WiosError: the rows come from more than one model.
        """
        if embeddings is None or not len(embeddings):
            return cls((), np.zeros(0, np.int64), np.zeros((0, 0)), (), "")
        if people is None:
            people = tuple(dict.fromkeys(embeddings["actor"]))
        known = set(embeddings["actor"])
        people = tuple(dict.fromkeys(person for person in people if person in known))
        position = {person: index for index, person in enumerate(people)}
        rows = embeddings[embeddings["actor"].isin(people)]
        return cls(
            people,
            np.asarray([position[actor] for actor in rows["actor"]], dtype=np.int64),
            stacked(rows["embedding"]),
            tuple(rows["photo"].astype(str)),
            one_model(rows, "gallery"),
        )

    def __len__(self) -> int:
        return len(self.people)

    def joined(self, other: Gallery) -> Gallery:
        """This gallery's people, then the other's."""
        if not len(other):
            return self
        return Gallery(
            (*self.people, *other.people),
            np.concatenate([self.owner, other.owner + len(self)]),
            np.concatenate([self.vectors, other.vectors]),
            (*self.photos, *other.photos),
            self.model_hash,
        )


@dataclass(frozen=True)
class Tracks:
    """Tracks with at least one embedding.

    Attributes:
        numbers: int64 [tracks], the column `track`.
        rows: int64 [tracks], row indices in the table of tracks.
        start_s: float64 [tracks], first instant of each on screen, seconds; NaN for faces of a photo.
        end_s: float64 [tracks], end of each, seconds; NaN for faces of a photo.
        vectors: float64 [tracks, length], mean embedding, each chip weighted by its quality.
        quality: float64 [tracks], quality of the best chip.
        chips: embeddings float64 [chips, length] of each track, best first.
        model_hash: hash of the models behind the embeddings; empty where there are none.
    """

    numbers: NDArray[np.int64]
    rows: NDArray[np.int64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    vectors: NDArray[np.float64]
    quality: NDArray[np.float64]
    chips: tuple[NDArray[np.float64], ...]
    model_hash: str

    @classmethod
    def without_embeddings(cls, tracks: pd.DataFrame) -> Tracks:
        """The tracks that have an embedding, without it: of length 0, and so of no model.

        Args:
            tracks: columns track, start_s, end_s and embedded_faces of `tables.FACE_TRACKS`.
        """
        has = [faces is not None and len(faces) > 0 for faces in tracks["embedded_faces"]]
        rows = np.flatnonzero(has)
        return cls(
            tracks["track"].to_numpy(np.int64)[rows],
            rows.astype(np.int64),
            tracks["start_s"].to_numpy(np.float64)[rows],
            tracks["end_s"].to_numpy(np.float64)[rows],
            np.zeros((len(rows), 0)),
            np.zeros(len(rows)),
            (),
            "",
        )

    @classmethod
    def of(cls, tracks: pd.DataFrame, embeddings: pd.DataFrame) -> Tracks:
        """Rows of `tables.FACE_TRACKS` and `tables.FACE_EMBEDDINGS`; tracks without an embedding are left out.

        Raises:
            WiosError: the embeddings come from more than one model.
        """
        row_of_face = {face: row for row, face in enumerate(embeddings["face"].tolist())}
        vectors, quality = stacked(embeddings["embedding"]), embeddings["quality"].to_numpy(np.float64)
        rows, means, best, chips = [], [], [], []
        for row, faces in enumerate(tracks["embedded_faces"]):
            own = [row_of_face[face] for face in (faces if faces is not None else ()) if face in row_of_face]
            if not own:
                continue
            weights = np.maximum(quality[own], 1e-3)
            rows.append(row)
            means.append(np.average(vectors[own], axis=0, weights=weights))
            best.append(float(weights.max()))
            chips.append(vectors[own])
        places = np.asarray(rows, dtype=np.int64)
        return cls(
            tracks["track"].to_numpy(np.int64)[places],
            places,
            tracks["start_s"].to_numpy(np.float64)[places],
            tracks["end_s"].to_numpy(np.float64)[places],
            np.stack(means) if means else np.zeros((0, vectors.shape[1])),
            np.asarray(best),
            tuple(chips),
            one_model(embeddings, "film"),
        )

    def __len__(self) -> int:
        return len(self.numbers)


def stacked(embeddings: pd.Series) -> NDArray[np.float64]:
    """A column of embeddings as one array, float64 [n, length]."""
    if not len(embeddings):
        return np.zeros((0, 0))
    return np.stack([np.asarray(vector, dtype=np.float64) for vector in embeddings])


def one_model(embeddings: pd.DataFrame, of: str) -> str:
    """The model hash that all embeddings share; empty for no embeddings.

    Raises:
        WiosError: there are several.
    """
    hashes = sorted(set(embeddings["model_hash"]))
    if len(hashes) > 1:
        raise Conflict(
            f"{of}: embeddings of {len(hashes)} models ({', '.join(hashes)}) cannot be compared; materialise it again"
        )
    return str(hashes[0]) if hashes else ""


def person_distances(vectors: NDArray[np.float64], gallery: Gallery, nearest: int) -> NDArray[np.float64]:
    """Distance of each vector [n, length] to each person: float64 [n, people].

    The mean distance to the person's `nearest` nearest photos; with 0, the distance to the mean of all photos.
    """
    result = np.zeros((len(vectors), len(gallery)))
    if nearest == 0:
        means = [gallery.vectors[gallery.owner == person].mean(axis=0) for person in range(len(gallery))]
        return distances(vectors, np.asarray(means)) if len(vectors) and means else result
    to_photos = distances(vectors, gallery.vectors)
    counts = np.bincount(gallery.owner, minlength=len(gallery))
    by_owner = np.argsort(gallery.owner, kind="stable")
    starts = np.cumsum(counts) - counts
    # People with equally many photos are done at once.
    for count in np.unique(counts).tolist():
        people = np.flatnonzero(counts == count)
        own = to_photos[:, by_owner[starts[people][:, None] + np.arange(count)]]
        kept = min(nearest, count)
        result[:, people] = np.partition(own, kept - 1, axis=2)[:, :, :kept].mean(axis=2)
    return result


def nearest_photos(vector: NDArray[np.float64], gallery: Gallery, person: int, count: int) -> list[str]:
    """The `count` photos of a person that are nearest to a vector [length], nearest first."""
    own = np.flatnonzero(gallery.owner == person)
    order = np.argsort(distances(vector[None], gallery.vectors[own])[0], kind="stable")
    return [gallery.photos[own[index]] for index in order[:count]]
