"""The verdicts on the photos of a film's cast as they would be now, without a run: for somebody who adds photos."""

from __future__ import annotations

import json
from typing import Any

from wios_assets.errors import NotFound
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.runs.in_process import in_process
from wios_assets.settings import Settings
from wios_assets.tables import CAST


def photo_verdicts(settings: Settings, film: str) -> list[dict[str, Any]]:
    """Actor, photo (its path), verdict and reason of every photo of a film's cast; judged in a process of its own.

    Faces that an earlier run or an earlier call found are not looked for again.

    Raises:
        WiosError: the film has no cast yet, there are no photos at all, or the engine cannot be loaded.
    """
    rows: list[dict[str, Any]] = json.loads(in_process(_judge, settings, film))
    return rows


def _judge(settings: Settings, film: str) -> str:
    from wios_assets.assets.galleries import candidate_photos
    from wios_assets.assets.options import gallery_options
    from wios_assets.assets.photo_faces import faces_of_photos
    from wios_assets.photos.verdicts import judge_photos

    if not has_rows_of(settings.lake, CAST, film):
        raise NotFound(f"film {film!r}: its cast is not known yet; `wios run` finds it")
    rows = read_rows(settings.lake, CAST, film).select(["actor", "nconst"]).to_pylist()
    photos, _ = candidate_photos(settings, film, [(row["actor"], row["nconst"]) for row in rows])
    found, _ = faces_of_photos(
        settings, [photo for own in photos.values() for photo in own], f"photos of film {film!r}"
    )
    faces = {actor: [found[photo] for photo in own] for actor, own in photos.items()}
    verdicts = judge_photos(faces, gallery_options(settings))
    return json.dumps(
        [
            {"actor": actor, "photo": str(photo.path), "verdict": verdict.verdict, "reason": verdict.reason}
            for actor, own in faces.items()
            for photo, verdict in zip(own, verdicts[actor], strict=True)
        ]
    )
