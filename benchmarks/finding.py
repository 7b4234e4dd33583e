"""How much of the truth a way of finding faces finds, whatever it is called afterwards.

A truth interval counts as found at a sample when some face found there is that person's: it lies within `LOOSE_LIMIT`
of one of that person's own photos, by dlib's embeddings alone, which every way has. By face, that is the embedding of
the face itself, in that sample, for every way alike; by tracklet, it may be any embedding of the face's tracklet, which
is what the engine's naming goes by. Samples within `COLLAR_S` of the interval's ends do not count, and neither do
optional rows and people without photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.assets.options import cores, engine_options
from wios_assets.errors import WiosError
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine
from wios_assets.vision.paired_embedder import dlib_part
from wios_assets.vision.photos import read_photo

LOOSE_LIMIT = 0.62
COLLAR_S = 0.3
STEP_S = 0.25
KINDS = ("all", "frontal", "profile")
"""All rows of a truth table, and those whose column `visible` says so."""

Vectors = NDArray[np.float32]


def own_photos(folders: list[Path], cache: Path) -> dict[str, Vectors]:
    """dlib's embeddings [photos, 128] of the largest face of each person's photos; kept in `cache`."""
    if cache.is_file():
        with np.load(cache) as kept:
            return {name: kept[name] for name in kept.files}
    engine = load_engine(engine_options(load_settings(), cores()))
    vectors_by_person: dict[str, list[NDArray[np.float32]]] = {}
    for folder in folders:
        for photo in sorted(folder.glob("*/*")):
            try:
                picture = read_photo(photo)
            except WiosError:
                continue
            faces = engine.detect([picture], picture.shape[0] / 8)[0]
            if len(faces):
                largest = [int(np.argmax(faces.boxes[:, 3] - faces.boxes[:, 1]))]
                vector = dlib_part(engine.embed(engine.chips(picture, faces.select(largest))))[0]
                vectors_by_person.setdefault(photo.parent.name, []).append(vector)
    photos = {name: np.stack(vectors) for name, vectors in vectors_by_person.items()}
    np.savez(cache, **photos)  # type: ignore[arg-type]  # no person is called `allow_pickle`
    return photos


def recall(
    truth: pd.DataFrame, times_s: NDArray[np.float64], vectors: Vectors, photos: Mapping[str, Vectors]
) -> dict[str, tuple[int, int]]:
    """Samples found and samples there are over rows of a truth table, for each of `KINDS`."""
    hits, total = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for row in truth.itertuples():
        if row.optional or row.person not in photos:
            continue
        first, last = float(row.start_s) + COLLAR_S, float(row.end_s) - COLLAR_S  # type: ignore[arg-type]  # seconds
        for number in range(int(np.ceil(first / STEP_S)), int(np.ceil(last / STEP_S))):
            near = vectors[np.abs(times_s - number * STEP_S) < STEP_S / 2]
            distances = np.linalg.norm(near[:, None] - photos[str(row.person)][None], axis=2)
            hit = bool(len(near)) and float(distances.min()) <= LOOSE_LIMIT
            for kind in {"all", str(row.visible)} & set(KINDS):
                total[kind] += 1
                hits[kind] += hit
    return {kind: (hits[kind], total[kind]) for kind in hits}
