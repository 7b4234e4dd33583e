"""Pictures and small copies of films: chips and photos from the lake, posters and previews made from the videos."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream
from cachetools import LRUCache
from PIL import Image

from wios_assets.atomic import atomic_path, write_atomic
from wios_assets.errors import Unavailable, WiosError
from wios_assets.films.artwork import poster_file
from wios_assets.films.media_cache import POSTERS, PREVIEWS, cached_file
from wios_assets.lake.library import Row
from wios_assets.lake.paths import partition_version
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import FilmMap
from wios_assets.page.state.portraits import cropped_to_face, visibility
from wios_assets.vision.photos import read_photo
from wios_assets.vision.pieces import Piece
from wios_assets.vision.video import display_size, open_video, read_pieces, to_display

POSTER_WIDTH = 480
ARTWORK_WIDTH = 400
FRAME_WIDTH = 1280
SMALL_FRAME_WIDTH = 240
PREVIEW_WIDTH = 640
MAX_PREVIEW_RATE = 30.0
"""Frames per second of a preview, at most."""
_CACHE_BYTES = 64 * 1024 * 1024
# A poster's frame is decoded from the keyframe before the wanted instant, within this many frames.
_MAX_POSTER_FRAMES = 400
_MAX_SCORED_S = 8.0
_CODECS = ("libx264", "libopenh264", "h264")
_AUDIO_RATE = 48_000
_AUDIO_FRAME = 1024
_KEYFRAME_S = 2
_CLOCK = Fraction(1, 90_000)
# Photos of an actor that a portrait is chosen from.
_USED_PHOTOS = """
    SELECT thumbnail, "left", top, "right", bottom, width, height FROM gallery_photos
    WHERE film = $film AND actor = $wanted AND verdict = 'used' AND thumbnail IS NOT NULL ORDER BY photo LIMIT 12
"""


class Pictures:
    """JPEGs of faces, photos and films. Chips and photos are cached in memory, posters on disk. Thread-safe."""

    def __init__(self, catalog: Catalog, cache: Path) -> None:
        self.catalog, self.cache = catalog, cache / POSTERS
        self._cached: LRUCache[object, bytes] = LRUCache(_CACHE_BYTES, getsizeof=len)
        self._lock = threading.Lock()
        self._decoding = threading.Lock()

    def chip(self, film: str, face: int) -> bytes | None:
        """The chip of a face; None where the lake has none."""
        sql = "SELECT chip AS picture FROM face_embeddings WHERE film = $film AND face = $wanted"
        return self._from_lake("face_embeddings", film, sql, face)

    def photo(self, film: str, photo: str) -> bytes | None:
        """Thumbnail of a photo of the film's gallery, by the photo's path; None where there is none."""
        sql = "SELECT thumbnail AS picture FROM gallery_photos WHERE film = $film AND photo = $wanted"
        return self._from_lake("gallery_photos", film, sql, photo)

    def portrait(self, film: str, actor: str) -> bytes | None:
        """An actor's best usable photo, cropped to the face; None where there is none."""
        key = ("portrait", film, actor, partition_version(self.catalog.settings.lake, "gallery_photos", film))
        with self._lock:
            cached = self._cached.get(key)
        if cached is not None:
            return cached
        picture = self._cropped_photo(film, actor)
        if picture is not None:
            with self._lock, suppress(ValueError):
                self._cached[key] = picture
        return picture

    def _cropped_photo(self, film: str, actor: str) -> bytes | None:
        rows = self.catalog.film_rows("gallery_photos", film, _USED_PHOTOS, {"wanted": actor})
        portraits = []
        for row in rows:
            box = (row["left"], row["top"], row["right"], row["bottom"])
            if None in box or not row["width"] or not row["height"]:
                return bytes(row["thumbnail"])
            with Image.open(io.BytesIO(row["thumbnail"])) as photo:
                portrait = cropped_to_face(photo.convert("RGB"), box, row["width"], row["height"])
            out = io.BytesIO()
            portrait.save(out, "JPEG", quality=85)
            portraits.append((visibility(out.getvalue()) * min(portrait.size), out.getvalue()))
        return max(portraits, key=lambda each: each[0])[1] if portraits else None

    def artwork(self, film: Row) -> bytes | None:
        """The poster that lies beside a film, scaled down once; None where there is none that can be read.

        Args:
            film: its row of the table `library`.
        """
        path = Path(film["path"])
        inbox = self.catalog.settings.films
        found = poster_file(path, inbox) or (poster_file(path.resolve(), inbox) if path.is_symlink() else None)
        if found is None:
            return None
        stat = found.stat()
        file = cached_file(self.cache, path, (str(found), stat.st_size, stat.st_mtime_ns, ARTWORK_WIDTH), ".jpg")
        with suppress(OSError):
            return file.read_bytes()
        try:
            picture = _scaled_down(Image.fromarray(read_photo(found)), ARTWORK_WIDTH)
        except WiosError:
            return None
        with suppress(OSError):
            write_atomic(file, picture)
        return picture

    def poster(self, film: FilmMap) -> bytes | None:
        """A frame that shows the film's leading actors, made once; None where the video cannot be read."""
        path = Path(film.film["path"])
        instant = _poster_instant(film)
        try:
            stat = path.stat()
        except OSError:
            return None
        version = (stat.st_size, stat.st_mtime_ns, round(instant, 2), POSTER_WIDTH)
        file = cached_file(self.cache, path, version, ".jpg")
        with suppress(OSError):
            return file.read_bytes()
        with self._decoding:
            with suppress(OSError):
                return file.read_bytes()
            try:
                picture = _frame_at(path, instant, POSTER_WIDTH)
            except (WiosError, av.error.FFmpegError, ValueError):
                return None
            with suppress(OSError):
                write_atomic(file, picture)
            return picture

    def frame(self, path: Path, seconds: float, width: int) -> bytes | None:
        """The frame of a video at an instant, at most `width` pixels wide; None where the video cannot be read."""
        try:
            stat = path.stat()
        except OSError:
            return None
        key = ("frame", str(path), stat.st_size, stat.st_mtime_ns, round(seconds, 2), width)
        with self._lock:
            cached = self._cached.get(key)
        if cached is not None:
            return cached
        with self._decoding:
            try:
                picture = _frame_at(path, seconds, width)
            except (WiosError, av.error.FFmpegError, ValueError):
                return None
        with self._lock, suppress(ValueError):
            self._cached[key] = picture
        return picture

    def _from_lake(self, table: str, film: str, sql: str, wanted: object) -> bytes | None:
        key = (table, film, sql, wanted, partition_version(self.catalog.settings.lake, table, film))
        with self._lock:
            cached = self._cached.get(key)
        if cached is not None:
            return cached
        rows = self.catalog.film_rows(table, film, sql, {"wanted": wanted})
        if not rows or not rows[0]["picture"]:
            return None
        picture = bytes(rows[0]["picture"])
        # A picture larger than the whole cache is refused with a ValueError.
        with self._lock, suppress(ValueError):
            self._cached[key] = picture
        return picture


def _scaled_down(picture: Image.Image, width: int) -> bytes:
    """JPEG of a picture, at most `width` pixels wide."""
    if picture.width > width:
        picture = picture.resize((width, max(1, round(picture.height * width / picture.width))))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _poster_instant(film: FilmMap) -> float:
    """An instant in seconds: in a long, probable appearance of a leading actor, with others if possible."""
    leading = [i for person in film.people[:3] if person.kind == "cast" for i in film.appearances_of(person.number)]
    candidates = leading or list(range(len(film.start_s)))
    if not candidates:
        return film.duration_s / 3

    def middle(index: int) -> float:
        return float(film.start_s[index] + film.end_s[index]) / 2

    def score(index: int) -> float:
        probability = float(film.probability[index])
        people = len(film.appearances_at(middle(index)))
        seconds = min(float(film.end_s[index] - film.start_s[index]), _MAX_SCORED_S)
        return seconds * (0.5 if math.isnan(probability) else probability) * people

    return middle(max(candidates, key=score))


def _frame_at(path: Path, instant: float, most: int) -> bytes:
    """JPEG of the frame at an instant in seconds, or of the nearest that can be decoded, at most `most` pixels wide."""
    piece = [piece for piece in read_pieces(path) if piece.from_s <= max(0.0, instant)][-1]
    with open_video(path, extent=piece.extent) as (container, stream):
        start_s = piece.start_s
        with suppress(av.error.FFmpegError):
            container.seek(round((instant + start_s) * av.time_base))
        frame = None
        for count, decoded in enumerate(container.decode(stream)):
            if frame is not None and (decoded.time or 0.0) - start_s > instant:
                break
            frame = decoded
            if count > _MAX_POSTER_FRAMES:
                break
        if frame is None:
            raise Unavailable(f"{path}: no frame can be decoded at {instant:.1f} s; copy it again")
        rotation = _rotation(frame)
        width, height = display_size(frame, stream.sample_aspect_ratio, rotation)
        scale = min(1.0, most / width)
        pixels = to_display(frame, max(2, round(width * scale)), max(2, round(height * scale)), rotation)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


@dataclass(frozen=True)
class PreviewState:
    """State of a preview; `share` of it is made, 0 to 1; `reason` of a failure."""

    state: Literal["waiting", "making", "ready", "failed"]
    share: float = 0.0
    reason: str | None = None


class Previews:
    """Small copies (H.264, AAC) of films that a browser cannot play, made once, one after the other. Thread-safe."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / PREVIEWS
        self._states: dict[Path, PreviewState] = {}
        self._lock = threading.Lock()
        self._encoding = threading.Lock()

    def file(self, film: Path) -> Path | None:
        """The preview of a video as it is now; None where it is not made yet."""
        preview = self._preview_path(film)
        return preview if preview is not None and preview.is_file() else None

    def request(self, film: Path, duration_s: float) -> PreviewState:
        """State of a video's preview; starts to make it if necessary."""
        preview = self._preview_path(film)
        if preview is None:
            return PreviewState("failed", reason=f"{film}: the video file is gone; put it back")
        if preview.is_file():
            return PreviewState("ready", 1.0)
        with self._lock:
            known = self._states.get(preview)
            if known is not None and known.state != "ready":
                return known
            self._states[preview] = PreviewState("waiting")
        threading.Thread(target=self._make, args=(film, preview, duration_s), name="preview", daemon=True).start()
        return PreviewState("waiting")

    def _preview_path(self, film: Path) -> Path | None:
        try:
            stat = film.stat()
        except OSError:
            return None
        return cached_file(self.folder, film, (stat.st_size, stat.st_mtime_ns, PREVIEW_WIDTH), ".mp4")

    def _make(self, film: Path, preview: Path, duration_s: float) -> None:
        def report(seconds: float) -> None:
            share = min(1.0, seconds / duration_s) if duration_s > 0 else 0.0
            self._states[preview] = PreviewState("making", share)

        with self._encoding:
            try:
                with atomic_path(preview) as temporary:
                    write_preview(film, temporary, report)
                self._states[preview] = PreviewState("ready", 1.0)
            except (WiosError, OSError, ValueError) as error:
                # PyAV's errors are OSErrors or ValueErrors.
                self._states[preview] = PreviewState("failed", reason=" ".join(str(error).split()))


def write_preview(film: Path, out: Path, report: Callable[[float], None]) -> None:
    """Write a film as MP4 at most `PREVIEW_WIDTH` pixels wide, on the same clock: second 75 stays second 75.

    Args:
        out: file to write. report: called about once for each second of film, with the seconds that are done.

    Raises:
        WiosError: the film cannot be read, or PyAV was built without an encoder for H.264.
        OSError, ValueError: it cannot be decoded, or the preview cannot be written.
    """
    codec = next((name for name in _CODECS if name in av.codecs_available), None)
    if codec is None:
        raise Unavailable("this PyAV has no encoder for H.264; install the one from PyPI")
    pieces = read_pieces(film)
    with av.open(str(out), "w", format="mp4", options={"movflags": "faststart"}) as output:
        video_track: _VideoTrack | None = None
        audio_track: _AudioTrack | None = None
        reported, early = 0.0, list[tuple[av.AudioFrame, float]]()
        for piece in pieces:
            with open_video(film, threads=2, extent=piece.extent) as (container, stream):
                audio = container.streams.audio[0] if container.streams.audio else None
                if video_track is None:
                    rate = min(float(stream.average_rate or 25), MAX_PREVIEW_RATE)
                    video_track = _VideoTrack(output, codec, stream.sample_aspect_ratio, rate)
                    audio_track = _AudioTrack(output) if audio is not None else None
                for frame, seconds in _frames(container, stream, audio, piece):
                    if isinstance(frame, av.VideoFrame):
                        video_track.add(frame, seconds)
                        if seconds - reported > 1:
                            reported = seconds
                            report(seconds)
                    else:
                        # Nothing may be written before the first frame has set the size of the video.
                        early.append((frame, seconds))
                    if video_track.size is not None and audio_track is not None:
                        for pending in early:
                            audio_track.add(*pending)
                        early.clear()
                if audio_track is not None and piece is not pieces[-1]:
                    audio_track.end_piece()
        if video_track is not None:
            video_track.end()
        if audio_track is not None:
            audio_track.end()


def _frames(
    container: InputContainer, stream: VideoStream, audio: AudioStream | None, piece: Piece
) -> Iterator[tuple[av.VideoFrame | av.AudioFrame, float]]:
    """The frames of a piece that belong to the film, each with its time in seconds on the film's clock."""
    for packet in container.demux([each for each in (stream, audio) if each is not None]):
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in decoded:
            if isinstance(frame, av.VideoFrame | av.AudioFrame) and frame.time is not None:
                seconds = frame.time - piece.start_s
                if seconds >= piece.from_s:
                    yield frame, seconds


class _VideoTrack:
    """The preview's video track."""

    def __init__(self, output: OutputContainer, codec: str, aspect: Fraction | None, rate: float) -> None:
        self.output, self.aspect, self.rate = output, aspect, rate
        stream = output.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        assert isinstance(stream, VideoStream)
        self.stream = stream
        self.stream.pix_fmt = "yuv420p"
        self.stream.codec_context.time_base = _CLOCK
        self.stream.codec_context.gop_size = max(1, round(_KEYFRAME_S * rate))
        if codec == "libx264":
            self.stream.options = {"preset": "veryfast", "crf": "27"}
        self.size: tuple[int, int] | None = None
        self.last_s = float("-inf")

    def add(self, frame: av.VideoFrame, seconds: float) -> None:
        # A little less than the length of a frame, since times jitter.
        if seconds - self.last_s < 0.9 / MAX_PREVIEW_RATE:
            return
        self.last_s = seconds
        rotation = _rotation(frame)
        if self.size is None:
            width, height = display_size(frame, self.aspect, rotation)
            scale = min(1.0, PREVIEW_WIDTH / width)
            self.size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
            self.stream.width, self.stream.height = self.size
        small = av.VideoFrame.from_ndarray(to_display(frame, *self.size, rotation), format="rgb24")
        small.pts, small.time_base = round(seconds / _CLOCK), _CLOCK
        self.output.mux(self.stream.encode(small))

    def end(self) -> None:
        if self.size is None:
            raise Unavailable("no frame of the film can be decoded; copy it again")
        self.output.mux(self.stream.encode())


class _AudioTrack:
    """The preview's audio track."""

    def __init__(self, output: OutputContainer) -> None:
        self.output = output
        self.stream: AudioStream = output.add_stream("aac", rate=_AUDIO_RATE, layout="stereo")
        self.stream.bit_rate = 96_000
        self.resampler = _resampler()
        self.until_s = 0.0

    def add(self, frame: av.AudioFrame, seconds: float) -> None:
        duration_s = frame.samples / frame.sample_rate
        # The sound of a joined recording may go on beyond its last picture, where the next one begins.
        if seconds < self.until_s - duration_s / 2:
            return
        self.until_s = seconds + duration_s
        frame.pts, frame.time_base = round(seconds * frame.sample_rate), Fraction(1, frame.sample_rate)
        self._encode(self.resampler.resample(frame))

    def end_piece(self) -> None:
        """The next frames may have another rate or layout."""
        self._encode(self.resampler.resample(None))
        self.resampler = _resampler()

    def end(self) -> None:
        self._encode(self.resampler.resample(None))
        self.output.mux(self.stream.encode())

    def _encode(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self.output.mux(self.stream.encode(frame))


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="fltp", layout="stereo", rate=_AUDIO_RATE, frame_size=_AUDIO_FRAME)


def _rotation(frame: av.VideoFrame) -> int:
    """Rotation of a frame's picture in degrees, a multiple of 90."""
    return round(frame.rotation) % 360 // 90 * 90
