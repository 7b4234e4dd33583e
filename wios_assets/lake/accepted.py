"""The figures of a film that were accepted last, which later ones are held against."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from wios_assets.lake.paths import escape_key

HELD = ("precision", "recall", "f1", "recall_frontal", "zone_precision", "minute_f1")
"""Figures that should not fall."""
SLACK = 0.005
"""How far a figure may fall before it is said, for the grid's own grain."""


def read_accepted(data: Path, film: str) -> dict[str, float]:
    """Accepted figures by name; empty where none were accepted."""
    try:
        content = json.loads(_file(data, film).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): float(value) for name, value in content.items()}


def accept(data: Path, film: str, figures: Mapping[str, float]) -> None:
    """Hold later figures against these."""
    file = _file(data, film)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps({name: figures[name] for name in HELD if figures[name] == figures[name]}, indent=1))
    beside.replace(file)


def fallen(figures: Mapping[str, float], accepted: Mapping[str, float]) -> list[str]:
    """Figures below the accepted ones, each with both values."""
    return [
        f"{name} {figures.get(name, float('nan')):.4f}, accepted {value:.4f}"
        for name, value in accepted.items()
        if not figures.get(name, float("nan")) >= value - SLACK
    ]


def _file(data: Path, film: str) -> Path:
    return data / "accepted" / f"film={escape_key(film)}.json"
