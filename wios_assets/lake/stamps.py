"""Stamps of analysed footage: the content and version it was made from, so that it is not analysed twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from wios_assets.atomic import write_atomic
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import is_current
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES, SHOTS


@dataclass(frozen=True)
class FootageStamp:
    """What the result depends on: the fingerprint of the video, and the version of code and options."""

    fingerprint: str
    version: str


def footage_is_kept(lake: Path, film: str, stamp: FootageStamp) -> bool:
    """Whether all footage tables of the film are in the lake, in the present schema, and have this stamp."""
    try:
        stored = FootageStamp(**json.loads(_file(lake, film).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return False
    return stored == stamp and all(
        is_current(lake, table, film) for table in (SHOTS, FRAME_SAMPLES, FACES, FACE_EMBEDDINGS)
    )


def forget_footage(lake: Path, film: str) -> None:
    """Remove a film's stamp; called before the first of its footage tables is replaced."""
    _file(lake, film).unlink(missing_ok=True)


def keep_footage(lake: Path, film: str, stamp: FootageStamp) -> None:
    """Store a film's stamp; called after the last of its footage tables was stored."""
    write_atomic(_file(lake, film), json.dumps(asdict(stamp)))


def keep_analysis_time(lake: Path, film: str, taken_s: float) -> None:
    """Store how long the analysis of a film's footage took, in seconds; later runs that keep the footage leave it."""
    write_atomic(_time_file(lake, film), f"{taken_s:.3f}")


def analysis_time(lake: Path, film: str) -> float | None:
    """How long the analysis of a film's footage took, in seconds; None where that was not measured."""
    try:
        return float(_time_file(lake, film).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def forget_analysis_time(lake: Path, film: str) -> None:
    """Remove what `keep_analysis_time` stored."""
    _time_file(lake, film).unlink(missing_ok=True)


def _time_file(lake: Path, film: str) -> Path:
    return lake / ".footage" / f"film={escape_key(film)}.seconds"


def _file(lake: Path, film: str) -> Path:
    return lake / ".footage" / f"film={escape_key(film)}.json"
