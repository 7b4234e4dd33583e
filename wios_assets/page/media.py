"""The pictures that the page shows: face chips and photos out of the lake, posters out of the films."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import av
from PIL import Image

from wios_assets.atomic import write_atomic
from wios_assets.errors import WiosError
from wios_assets.films.media_cache import POSTERS, cached_file
from wios_assets.lake.paths import partition_folder
from wios_assets.page.folders import folder_state
from wios_assets.page.state.film_map import FilmMap
from wios_assets.page.state.library_cache import Shelf
from wios_assets.vision.video import display_size, open_video, to_display

POSTER_WIDTH = 480
_KEPT_BYTES = 64 * 1024 * 1024
# How far past the wanted instant a poster's frame is looked for, in decoded pictures.
_LOOKED_AT = 400


class Pictures:
    """Chips and photos, kept in memory up to a bound; posters, kept in the cache folder. Any thread may ask."""

    def __init__(self, shelf: Shelf, cache: Path) -> None:
        self.shelf, self.cache = shelf, cache / POSTERS
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._decoding = threading.Lock()

    def chip(self, film: str, face: int) -> bytes | None:
        """JPEG of a face chip; None where the lake has none of that number."""
        sql = "SELECT chip AS picture FROM face_embeddings WHERE film = $film AND face = $wanted"
        return self._stored("face_embeddings", film, sql, face)

    def photo(self, film: str, photo: str) -> bytes | None:
        """JPEG thumbnail of a photo of the film's gallery, by the photo's path; None where there is none."""
        sql = "SELECT thumbnail AS picture FROM gallery_photos WHERE film = $film AND photo = $wanted"
        return self._stored("gallery_photos", film, sql, photo)

    def portrait(self, film: str, actor: str) -> bytes | None:
        """JPEG thumbnail of an actor's first usable photo; None where there is none."""
        sql = (
            "SELECT thumbnail AS picture FROM gallery_photos WHERE film = $film AND actor = $wanted "
            "AND verdict = 'used' AND thumbnail IS NOT NULL ORDER BY photo LIMIT 1"
        )
        return self._stored("gallery_photos", film, sql, actor)

    def poster(self, film: FilmMap) -> bytes | None:
        """JPEG of a frame in which somebody is seen well, made once; None where the film's file cannot be read."""
        path = Path(film.film["path"])
        instant = _telling_instant(film)
        try:
            stat = path.stat()
        except OSError:
            return None
        what = (stat.st_size, stat.st_mtime_ns, round(instant, 2), POSTER_WIDTH)
        file = cached_file(self.cache, path, what, ".jpg")
        with suppress(OSError):
            return file.read_bytes()
        with self._decoding:
            with suppress(OSError):
                return file.read_bytes()
            try:
                made = _frame(path, instant)
            except (WiosError, av.error.FFmpegError, ValueError):
                return None
            with suppress(OSError):
                write_atomic(file, made)
            return made

    def _stored(self, table: str, film: str, sql: str, wanted: object) -> bytes | None:
        state = folder_state(partition_folder(self.shelf.settings.lake, table, film))
        key = (table, film, sql, wanted, state)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        rows = self.shelf.film_rows(table, film, sql, {"wanted": wanted})
        if not rows or not rows[0]["picture"]:
            return None
        picture = bytes(rows[0]["picture"])
        with self._lock:
            if key not in self._kept:
                self._kept[key] = picture
                self._bytes += len(picture)
            while self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return picture


def _telling_instant(film: FilmMap) -> float:
    """An instant, in seconds, that shows what the film is: the longest sure appearance among those most seen."""
    leading = [place for person in film.people[:3] if person.kind == "cast" for place in film.of(person.number)]
    places = leading or list(range(len(film.start_s)))
    if not places:
        return film.duration_s / 3

    def worth(place: int) -> float:
        sure = float(film.probability[place])
        together = len(film.at(float(film.start_s[place] + film.end_s[place]) / 2))
        return min(float(film.end_s[place] - film.start_s[place]), 8.0) * (sure if sure == sure else 0.5) * together

    best = max(places, key=worth)
    return float(film.start_s[best] + film.end_s[best]) / 2


def _frame(path: Path, instant: float) -> bytes:
    """JPEG of the frame on screen at `instant` (or the nearest that can be decoded), `POSTER_WIDTH` pixels wide."""
    with open_video(path) as (container, stream):
        start_s = (container.start_time or 0) / av.time_base
        with suppress(av.error.FFmpegError):
            container.seek(round((instant + start_s) * av.time_base))
        picture = None
        for looked_at, decoded in enumerate(container.decode(stream)):
            if picture is not None and (decoded.time or 0.0) - start_s > instant:
                break
            picture = decoded
            if looked_at > _LOOKED_AT:
                break
        if picture is None:
            raise WiosError(f"{path}: no picture can be decoded at {instant:.1f} s; copy it again")
        rotation = round(picture.rotation) % 360 // 90 * 90
        width, height = display_size(picture, stream.sample_aspect_ratio, rotation)
        scale = min(1.0, POSTER_WIDTH / width)
        shown = to_display(picture, max(2, round(width * scale)), max(2, round(height * scale)), rotation)
    out = io.BytesIO()
    Image.fromarray(shown).save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()
