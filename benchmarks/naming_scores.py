"""How good names are: by the scoring script, by person, by how people are seen, and how far probabilities hold."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.naming_films import Film
from wios_assets.naming.names import name_tracks
from wios_assets.naming.options import NamingOptions
from wios_assets.timeline.appearances import appearances, is_unknown
from wios_assets.timeline.evaluation import calibration_error, evaluate

FIGURES = (
    "precision",
    "recall",
    "f1",
    "recall_frontal",
    "false_name_rate",
    "zones",
    "zone_precision",
    "zone_precision_top20",
    "minute_f1",
)

VISIBLE = ("frontal", "profile", "small")
"""How a person can be seen, as the truth's column `visible` has it."""

Parts = Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]
"""Truth and appearances by film."""


def credits(cast: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"billing": range(1, len(cast) + 1), "actor": list(cast), "nconst": None, "character": None})


def named(
    film: Film, gallery: pd.DataFrame, options: NamingOptions, cast: Sequence[str], cohort: bool = True
) -> pd.DataFrame:
    """Appearances of a film by these options and with this cast.

    Args:
        film: the film.
        gallery: photos of the cast and of others.
        options: limits.
        cast: who may be named, in the order of billing.
        cohort: whether the others of `gallery` are compared with.
    """
    people = credits(cast)
    own, others = gallery[gallery["actor"].isin(cast)], gallery[~gallery["actor"].isin(cast)]
    faces, embeddings = film.tables["faces"], film.tables["face_embeddings"]
    names = name_tracks(film.tracks, faces, embeddings, own, people, options, others if cohort else None)
    return appearances(names, film.tracks, film.tables["shots"], people)


def truth_for(film: Film, cast: Iterable[str]) -> pd.DataFrame:
    """The film's truth, where people outside the cast are unknown."""
    inside = set(cast)
    people = [p if p in inside or is_unknown(p) else f"unknown:{p}" for p in film.truth["person"]]
    return film.truth.assign(person=people)


def score(script: Path, parts: Parts) -> dict[str, float]:
    """Figures of the scoring script over films put one after another, at whole minutes: truth and intervals.

    The time between two films counts neither way.
    """
    truth, output, offset = [], [], 0.0
    for rows, named_rows in parts.values():
        truth.append(rows.assign(start_s=rows["start_s"] + offset, end_s=rows["end_s"] + offset))
        output.append(named_rows.assign(start_s=named_rows["start_s"] + offset, end_s=named_rows["end_s"] + offset))
        last = offset + max([*rows["end_s"], *named_rows["end_s"]])
        offset += 60.0 * (2 + (last - offset) // 60)
        between = {"person": "nobody", "start_s": last, "end_s": offset, "visible": "", "optional": True}
        truth.append(pd.DataFrame([between] if len(parts) > 1 else [], columns=list(rows.columns)))
    with tempfile.TemporaryDirectory() as folder:
        pd.concat([rows for rows in truth if len(rows)]).assign(clip="all").astype({"optional": int}).to_csv(
            Path(folder, "truth.csv"), index=False
        )
        pd.concat(output)[["start_s", "end_s", "actor"]].to_csv(Path(folder, "output.csv"), index=False)
        command = [sys.executable, str(script), f"{folder}/truth.csv", f"{folder}/output.csv", "--json"]
        return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def by_person(parts: Parts) -> pd.DataFrame:
    """Recall of each person on screen over all films, by name: seconds_true, recall; the seconds of films added up."""
    rows = pd.concat([evaluate(truth, named_rows).actors for truth, named_rows in parts.values()])
    rows = rows[rows["seconds_true"] > 0]
    rows["hit"] = rows["seconds_true"] * rows["recall"]
    sums = rows.groupby("actor")[["seconds_true", "hit"]].sum()
    return pd.DataFrame({"seconds_true": sums["seconds_true"], "recall": sums["hit"] / sums["seconds_true"]})


def by_visibility(script: Path, parts: Parts) -> dict[str, float]:
    """Recall by how people are seen: frontal, profile, small."""
    result = {}
    for visible in VISIBLE:
        only = {
            name: (truth.assign(optional=truth["optional"] | (truth["visible"] != visible)), named_rows)
            for name, (truth, named_rows) in parts.items()
        }
        result[visible] = score(script, only)["recall"]
    return result


STEP_S = 0.1
"""Seconds between the instants at which `followed` checks for a face."""


def followed(films: Iterable[Film]) -> float:
    """Share of the time with a visible cast member in which anybody's face is followed, without optional truth."""
    visible = tracked = 0
    for film in films:
        rows = film.truth[~film.truth["optional"].astype(bool) & film.truth["person"].isin(film.cast)]
        instants = np.arange(STEP_S / 2, max(film.truth["end_s"], default=0.0), STEP_S)
        there = _covered(rows, instants)
        visible += int(there.sum())
        tracked += int((there & _covered(film.tracks, instants)).sum())
    return tracked / visible if visible else float("nan")


def _covered(intervals: pd.DataFrame, instants: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each instant lies in one of the intervals."""
    starts, ends = intervals["start_s"].to_numpy(np.float64), intervals["end_s"].to_numpy(np.float64)
    return np.asarray(((starts <= instants[:, None]) & (instants[:, None] < ends)).any(axis=1))


def perhaps_first(appearances: pd.DataFrame) -> pd.DataFrame:
    """Intervals of unnamed people with their likeliest name, as if it were given."""
    rows = appearances[[len(each) > 0 for each in appearances["perhaps"]]]
    first = [each[0] for each in rows["perhaps"]]
    return rows.assign(actor=[each["actor"] for each in first], probability=[each["probability"] for each in first])


def with_perhaps(parts: Parts) -> Parts:
    """Appearances where the likeliest name of unnamed people counts as given."""
    return {
        name: (truth, pd.concat([named_rows[~named_rows["actor"].map(is_unknown)], perhaps_first(named_rows)]))
        for name, (truth, named_rows) in parts.items()
    }


def reliability(parts: Iterable[tuple[pd.DataFrame, pd.DataFrame]]) -> dict[str, float]:
    """How far probabilities hold, for names and for the first name of "perhaps": share right, expected error."""
    figures: dict[str, float] = {}
    for kind in ("names", "perhaps"):
        zones = [
            evaluate(truth, named_rows if kind == "names" else perhaps_first(named_rows)).reliability
            for truth, named_rows in parts
        ]
        tenths = pd.concat(zones).groupby(["lower", "upper"])
        table = pd.DataFrame([_pooled(rows) for _, rows in tenths])
        count = float(table["zones"].sum())
        right = float((table["right"].fillna(0) * table["zones"]).sum() / count) if count else float("nan")
        figures |= {
            f"{kind}": count,
            f"{kind} right": right,
            f"{kind}: calibration error": calibration_error(table) if count else float("nan"),
        }
    return figures


def _pooled(rows: pd.DataFrame) -> dict[str, float]:
    zones = rows["zones"].to_numpy(dtype=float)
    total = zones.sum()
    means = {
        name: float(np.nansum(rows[name].to_numpy(dtype=float) * zones) / total) if total else float("nan")
        for name in ("mean_probability", "right")
    }
    return {"zones": float(total), **means}


def markdown(rows: Mapping[str, Mapping[Any, float]], columns: Sequence[str]) -> str:
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for name, row in rows.items():
        values = [row.get(column, float("nan")) for column in columns]
        lines.append(f"| {name} | " + " | ".join(f"{value:.4g}" for value in values) + " |")
    return "\n".join(lines)
