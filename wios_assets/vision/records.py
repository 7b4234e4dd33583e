"""What the one pass over a film finds, record by record and as tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES
from wios_assets.vision.engine import FaceEngine

Outcome = Literal["analysed", "duplicate", "unreadable"]

CUTS = pa.schema([pa.field("cut_s", pa.float64())])


@dataclass(frozen=True)
class FaceRecord:
    """A face in one sample; the fields are the columns of the table `faces`, which says what they mean."""

    face: int
    sample: int
    time_s: float
    tracklet: int
    left: float
    top: float
    right: float
    bottom: float
    score: float | None
    landmarks: list[float]
    sharpness: float | None
    frontality: float | None


@dataclass(frozen=True)
class SampleRecord:
    """A looked-at frame, what became of it, and its faces."""

    sample: int
    time_s: float
    frame_s: float | None
    outcome: Outcome
    duplicate_of: int | None
    faces: tuple[FaceRecord, ...]


@dataclass(frozen=True)
class EmbeddingRecord:
    """A face chip and its embedding; comes after the record of the sample that the face is in.

    Attributes:
        face: id of the face.
        tracklet: the tracklet that it belongs to.
        quality: 0 to 1.
        embedding: float32 [engine's embedding length].
        chip: JPEG, the engine's chip size.
    """

    face: int
    tracklet: int
    quality: float
    embedding: NDArray[np.float32]
    chip: bytes


@dataclass(frozen=True)
class Cut:
    """A shot starts at `time_s`, seconds on the player's clock."""

    time_s: float


Record = SampleRecord | EmbeddingRecord | Cut


def record_tables(records: Iterable[Record], engine: FaceEngine) -> dict[str, pa.Table]:
    """Records as Arrow tables: `frame_samples` (its column `shot` is null until all cuts are known), `faces`,
    `face_embeddings`, each without the column `film`, and `cuts` with the one column `cut_s` (seconds).
    """
    samples: list[dict[str, object]] = []
    faces: list[dict[str, object]] = []
    embeddings: list[dict[str, object]] = []
    cuts: list[dict[str, object]] = []
    for record in records:
        if isinstance(record, SampleRecord):
            samples.append(vars(record) | {"shot": None, "faces": len(record.faces)})
            faces.extend(vars(face) for face in record.faces)
        elif isinstance(record, EmbeddingRecord):
            embeddings.append(vars(record) | {"engine": engine.name, "model_hash": engine.model_hash})
        else:
            cuts.append({"cut_s": record.time_s})
    return {
        FRAME_SAMPLES.name: pa.Table.from_pylist(samples, FRAME_SAMPLES.stored_schema),
        FACES.name: pa.Table.from_pylist(faces, FACES.stored_schema),
        FACE_EMBEDDINGS.name: pa.Table.from_pylist(embeddings, FACE_EMBEDDINGS.stored_schema),
        "cuts": pa.Table.from_pylist(cuts, CUTS),
    }
