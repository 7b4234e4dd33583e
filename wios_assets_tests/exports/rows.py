"""Rows of appearances for tests of what is made from them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.text(min_size=1, max_size=20)


def row(start: float, end: float, actor: str, **values: Any) -> dict[str, Any]:
    """An appearance of a cast member, times in seconds."""
    base = {"kind": "cast", "character": None, "probability": 0.95}
    return {**base, "start_s": start, "end_s": end, "actor": actor, **values}


def stranger(start: float, end: float, number: int = 1) -> dict[str, Any]:
    """An appearance of a person outside the cast."""
    return row(start, end, f"unknown:{number}", kind="unknown", probability=None)


ROWS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 900), NAMES).map(
        lambda span: row(span[0] / 250, (span[0] + span[1]) / 250, span[2])
    ),
    max_size=12,
)
"""Appearances in the first 24 seconds."""
