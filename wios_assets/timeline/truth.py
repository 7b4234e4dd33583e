"""Who is truly on screen when: truth tables made by hand or from an edit list."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd

from wios_assets.errors import BadInput
from wios_assets.timeline.frames import records

TRUTH_SUFFIX = ".truth.csv"
COLUMNS = ("start_s", "end_s", "person", "visible", "optional")


def truth_path(film: Path) -> Path:
    """Where the truth of a film file stands: beside it, called by its stem."""
    return film.with_name(film.stem + TRUTH_SUFFIX)


def read_truth(path: Path, clip: str | None = None) -> pd.DataFrame:
    """Rows of a truth file.

    Args:
        path: CSV with the columns start_s, end_s (seconds on the player's clock), person (a cast member, or
            `unknown:<n>`) and, if at hand, visible (frontal, profile, small), optional (1: counts neither way), clip.
        clip: only this clip's rows, where there is a column clip; a row that names no clip belongs to every clip.

    Returns:
        start_s, end_s float64, person, visible str, optional bool.

    Raises:
        WiosError: not readable, a column missing, a time that is none, no rows; names file and line.
    """
    rows = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]
            if missing:
                raise BadInput(f"{path}: no column {', '.join(missing)}; a truth file has {', '.join(COLUMNS)}")
            for row in reader:
                if clip and row.get("clip") not in (clip, None, ""):
                    continue
                place = f"{path}, line {reader.line_num}"
                start, end = (_seconds(row[name], place, name) for name in ("start_s", "end_s"))
                if end < start:
                    raise BadInput(f"{place}: ends at {end} s, before it begins at {start} s; mend the row")
                if not (row["person"] or "").strip():
                    raise BadInput(f"{place}: names no person; write a cast member or unknown:<n>")
                visible = (row.get("visible") or "").strip()
                rows.append((start, end, row["person"].strip(), visible, row.get("optional") == "1"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: cannot be read ({error}); a truth file is a CSV in UTF-8") from None
    if not rows:
        raise BadInput(f"{path}: no rows" + (f" for clip {clip}" if clip else "") + "; it says nothing of this film")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_names_of_cast(truth: pd.DataFrame, cast: pd.DataFrame) -> pd.DataFrame:
    """The truth with its people called as the cast calls them.

    A person may stand there as the actor's name, as nconst or as the name of the gallery's folder; others stay.
    """
    known: dict[str, str] = {}
    for row in records(cast):
        folder = Path(row["gallery_folder"]).name if row["gallery_folder"] else None
        for alias in (folder, row["nconst"]):
            if alias:
                known.setdefault(alias, row["actor"])
    known.update({str(actor): str(actor) for actor in cast["actor"]})
    return truth.assign(person=[known.get(person, person) for person in truth["person"]])


def _seconds(text: str | None, place: str, column: str) -> float:
    try:
        seconds = float(text or "")
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise BadInput(f"{place}: {column} = {text!r} is not a time in seconds; mend the row")
    return seconds
