"""The chart of how right the names are, as far as people checked them: what an SVG needs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 16, 38
MOST_TICKS = 6


def accuracy_chart(top: pd.DataFrame) -> dict[str, Any]:
    """Lines over the first so many intervals, and the table that says the same.

    Args:
        top: as `timeline.checked.checked_top` gives it.

    Returns:
        width and height in pixels; `lines`, each with name, title, path (None where nothing was checked) and points;
        `ticks` and `levels`, each with place and text; `rows`, those of `top`; `checked`, how many were.
    """
    rows = top.to_dict("records")
    most = max((int(row["top"]) for row in rows), default=1)

    def across(count: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * count / most, 1)

    def up(share: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    lines = []
    for name, title in (("longest", "the longest first"), ("surest", "the surest first")):
        points = [(across(row["top"]), up(row[name])) for row in rows if not math.isnan(row[name])]
        path = "M" + "L".join(f"{x} {y}" for x, y in points) if points else None
        lines.append({"name": name, "title": title, "path": path, "points": points})
    step = max(1, math.ceil(len(rows) / MOST_TICKS))
    shown = [*rows[step - 1 : -1 : step], *rows[-1:]]
    if len(shown) > 1 and across(shown[-1]["top"]) - across(shown[-2]["top"]) < 56:
        del shown[-2]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "bottom": HEIGHT - BOTTOM,
        "lines": lines,
        "ticks": [{"at": across(row["top"]), "text": str(int(row["top"]))} for row in shown],
        "levels": [{"at": up(level / 4), "text": f"{level * 25} %"} for level in range(5)],
        "rows": rows,
        "checked": int(rows[-1]["longest_checked"]) if rows else 0,
    }
