"""The table of shots, and which shot an instant lies in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.vision.sampling import CLOCK_TOLERANCE_S


def shots_table(cuts_s: Iterable[float], duration_s: float, sample_times_s: Sequence[float]) -> pd.DataFrame:
    """The shots of a film: columns shot (int32), start_s, end_s (seconds) and samples (int32).

    Args:
        cuts_s: all cuts of the film, seconds, in any order; doubles and those outside the film are dropped.
        duration_s: the film's length.
        sample_times_s: times of all samples.
    """
    inside = sorted({cut for cut in cuts_s if 0.0 < cut < duration_s})
    starts = np.array([0.0, *inside])
    counts = np.bincount(shot_of(np.asarray(sample_times_s, dtype=float), inside), minlength=len(starts))
    return pd.DataFrame(
        {
            "shot": np.arange(len(starts), dtype=np.int32),
            "start_s": starts,
            "end_s": np.array([*inside, duration_s]),
            "samples": counts.astype(np.int32),
        }
    )


def shot_of(times_s: NDArray[np.float64], cuts_s: Sequence[float]) -> NDArray[np.int64]:
    """Number of the shot that each time lies in; a cut's own instant belongs to the shot that it starts."""
    return np.searchsorted(np.asarray(cuts_s, dtype=float), times_s + CLOCK_TOLERANCE_S, side="right")
