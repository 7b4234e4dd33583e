"""The record of comparisons of recognisers as a picture."""

from __future__ import annotations

import pandas as pd

from wios_assets.timeline.drawing import new_figure, png


def record_picture(runs: pd.DataFrame) -> bytes:
    """Figure of each comparison's winner with its spread, and the size of the galleries, by run, as PNG.

    Args:
        runs: rows of `tables.RECOGNISER_RUNS`, at least one.
    """
    figure = new_figure(10, 5)
    values, photos = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    number = runs["run"].astype(float)
    for name, own in runs.dropna(subset=["winner"]).groupby("winner", sort=False):
        at = own["run"].astype(float)
        values.errorbar(at, own["value"], yerr=own["spread"], fmt="o", capsize=3, label=str(name))
    refused = runs[~runs["taken_up"] & runs["winner"].notna()]
    values.scatter(
        refused["run"], refused["value"], s=160, facecolors="none", edgecolors="#b23a1f", label="not taken up"
    )
    values.set_ylabel("figure that decides, and spread")
    values.legend(frameon=False, fontsize=8)
    photos.bar(number, runs["photos"], color="#9aa4b2")
    photos.set_ylabel("photos")
    photos.set_xticks(
        number, [f"{run}\n{day:%Y-%m-%d}" for run, day in zip(runs["run"], runs["compared_at"], strict=True)]
    )
    return png(figure)
