"""Figures that are far from the others of their kind, by robust z-scores.

Source of the method: B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", 1993: the distance from the
median in units of 1.4826 median absolute deviations, which some outliers among the values do not change much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAD_TO_DEVIATION = 1.4826
"""A normal distribution's standard deviation in median absolute deviations."""

MEAN_TO_DEVIATION = 1.2533
"""The same in mean absolute deviations from the median, which count where more than half of the values are equal."""


@dataclass(frozen=True)
class Spread:
    """Values of one figure and how they are spread; values that are NaN do not count.

    Attributes:
        values: float64 [n], as given.
        median, mean: of the values that are no NaN.
        robust_z: float64 [n], distance from the median in units of 1.4826 median absolute deviations; where those are
            below the least difference, in units of 1.2533 mean absolute deviations or of that difference, whichever is
            larger. NaN where all values are equal.
        z: float64 [n], distance from the mean in standard deviations; NaN where all values are equal.
        count: values that are no NaN.
    """

    values: NDArray[np.float64]
    median: float
    mean: float
    robust_z: NDArray[np.float64]
    z: NDArray[np.float64]
    count: int


def spread_of(values: NDArray[np.float64], least_difference: float) -> Spread:
    """How some values, float64 [n], are spread.

    Args:
        least_difference: what differs by less is equal, as numbers are that differ by their rounding.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        none = np.full(len(values), np.nan)
        return Spread(values, np.nan, np.nan, none, none, 0)
    median, mean = float(np.median(known)), float(known.mean())
    distances = np.abs(known - median)
    deviation = MAD_TO_DEVIATION * float(np.median(distances))
    if deviation < least_difference:
        deviation = max(MEAN_TO_DEVIATION * float(distances.mean()), least_difference)
    are_equal = float(distances.max()) < least_difference
    standard = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return Spread(
        values,
        median,
        mean,
        (values - median) / deviation if not are_equal else np.full(len(values), np.nan),
        (values - mean) / standard if standard > 0 and not are_equal else np.full(len(values), np.nan),
        len(known),
    )
