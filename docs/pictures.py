"""Draws the documentation's pictures: the asset graph from the definitions, the timeline from a lake with the example.

    python docs/pictures.py [DATA]

DATA is a data folder in which `wios demo` was run; without it only the graph is drawn.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from dagster import AssetKey
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from wios_assets.definitions import build_definitions
from wios_assets.demo import KEY
from wios_assets.lake.store import read_rows
from wios_assets.settings import load_settings
from wios_assets.tables import APPEARANCES, FILM
from wios_assets.timeline.pictures import timeline_svg

HERE = Path(__file__).parent
COLOURS = {
    "imdb": "#fde2b8",
    "films": "#cfe6f5",
    "galleries": "#e3d7f3",
    "frames": "#d5efd6",
    "faces": "#bfe3da",
    "appearances": "#f6cdd0",
    "evaluation": "#f3efc4",
    "library": "#e4e4e4",
    "refined": "#d8dcf7",
}
WIDTH, HEIGHT, STEP_X, STEP_Y = 2.9, 0.5, 3.3, 0.8


def graph_picture(target: Path) -> None:
    """Draw the asset graph, left to right in the order in which assets follow from each other."""
    graph = build_definitions(load_settings()).resolve_asset_graph()
    level: dict[AssetKey, int] = {}
    for key in graph.toposorted_asset_keys:
        level[key] = max((level[parent] + 1 for parent in graph.get(key).parent_keys), default=0)
    columns: dict[int, list[AssetKey]] = defaultdict(list)
    for key in sorted(level, key=lambda key: (list(COLOURS).index(str(graph.get(key).group_name)), key.path)):
        columns[level[key]].append(key)
    tallest = max(map(len, columns.values()))
    position = {
        key: (column * STEP_X, ((len(keys) - 1) / 2 - row) * STEP_Y * tallest / len(keys) ** 0.85)
        for column, keys in columns.items()
        for row, key in enumerate(keys)
    }
    figure = Figure(figsize=(19, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for key, (x, y) in position.items():
        for parent in graph.get(key).parent_keys:
            from_x, from_y = position[parent]
            axes.annotate(
                "",
                (x - WIDTH / 2, y),
                (from_x + WIDTH / 2, from_y),
                arrowprops={"arrowstyle": "-|>", "color": "#b0b4ba", "lw": 0.8, "connectionstyle": "arc3,rad=0.04"},
                zorder=1,
            )
    for key, (x, y) in position.items():
        colour = COLOURS[str(graph.get(key).group_name)]
        corner = (x - WIDTH / 2, y - HEIGHT / 2)
        axes.add_patch(
            FancyBboxPatch(corner, WIDTH, HEIGHT, "round,pad=0.04", fc=colour, ec="#8a8f98", lw=0.8, zorder=2)
        )
        axes.text(x, y, key.to_user_string(), ha="center", va="center", fontsize=8.2, zorder=3)
    for row, (group, colour) in enumerate(COLOURS.items()):
        axes.scatter([], [], s=90, marker="s", color=colour, edgecolors="#8a8f98", label=group, zorder=row)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.06), ncols=len(COLOURS), frameon=False)
    axes.autoscale_view()
    axes.margins(0.02, 0.06)
    axes.axis("off")
    figure.savefig(target, dpi=110)


def main() -> None:
    graph_picture(HERE / "graph.png")
    if len(sys.argv) > 1:
        lake = Path(sys.argv[1]) / "lake"
        film = read_rows(lake, FILM, KEY).to_pandas().iloc[0]
        rows = read_rows(lake, APPEARANCES, KEY).to_pandas()
        (HERE / "timeline.svg").write_text(timeline_svg(rows, film["duration_s"], film["title"]), encoding="utf-8")


if __name__ == "__main__":
    main()
