"""Names the faces of photos by the rules that name a film's tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wios_assets.errors import BadInput, Conflict, WiosError
from wios_assets.naming.evidence import Gallery, Tracks, person_distances
from wios_assets.naming.normalisation import ImpostorModel
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.naming.outcomes import track_outcomes
from wios_assets.photos.faces import look_at_photo
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.photos import read_photo


@dataclass(frozen=True)
class IdentifiedFace:
    """A face of a photo.

    Attributes:
        box: left, top, right, bottom in pixels of the upright photo.
        name: the person, or None where the evidence does not carry a name.
        probability: that of the likeliest person, where named; else that it is nobody of the gallery, or of the
            likeliest person where even that is open.
        nearest: the person that `distance` is to.
        distance: distance to that person's photos; None without a gallery.
        runner_up: the next person.
        decision: named, unknown or weak, as for tracks.
        reason: why, in a sentence.
    """

    box: tuple[float, float, float, float]
    name: str | None
    probability: float
    nearest: str | None
    distance: float | None
    runner_up: str | None
    decision: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The fields that `wios identify --json` prints."""
        return {
            "box": [round(edge, 1) for edge in self.box],
            "name": self.name,
            "probability": round(self.probability, 4),
            "runner_up": self.runner_up,
            "distance": None if self.distance is None else round(self.distance, 4),
        }


def identify_photo(
    path: Path,
    engine: FaceEngine,
    gallery_embeddings: pd.DataFrame,
    options: NamingOptions,
    photo_options: GalleryOptions,
    cohort: pd.DataFrame | None = None,
) -> list[IdentifiedFace]:
    """Names of the faces of one photo, from left to right; no person is named twice in it. Empty without a face.

    Args:
        path: picture file.
        engine: the engine that made the gallery's embeddings.
        gallery_embeddings: rows of `tables.GALLERY_EMBEDDINGS` of everybody who may be named.
        options: limits of naming.
        photo_options: limits of face finding in photos.
        cohort: rows of `tables.GALLERY_EMBEDDINGS` of people who must not be named.

    Raises:
        WiosError: the photo cannot be read, or the gallery's embeddings are of another model.
    """
    looked = look_at_photo(path, engine, photo_options, every_face=True)
    if looked.error:
        raise BadInput(looked.error)
    gallery, others = Gallery.of(gallery_embeddings), Gallery.of(cohort)
    if len(gallery) and gallery.model_hash != engine.model_hash:
        raise Conflict(
            f"the gallery's embeddings come from another model ({gallery.model_hash}) than the engine's "
            f"({engine.model_hash}); make them again"
        )
    if not len(looked):
        return []
    order = np.argsort(looked.boxes[:, 0], kind="stable")
    vectors = looked.vectors[order]
    numbers = np.arange(len(order), dtype=np.int64)
    faces = Tracks(
        numbers,
        numbers,
        np.full(len(order), np.nan),
        np.full(len(order), np.nan),
        vectors,
        looked.quality[order].astype(np.float64),
        tuple(vector[None] for vector in vectors),
        engine.model_hash,
    )
    impostors = ImpostorModel.of(gallery.joined(others), {engine.name}, options)
    one_picture = [frozenset({0})] * len(faces)
    outcomes = track_outcomes(faces, gallery, others, impostors, one_picture, {}, options).outcomes
    distances = person_distances(vectors, gallery, options.nearest_photos)
    result = []
    for index, outcome in enumerate(outcomes):
        nearest = np.argsort(distances[index], kind="stable").tolist()
        first = outcome.actor if outcome.actor >= 0 else (nearest[0] if nearest else None)
        second = next((person for person in nearest if person != first), None)
        left, top, right, bottom = looked.boxes[order[index]].tolist()
        result.append(
            IdentifiedFace(
                box=(left, top, right, bottom),
                name=gallery.people[outcome.actor] if outcome.outcome == "named" else None,
                probability=outcome.probability,
                nearest=None if first is None else gallery.people[first],
                distance=None if first is None else float(distances[index, first]),
                runner_up=None if second is None else gallery.people[second],
                decision=outcome.outcome,
                reason=outcome.reason,
            )
        )
    return result


def refuse_unreadable(paths: Sequence[Path]) -> None:
    """Check photos before an engine is loaded; those that can be read are named even beside some that cannot.

    Raises:
        BadInput: none of the photos can be read.
    """
    problems = []
    for path in paths:
        try:
            read_photo(path)
            return
        except WiosError as error:
            problems.append(str(error))
    raise BadInput("; ".join(problems))


def identify_photos(
    paths: Sequence[Path],
    engine: FaceEngine,
    gallery_embeddings: pd.DataFrame,
    options: NamingOptions,
    photo_options: GalleryOptions,
    cohort: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """`identify_photo` for each photo as plain data: `{"path": …, "faces": [{"box", "name", …}]}`.

    A photo that cannot be read has no faces and its `error`.
    """
    result: list[dict[str, Any]] = []
    for path in paths:
        try:
            faces = identify_photo(path, engine, gallery_embeddings, options, photo_options, cohort)
            result.append({"path": str(path), "faces": [face.as_json() for face in faces]})
        except WiosError as error:
            result.append({"path": str(path), "faces": [], "error": str(error)})
    return result
