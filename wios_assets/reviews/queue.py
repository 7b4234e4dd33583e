"""The order in which tracks are offered for review."""

from __future__ import annotations

import pandas as pd

COLUMNS = (
    "track",
    "start_s",
    "end_s",
    "decision",
    "actor",
    "perhaps",
    "nearest",
    "distance",
    "runner_up",
    "probability",
    "reason",
)


def to_review(names: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Weak and unknown tracks that have a face with an embedding, in the columns `COLUMNS`.

    Weak tracks come first, because they probably show a cast member; then the longer on screen.

    Args:
        names: rows of `tables.TRACK_NAMES`.
        tracks: rows of `tables.FACE_TRACKS`.
    """
    usable = tracks.loc[tracks["best_face"].notna(), ["track", "start_s", "end_s"]]
    rows = names[names["decision"] != "named"].merge(usable, on="track")
    order = pd.DataFrame({"weak": rows["decision"] == "weak", "seconds": rows["end_s"] - rows["start_s"]})
    return rows.loc[order.sort_values(["weak", "seconds"], ascending=False).index, COLUMNS].reset_index(drop=True)
