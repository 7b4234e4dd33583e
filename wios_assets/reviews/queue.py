"""Which tracks a person should look at, the most useful first."""

from __future__ import annotations

import pandas as pd

COLUMNS = (
    "track",
    "start_s",
    "end_s",
    "decision",
    "actor",
    "nearest",
    "distance",
    "runner_up",
    "probability",
    "reason",
)


def to_review(names: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Weak and unknown tracks that have a face to go by, in the columns `COLUMNS`.

    A weak track can still be given to a cast member, so weak ones come first; among equals, the longer on screen.

    Args:
        names: rows of `tables.TRACK_NAMES`.
        tracks: rows of `tables.FACE_TRACKS`.
    """
    usable = tracks.loc[tracks["best_face"].notna(), ["track", "start_s", "end_s"]]
    rows = names[names["decision"] != "named"].merge(usable, on="track")
    order = pd.DataFrame({"weak": rows["decision"] == "weak", "seconds": rows["end_s"] - rows["start_s"]})
    return rows.loc[order.sort_values(["weak", "seconds"], ascending=False).index, COLUMNS].reset_index(drop=True)
