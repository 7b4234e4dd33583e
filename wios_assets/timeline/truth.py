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
    """The truth file of a video file: beside it, with its stem."""
    return film.with_name(film.stem + TRUTH_SUFFIX)


def read_truth(path: Path, clip: str | None = None) -> pd.DataFrame:
    """Rows of a truth file.

    Args:
        path: CSV with the columns start_s, end_s (seconds on the player's clock), person (a cast member, or
            `unknown:<n>`) and optionally visible (frontal, profile, small), optional (1: not counted), clip.
        clip: if given, only rows of this clip are read; a row without a clip belongs to every clip.

    Returns:
        start_s, end_s float64, person, visible str, optional bool.

    Raises:
        WiosError: the file cannot be read, lacks a column, has an invalid time or no rows; names file and line.
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
                line = f"{path}, line {reader.line_num}"
                start, end = (_seconds(row[name], line, name) for name in ("start_s", "end_s"))
                if end < start:
                    raise BadInput(f"{line}: ends at {end} s, before it starts at {start} s; correct the row")
                if not (row["person"] or "").strip():
                    raise BadInput(f"{line}: no person; give a cast member or unknown:<n>")
                visible = (row.get("visible") or "").strip()
                rows.append((start, end, row["person"].strip(), visible, row.get("optional") == "1"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: cannot be read ({error}); a truth file is a CSV in UTF-8") from None
    if not rows:
        raise BadInput(f"{path}: no rows" + (f" for clip {clip}" if clip else "") + "; add the film's truth")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_names_of_cast(truth: pd.DataFrame, cast: pd.DataFrame) -> pd.DataFrame:
    """The truth with its people renamed to the cast's names.

    A person may be given by the actor's name, the nconst or the name of the gallery folder; other names are kept.
    """
    known: dict[str, str] = {}
    for row in records(cast):
        folder = Path(row["gallery_folder"]).name if row["gallery_folder"] else None
        for alias in (folder, row["nconst"]):
            if alias:
                known.setdefault(alias, row["actor"])
    known.update({str(actor): str(actor) for actor in cast["actor"]})
    return truth.assign(person=[known.get(person, person) for person in truth["person"]])


def _seconds(text: str | None, line: str, column: str) -> float:
    try:
        seconds = float(text or "")
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise BadInput(f"{line}: {column} = {text!r} is not a time in seconds; correct the row")
    return seconds
