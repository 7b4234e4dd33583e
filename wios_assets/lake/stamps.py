"""From which content and in which way a film's footage was analysed, so that the same work is not done twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from wios_assets.atomic import write_atomic
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import has_rows_of
from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES, SHOTS


@dataclass(frozen=True)
class FootageStamp:
    """What decides the result: the film's content, and the version of code and options."""

    fingerprint: str
    version: str


def footage_is_kept(lake: Path, film: str, stamp: FootageStamp) -> bool:
    """Whether the film's whole footage is in the lake, from this content and made in this way."""
    try:
        kept = FootageStamp(**json.loads(_file(lake, film).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return False
    return kept == stamp and all(
        has_rows_of(lake, table, film) for table in (SHOTS, FRAME_SAMPLES, FACES, FACE_EMBEDDINGS)
    )


def forget_footage(lake: Path, film: str) -> None:
    """Called before the first of a film's footage tables is replaced."""
    _file(lake, film).unlink(missing_ok=True)


def keep_footage(lake: Path, film: str, stamp: FootageStamp) -> None:
    """Called after the last of a film's footage tables was stored."""
    write_atomic(_file(lake, film), json.dumps(asdict(stamp)))


def _file(lake: Path, film: str) -> Path:
    return lake / ".footage" / f"film={escape_key(film)}.json"
