"""dlib's and SFace's embeddings as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.engines import load_engine
from wios_assets.vision.face_aligner import FaceAligner, dlib_chips
from wios_assets.vision.onnx_engine import DlibEmbedder
from wios_assets.vision.paired_embedder import DLIB_SHARE, SFACE_SHARE, PairedEmbedder, dlib_part
from wios_assets.vision.photos import read_photo
from wios_assets.vision.sface import ChipSFace
from wios_assets_tests.vision.faces import options, package_pictures


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def engine(cache: Path) -> FaceEngine:
    return load_engine(options(cache))


def test_the_squared_distance_is_the_weighted_sum_of_both_networks(cache: Path, engine: FaceEngine) -> None:
    chips = np.concatenate(
        [engine.chips(picture, engine.detect([picture])[0])[:1] for picture in package_pictures().values()]
    )
    paired = engine.embed(chips)
    dlib, sface = DlibEmbedder(cache, 1, "cpu").embed(dlib_chips(chips)), ChipSFace(cache, 1, "cpu").embed(chips)
    squared_distances = [float(np.sum((vectors[0] - vectors[1]) ** 2)) for vectors in (paired, dlib, sface)]
    assert squared_distances[0] == pytest.approx(
        DLIB_SHARE**2 * squared_distances[1] + SFACE_SHARE**2 * squared_distances[2], rel=1e-4
    )
    assert np.abs(dlib_part(paired) - dlib).max() < 1e-6


def test_the_model_hash_names_both_networks_and_the_alignment(cache: Path, engine: FaceEngine) -> None:
    dlib, sface = DlibEmbedder(cache, 1, "cpu"), ChipSFace(cache, 1, "cpu")
    aligner = FaceAligner(cache, 1, "cpu")
    paired = PairedEmbedder(dlib, sface, aligner)
    assert engine.embedding_length == paired.length == 256
    assert dlib.model_hash in paired.model_hash
    assert sface.facts in paired.model_hash
    assert aligner.facts in paired.model_hash


@pytest.mark.slow
@pytest.mark.devset
def test_two_networks_know_more_photos_than_one(engine: FaceEngine, devset: Path) -> None:
    people, vectors = [], []
    for path in sorted((devset / "ident").glob("probes/*/*")) + sorted((devset / "ident").glob("gallery/*/*")):
        photo = read_photo(path)
        faces = engine.detect([photo], photo.shape[0] / 8)[0]
        if len(faces):
            largest = [int(np.argmax(faces.boxes[:, 3] - faces.boxes[:, 1]))]
            people.append(path.parent.name)
            vectors.append(engine.embed(engine.chips(photo, faces.select(largest)))[0])
    owner, paired = np.asarray(people), np.stack(vectors)
    assert len(owner) > 200
    pairs = np.triu_indices(len(owner), 1)
    same = (owner[:, None] == owner[None])[pairs]

    def refused(of: np.ndarray) -> float:
        """Share of one person's pairs beyond the limit that lets one pair of two people in a thousand pass."""
        distances = np.sqrt(np.maximum(((of[:, None] - of[None]) ** 2).sum(axis=2), 0))[pairs]
        return float((distances[same] > np.quantile(distances[~same], 0.001)).mean())

    assert refused(paired) < 0.5 * refused(dlib_part(paired))
