"""Evaluation figures of a film that a person accepted; later figures are compared with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wios_assets.atomic import write_atomic
from wios_assets.lake.paths import escape_key

COMPARED = ("precision", "recall", "f1", "recall_frontal", "zone_precision", "minute_f1")
"""Figures that should not get worse."""
TOLERANCE = 0.005
"""How far a figure may fall without being reported: the resolution of the evaluation's grid."""


def read_accepted(data: Path, film: str) -> dict[str, float]:
    """Accepted figures by name; empty where none were accepted."""
    try:
        content = json.loads(accepted_file(data, film).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): float(value) for name, value in content.items()}


def accept(data: Path, film: str, figures: Mapping[str, float]) -> None:
    """Store the figures that later ones are compared with; those that are NaN are left out."""
    compared = {name: figures[name] for name in COMPARED if figures[name] == figures[name]}
    write_atomic(accepted_file(data, film), json.dumps(compared, indent=1))


def fallen(figures: Mapping[str, float], accepted: Mapping[str, float]) -> list[str]:
    """A clause for each figure that is below the accepted one, with both values."""
    return [
        f"{name} {figures.get(name, float('nan')):.4f}, accepted {value:.4f}"
        for name, value in accepted.items()
        if not figures.get(name, float("nan")) >= value - TOLERANCE
    ]


def accepted_file(data: Path, film: str) -> Path:
    """File of a film's accepted figures; it need not exist."""
    return data / "accepted" / f"film={escape_key(film)}.json"
