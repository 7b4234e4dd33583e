"""The cast of a film with its photos and their verdicts, those that no run has judged yet included."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from wios_assets.errors import NotFound, WiosError
from wios_assets.films.registry import film_source, gallery_folders
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.photos.adding import actor_folder, add_photo
from wios_assets.photos.folders import ActorPhotos, photos_of_cast
from wios_assets.settings import Settings
from wios_assets.tables import CAST, GALLERY_PHOTOS
from wios_assets.vision.photos import read_photo

THUMBNAIL_SIDE = 160
WAITING = "waiting"
"""Stands for the verdict of a photo that was not judged yet."""

Judge = Callable[[Settings, str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Photo:
    """A photo: its path, its verdict (or `waiting`), and the reason of that."""

    photo: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class CastMember:
    """A cast member in order of billing, with the photos."""

    actor: str
    nconst: str | None
    character: str | None
    photos: tuple[Photo, ...]

    @property
    def usable(self) -> int:
        """Photos that naming uses."""
        return sum(each.verdict == "used" for each in self.photos)


class CastPhotos:
    """Photos of films' casts. Thread-safe; verdicts are judged for one film at a time.

    Args:
        judge: gives the present verdicts of a film's photos; see `runs.photo_verdicts`.
    """

    def __init__(self, settings: Settings, judge: Judge) -> None:
        self.settings, self._judge = settings, judge
        self._judging = threading.Lock()
        self._verdicts: dict[str, dict[tuple[str, str], Photo]] = {}

    def cast(self, film: str) -> list[CastMember]:
        """The cast with its photos; verdicts are the newest known.

        Raises:
            NotFound: the film is not in the inbox, or its cast is not known yet.
        """
        people = self._people(film)
        files = self._files(film, people)
        known = self._known(film)
        members = []
        for row in people:
            own = known.get(row["actor"], {})
            paths = [str(path) for path in (*files[row["actor"]].photos, *files[row["actor"]].others)]
            # Photos from TMDB and portraits lie elsewhere, and are known from their verdicts.
            paths = list(dict.fromkeys([*paths, *(path for path in own if Path(path).is_file())]))
            photos = tuple(own.get(path, Photo(path, WAITING, "not judged yet")) for path in paths)
            members.append(CastMember(row["actor"], row["nconst"], row["character"], photos))
        return members

    def add(self, film: str, actor: str, name: str, content: bytes) -> Photo:
        """Store a photo of a cast member; see `add_photo`.

        Raises:
            NotFound: nobody in the cast is called so.
        """
        people = self._people(film)
        row = next((row for row in people if actor in (row["actor"], row["nconst"])), None)
        if row is None:
            raise NotFound(f"{actor!r} is not in the cast of the film {film!r}")
        known = self._files(film, people)[row["actor"]].folder
        folder = actor_folder(self.settings.galleries, row["actor"], row["nconst"], known)
        return Photo(str(add_photo(folder, name, content)), WAITING, "not judged yet")

    def judge(self, film: str) -> list[CastMember]:
        """The cast with verdicts as they are now."""
        with self._judging:
            rows = self._judge(self.settings, film)
        self._verdicts[film] = {
            (row["actor"], row["photo"]): Photo(row["photo"], row["verdict"], row["reason"]) for row in rows
        }
        return self.cast(film)

    def thumbnail(self, film: str, photo: str) -> bytes | None:
        """A small JPEG of a photo of the film's cast; None where it is none of its photos, or cannot be read."""
        if not any(photo == each.photo for member in self.cast(film) for each in member.photos):
            return None
        with suppress(WiosError):
            picture = Image.fromarray(read_photo(Path(photo)))
            picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=82)
            return out.getvalue()
        return None

    def _known(self, film: str) -> dict[str, dict[str, Photo]]:
        """The newest verdicts by actor and path: of this page, else of the film's last run."""
        judged = self._verdicts.get(film, {})
        rows: dict[str, dict[str, Photo]] = {}
        if not judged and has_rows_of(self.settings.lake, GALLERY_PHOTOS, film):
            columns = ["actor", "photo", "verdict", "reason"]
            for row in read_rows(self.settings.lake, GALLERY_PHOTOS, film).select(columns).to_pylist():
                photo = Photo(row["photo"], row["verdict"], row["reason"] or "")
                rows.setdefault(row["actor"], {})[row["photo"]] = photo
        for (actor, path), photo in judged.items():
            rows.setdefault(actor, {})[path] = replace(photo)
        return rows

    def _people(self, film: str) -> list[dict[str, Any]]:
        if not has_rows_of(self.settings.lake, CAST, film):
            raise NotFound(f"film {film!r}: its cast is not known yet; `wios run` finds it")
        rows = read_rows(self.settings.lake, CAST, film).to_pylist()
        unique = {row["actor"]: row for row in sorted(rows, key=lambda row: -(row["billing"] or 0))}
        return sorted(unique.values(), key=lambda row: (row["billing"] or 0, row["actor"]))

    def _files(self, film: str, people: list[dict[str, Any]]) -> dict[str, ActorPhotos]:
        entry, sidecar = film_source(self.settings, film)
        folders = gallery_folders(self.settings, entry, sidecar)
        cast = [(row["actor"], row["nconst"]) for row in people]
        return photos_of_cast(cast, folders, Path(entry.path))
