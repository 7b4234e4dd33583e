"""What people decided about faces: kept beside the lake, so that it survives every later run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from filelock import FileLock

from wios_assets.errors import WiosError
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import read_rows
from wios_assets.naming.decisions import COLUMNS
from wios_assets.tables import FACE_EMBEDDINGS, FACE_TRACKS, FACES
from wios_assets.whole import write_whole

Verdict = Literal["is", "is_not", "not_a_face"]


def decisions_file(data: Path, film: str) -> Path:
    """File of a film's decisions; it need not exist."""
    return data / "decisions" / f"film={escape_key(film)}.json"


def decisions_version(data: Path, film: str) -> str:
    """Changes whenever a decision is made."""
    file = decisions_file(data, film)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:20] if file.is_file() else "none"


def read_decisions(data: Path, film: str) -> pd.DataFrame:
    """A film's decisions in the order in which they were made; columns `naming.decisions.COLUMNS`.

    Raises:
        WiosError: the file is not what was written.
    """
    return pd.DataFrame(_entries(decisions_file(data, film)), columns=list(COLUMNS))


def decide(
    data: Path, lake: Path, film: str, tracks: Sequence[int], verdict: Verdict, person: str | None, *, everywhere: bool
) -> None:
    """Record one decision on some tracks of a film, anchored to the best face of each.

    Args:
        tracks: numbers of tracks that have a face with an embedding.
        verdict: the tracks show `person`, do not show `person`, or show no face.
        everywhere: whether like unnamed tracks are that person, too.

    Raises:
        WiosError: a track is unknown or has no face to go by.
    """
    anchors = _anchors(lake, film)
    entries = []
    for track in tracks:
        if track not in anchors:
            raise WiosError(f"film {film!r}: track {track} has no face to go by; `wios review` lists those that do")
        said = {"verdict": verdict, "person": person, "everywhere": everywhere}
        entries.append(anchors[track] | said | {"decided_at": datetime.now(UTC).isoformat(timespec="seconds")})
    file = decisions_file(data, film)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=30):
        write_whole(file, json.dumps([*_entries(file), *entries]))


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, list) or not all(set(COLUMNS) <= set(entry) for entry in entries):
            raise ValueError("not a list of decisions")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise WiosError(f"{file}: cannot be read ({error}); mend it, or move it away to do without") from None
    return entries


def _anchors(lake: Path, film: str) -> dict[int, dict[str, Any]]:
    """Each track's best face: its instant, box and embedding."""
    tracks = read_rows(lake, FACE_TRACKS, film).select(["track", "best_face"]).to_pandas()
    faces = read_rows(lake, FACES, film).select(["face", "time_s", "left", "top", "right", "bottom"]).to_pandas()
    embeddings = read_rows(lake, FACE_EMBEDDINGS, film).select(["face", "embedding", "model_hash"]).to_pandas()
    best = tracks.dropna(subset=["best_face"]).astype({"best_face": "int64"})
    found = best.merge(faces, left_on="best_face", right_on="face").merge(embeddings, on="face")
    return {
        int(row["track"]): {
            **{name: float(row[name]) for name in ("time_s", "left", "top", "right", "bottom")},
            "embedding": [float(value) for value in row["embedding"]],
            "model_hash": str(row["model_hash"]),
        }
        for row in found.to_dict("records")
    }
