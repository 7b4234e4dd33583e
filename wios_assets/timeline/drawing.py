"""Helpers of the pictures that matplotlib draws: fonts, axes, PNG output."""

from __future__ import annotations

import io
from functools import cache
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from wios_assets.timeline.colours import FEWEST_LANES, INK, PAPER, QUIET, RULE

DPI = 110
FONT, MISSING = "DejaVu Sans", "□"


def new_figure(width: float, height: float) -> Figure:
    """A figure of a size in inches, without pyplot's global state, so that threads can draw at the same time."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain_axes(axes: Axes, grid: Literal["x", "y", "both"] = "both") -> None:
    """Light frame and ticks, and a grid behind the data along `grid`."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.tick_params(colors=QUIET, labelsize=8, length=0)
    axes.grid(True, axis=grid, color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def heading(axes: Axes, text: str, size: float = 10) -> None:
    """Title of a set of axes, at its left edge."""
    literal(axes.set_title(text, loc="left", color=INK, fontsize=size))


def legend_above(axes: Axes) -> None:
    """Legend in one line above the right end of the axes, outside of the data."""
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="lower right", bbox_to_anchor=(1.01, 0.99), ncols=2)


def literal(text: Text) -> Text:
    """Shows the text without formulas: a name may have two dollar signs."""
    text.set_parse_math(False)
    text.set_text(drawable(text.get_text()))
    return text


def drawable(text: str) -> str:
    """The text with a box for each character that matplotlib's font lacks: what it draws, without its warning."""
    return "".join(character if character == "\n" or ord(character) in _glyphs() else MISSING for character in text)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def name_lanes(axes: Axes, names: list[str], colours: list[str], size: float = 8, longest: int = 30) -> None:
    """Lanes 0, 1, 2 … from the top with their names, with the height of at least `FEWEST_LANES`."""
    axes.set_yticks(range(len(names)), [shortened(name, longest) for name in names])
    for text, colour in zip(axes.get_yticklabels(), colours, strict=True):
        literal(text).set(color=colour, fontsize=size)
    axes.set_ylim(max(len(names), FEWEST_LANES) - 0.5, -0.5)


def shortened(name: str, longest: int = 30) -> str:
    """A name of at most `longest` characters."""
    return drawable(name if len(name) <= longest else name[: longest - 1].rstrip() + "…")


def png(figure: Figure) -> bytes:
    """The figure as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
