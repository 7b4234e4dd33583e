"""How far two embeddings lie apart, on one scale whatever the engine."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["euclidean", "cosine"]

Vectors = NDArray[np.float32]
"""Embeddings, float32 [n, length]."""


def as_compared(embeddings: Vectors, kind: Kind = "euclidean") -> Vectors:
    """Embeddings as Euclidean distance compares them: as they are, or scaled to length one where cosine compares."""
    vectors = np.asarray(embeddings, dtype=np.float32)
    if kind == "cosine" and vectors.size:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return vectors


def distances(left: NDArray[np.floating[Any]], right: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Euclidean distances, float64 [n, m], of embeddings [n, length] and [m, length] made by `as_compared`."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * (a @ b.T)
    return np.sqrt(np.maximum(squares, 0.0))
