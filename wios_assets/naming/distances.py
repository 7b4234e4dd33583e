"""How far embeddings lie apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distances(left: NDArray[np.floating[Any]], right: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Euclidean distances, float64 [n, m], of vectors [n, length] and [m, length]."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    squares: NDArray[np.float64] = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * (a @ b.T)
    return np.sqrt(np.maximum(squares, 0.0))
