"""The comparison of recognisers as a picture."""

from __future__ import annotations

from wios_assets.naming.selection import Comparison
from wios_assets.timeline.drawing import new_figure, png

MOST_BARS = 20
MOST_CURVES = 6


def selection_picture(comparison: Comparison) -> bytes:
    """Accuracy of the best recognisers with its spread over seeds, and their acceptance curves, as PNG."""
    figure = new_figure(13, 6)
    bars, curves = figure.subplots(1, 2)
    best = comparison.settings.head(MOST_BARS).iloc[::-1]
    if len(best):
        spread = best["top1_spread"].fillna(0.0)
        bars.barh(best["recogniser"], best["top1"], xerr=spread, color="#1f6fb2", ecolor="#555b66")
        bars.set_xlim(max(0.0, float(best["top1"].min()) - 0.05), 1.005)
    bars.set_xlabel("top-1 accuracy, mean and spread over seeds")
    for name in comparison.settings["recogniser"].head(MOST_CURVES):
        own = comparison.curve[comparison.curve["recogniser"] == name]
        curves.plot(own["false_acceptance"], own["true_acceptance"], label=name, lw=1.2)
    curves.set_xscale("symlog", linthresh=0.01)
    curves.set_xlim(0.0, 1.0)
    curves.set_xlabel("false acceptance of people held out")
    curves.set_ylabel("true acceptance of known people")
    if len(comparison.curve):
        curves.legend(frameon=False, fontsize=8)
    return png(figure)
