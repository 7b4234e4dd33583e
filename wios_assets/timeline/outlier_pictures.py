"""Plots of outliers: a film's figures among those of all films, an actor's films among each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wios_assets.timeline.colours import INK, NAMED, QUIET, UNNAMED, WRONG
from wios_assets.timeline.drawing import (
    heading,
    literal,
    new_figure,
    plain_axes,
    png,
)
from wios_assets.timeline.outliers import Spread

FARTHEST = 8.0
"""Robust z-scores beyond this are drawn at the edge."""


def film_outlier_picture(title: str, index: int, spreads: Mapping[str, Spread], limit: float) -> bytes:
    """A film's figures among those of all films, as PNG.

    Args:
        title: heading.
        index: the film's index in each spread.
        spreads: figure, as it is called, to the spread of its values over all films.
        limit: robust z-score from which on a figure is an outlier.
    """
    figure = new_figure(9, 1.2 + 0.45 * max(1, len(spreads)))
    axes = figure.subplots()
    plain_axes(axes, "x")
    for lane, spread in enumerate(spreads.values()):
        places = np.clip(spread.robust_z, -FARTHEST, FARTHEST)
        axes.scatter(places, np.full(len(places), lane), s=12, color=UNNAMED, alpha=0.4, linewidths=0)
        own = float(places[index])
        if np.isfinite(own):
            far = abs(float(spread.robust_z[index])) >= limit
            axes.scatter([own], [lane], s=60, color=WRONG if far else NAMED, zorder=3)
            axes.annotate(f"{spread.values[index]:.3g}", (own, lane), (0, 7), textcoords="offset points", fontsize=7)
    for place in (-limit, limit):
        axes.axvline(place, color=WRONG, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(spreads)), list(spreads))
    axes.set_ylim(len(spreads) - 0.5, -0.5)
    axes.set_xlim(-FARTHEST - 0.5, FARTHEST + 0.5)
    axes.set_xlabel("robust z-score among all films", color=QUIET, fontsize=8)
    heading(axes, title)
    return png(figure)


def actor_outlier_picture(
    actor: str, titles: Sequence[str], years: Sequence[float], shares: Sequence[float], far: Sequence[bool]
) -> bytes:
    """An actor's share of each film's time, by year, the outliers in red, as PNG.

    Args:
        actor: heading.
        titles: the films' titles.
        years: the films' years; NaN where they are not known.
        shares: share of the film on screen, 0 to 1.
        far: whether the film is an outlier.
    """
    figure = new_figure(9, 4)
    axes = figure.subplots()
    plain_axes(axes)
    order = np.argsort(np.nan_to_num(np.asarray(years, dtype=float), nan=np.inf), kind="stable")
    percent = [100 * shares[film] for film in order]
    axes.scatter(range(len(order)), percent, s=40, color=[WRONG if far[film] else NAMED for film in order])
    for position, film in enumerate(order):
        if far[film]:
            literal(
                axes.annotate(
                    titles[film],
                    (position, percent[position]),
                    (4, 6),
                    textcoords="offset points",
                    fontsize=8,
                    color=INK,
                )
            )
    axes.axhline(100 * float(np.median(shares)), color=QUIET, linewidth=0.8, linestyle="--")
    labels = ["?" if np.isnan(years[film]) else f"{years[film]:.0f}" for film in order]
    axes.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 15 else 0)
    axes.set_ylabel("on screen, % of the film", color=QUIET, fontsize=8)
    heading(axes, actor)
    return png(figure)
