"""Pictures of an evaluation: curves, and the worst mistakes."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from PIL import Image, UnidentifiedImageError

from wios_assets.notation import format_clock
from wios_assets.timeline.colours import INK, NAMED, QUIET, RULE, UNNAMED, WRONG
from wios_assets.timeline.drawing import (
    heading,
    legend_above,
    literal,
    name_lanes,
    new_figure,
    plain_axes,
    png,
    shortened,
)
from wios_assets.timeline.evaluation import Evaluation
from wios_assets.timeline.frames import records

MOST_ACTORS = 30
SHEET_COLUMNS = 5


def evaluation_picture(evaluation: Evaluation, title: str) -> bytes:
    """Precision-recall curve, reliability diagram, accuracy of the first n intervals, and actors, as PNG."""
    actors = min(len(evaluation.actors), MOST_ACTORS)
    figure = new_figure(13, 8.5 + 0.14 * max(actors - 12, 0))
    (curve, reliability), (top, people) = figure.subplots(2, 2, height_ratios=(1, 1 + 0.03 * max(actors - 12, 0)))
    literal(figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=12))
    _draw_curve(curve, evaluation)
    _draw_reliability(reliability, evaluation)
    _draw_top(top, evaluation.top)
    _draw_actors(people, evaluation.actors.head(MOST_ACTORS), len(evaluation.actors))
    return png(figure)


def mistakes_picture(mistakes: pd.DataFrame, chips: Mapping[int, bytes], title: str) -> bytes:
    """The worst mistakes as a sheet, PNG: the face chip, who was named, who was there, when and for how long.

    Args:
        mistakes: as in `Evaluation`.
        chips: face number → face chip as JPEG or PNG, as the table face_embeddings has it; a missing or unreadable
            one is drawn as an empty square.
    """
    rows = records(mistakes)
    lines = max(-(-len(rows) // SHEET_COLUMNS), 1)
    figure = new_figure(2.3 * SHEET_COLUMNS, 0.6 + 2.6 * lines)
    literal(figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=12))
    cells = figure.subplots(lines, SHEET_COLUMNS, squeeze=False)
    for axes in cells.flat:
        axes.set_axis_off()
    for axes, row in zip(cells.flat, rows, strict=False):
        chip = _chip(chips.get(int(row["best_face"])) if row["best_face"] is not None else None)
        axes.imshow(chip if chip is not None else np.full((1, 1, 3), 236, np.uint8))
        if chip is None:
            axes.text(0, 0, "no picture", ha="center", va="center", fontsize=8, color=QUIET)
        axes.set_axis_on()
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(color=WRONG if row["kind"] == "wrong name" else UNNAMED, linewidth=2)
        literal(axes.set_title("\n".join(_caption(row)), fontsize=7, color=INK, loc="left"))
    if not rows:
        cells.flat[0].text(0, 0.5, "No mistakes", color=QUIET)
    return png(figure)


def _caption(row: dict[str, object]) -> list[str]:
    actor, instead = shortened(str(row["actor"]), 26), shortened(str(row["instead"]), 26)
    start = float(str(row["start_s"]))
    when = f"{format_clock(start, 1)}, {row['seconds']:.1f} s"
    if row["kind"] == "wrong name":
        return [f"named {actor} ({row['probability']:.2f})", f"there: {instead}", when]
    return [f"missed {actor}", f"{row['visible']}; wrongly named: {instead}", when]


def _chip(content: bytes | None) -> np.ndarray | None:
    if not content:
        return None
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError):
        return None


def _draw_curve(axes: Axes, evaluation: Evaluation) -> None:
    figures, curve = evaluation.figures, evaluation.curve
    plain_axes(axes)
    heading(axes, f"Precision {_share(figures['precision'])}, recall {_share(figures['recall'])}, by probability")
    if len(curve):
        axes.plot(curve["recall"], curve["precision"], color=NAMED, linewidth=1.8, drawstyle="steps-post")
        axes.plot(curve["recall"].iloc[-1], curve["precision"].iloc[-1], "o", color=NAMED, markersize=6)
    lowest = float(curve["precision"].min()) if len(curve) else 0.0
    axes.set_ylim(min(0.9, np.floor(lowest * 10) / 10), 1.01)
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("recall, seconds", color=QUIET, fontsize=8)
    axes.set_ylabel("precision, seconds", color=QUIET, fontsize=8)


def _draw_reliability(axes: Axes, evaluation: Evaluation) -> None:
    plain_axes(axes)
    heading(axes, f"Reliability: expected calibration error {_share(evaluation.figures['expected_calibration_error'])}")
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (4, 4)))
    table = evaluation.reliability
    width = float(table["upper"].iloc[0] - table["lower"].iloc[0])
    axes.bar(table["lower"], table["right"].fillna(0.0), width=width, align="edge", color=NAMED, alpha=0.25)
    full = table[table["zones"] > 0]
    axes.plot(full["mean_probability"], full["right"], "o", color=NAMED, markersize=5)
    for row in full.to_dict("records"):
        axes.annotate(
            f"{row['zones']}",
            (row["mean_probability"], row["right"]),
            textcoords="offset points",
            xytext=(0, 9 if row["right"] < 0.1 else -9),
            ha="center",
            va="center",
            fontsize=7,
            color=INK,
        )
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("probability given (number of intervals at each point)", color=QUIET, fontsize=8)
    axes.set_ylabel("share that is right", color=QUIET, fontsize=8)


def _draw_top(axes: Axes, top: pd.DataFrame) -> None:
    plain_axes(axes)
    heading(axes, "Intervals that are right, of the first so many")
    for column, colour in (("longest", NAMED), ("surest", WRONG)):
        axes.plot(
            top["top"], top[column], color=colour, linewidth=1.6, marker="o", markersize=3, label=f"{column} first"
        )
    if len(top):
        axes.set_ylim(min(0.9, np.floor(float(top[["longest", "surest"]].to_numpy().min()) * 10) / 10), 1.01)
        legend_above(axes)
    axes.set_xlabel("intervals", color=QUIET, fontsize=8)


def _draw_actors(axes: Axes, actors: pd.DataFrame, in_all: int) -> None:
    plain_axes(axes, grid="x")
    left_out = f" ({len(actors)} of {in_all})" if in_all > len(actors) else ""
    heading(axes, f"Actors, most seen first{left_out}")
    lanes = np.arange(len(actors))
    for lane in lanes:
        axes.plot([0, 1], [lane, lane], color=RULE, linewidth=0.6, zorder=0)
    axes.plot(actors["recall"], lanes, "o", color=NAMED, markersize=5, label="recall")
    axes.plot(actors["precision"], lanes, "|", color=WRONG, markersize=9, markeredgewidth=2, label="precision")
    name_lanes(axes, list(actors["actor"]), [INK] * len(actors), size=7, longest=24)
    axes.set_xlim(-0.02, 1.02)
    if len(actors):
        legend_above(axes)


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"
