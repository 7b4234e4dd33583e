"""Probes and opens video files: length, clock, size as displayed, codec, content identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from wios_assets.errors import BadInput, NotFound, Unavailable
from wios_assets.notation import format_clock
from wios_assets.vision import parts
from wios_assets.vision.encryption import encryption
from wios_assets.vision.engine import Image
from wios_assets.vision.hardware import Decoder, open_container
from wios_assets.vision.pieces import CLOCK_RESTART_S, Extent, Piece, address, can_be_joined, first_file, recordings

FINGERPRINT_CHUNKS = 64
FINGERPRINT_CHUNK_BYTES = 64 * 1024
STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "gif", "tiff", "webp", "jpeg2000"})
"""Codecs of covers; a film in one of them has no other video track."""

FIRST_PICTURES = 8
"""Pictures that tell whether a film is interlaced."""

LARGEST_UNEXPLAINED_END_S = 5.0
"""How much shorter than the container says every track may be before the file counts as truncated, in seconds."""


@dataclass(frozen=True)
class Video:
    """A video file that can be decoded.

    Attributes:
        path: the file.
        fingerprint: content identity, hexadecimal; the same for a renamed copy.
        size_bytes: file size.
        duration_s: length on the player's clock, in seconds.
        start_s: container's start time in seconds; presentation time less this is the player's clock.
        first_picture_s: when the video track's first picture appears, seconds on the player's clock.
        frame_rate: average frames per second.
        width: display width in pixels: upright, square pixels.
        height: display height in pixels.
        rotation: degrees, counter-clockwise, by which the stored picture is turned for display: 0, 90, 180 or 270.
        codec: the video codec's name.
        is_interlaced: whether its first pictures are marked as two fields that were taken one after the other.
        pieces: the recordings that were joined to the file, each with a clock of its own, in order; one for most files.
    """

    path: Path
    fingerprint: str
    size_bytes: int
    duration_s: float
    start_s: float
    first_picture_s: float
    frame_rate: float
    width: int
    height: int
    rotation: int
    codec: str
    is_interlaced: bool
    pieces: tuple[Piece, ...]


def probe(path: Path) -> Video:
    """What is in a video file; reads its head, its end and spread chunks, not the whole of it.

    Raises:
        WiosError: no such file, no permission, empty, not a video, encrypted, no video track, no picture that can be
            decoded, or truncated (the last instant that can be read is named).
    """
    size_bytes = _readable_size(path)
    if path.suffix == parts.SUFFIX:
        size_bytes = sum(_readable_size(part) for part in parts.read_parts(path))
    if scheme := encryption(path):
        raise BadInput(
            f"{path}: its pictures are encrypted ({scheme}), so nobody can be seen in them; give a copy that is not"
        )
    pieces = read_pieces(path)
    first = pieces[0]
    with open_video(path, extent=first.extent) as (container, stream):
        picture, first_s = _first_picture(path, container, stream, first.start_s)
        rotation = _rotation(picture)
        _refuse_turned(path, pieces, rotation)
        width, height = display_size(picture, stream.sample_aspect_ratio, rotation)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        return Video(
            path=path,
            fingerprint=fingerprint(path),
            size_bytes=size_bytes,
            duration_s=pieces[-1].until_s,
            start_s=first.start_s,
            first_picture_s=max(0.0, first_s),
            frame_rate=float(rate),
            width=width,
            height=height,
            rotation=rotation,
            codec=stream.codec_context.name,
            is_interlaced=picture.interlaced_frame or _is_soon_interlaced(container, stream),
            pieces=tuple(pieces),
        )


def _rotation(picture: VideoFrame) -> int:
    """Degrees, counter-clockwise, by which a picture is turned for display; 0 where that is no multiple of 90."""
    rotation = round(picture.rotation) % 360
    return rotation if rotation % 90 == 0 else 0


def _refuse_turned(path: Path, pieces: Sequence[Piece], rotation: int) -> None:
    """Refuse a film with a part that is turned otherwise than by `rotation`, which is the first one's."""
    for piece in pieces[1:] if path.suffix == parts.SUFFIX else ():
        with open_video(path, extent=piece.extent) as (container, stream):
            other = _rotation(_first_picture(path, container, stream, 0.0)[0])
        if other != rotation:
            raise BadInput(
                f"{first_file(path, piece.extent)}: its pictures are turned by {other}°, those of "
                f"{first_file(path, pieces[0].extent)} by {rotation}°; make one file of the film's parts, for example "
                "with mkvmerge"
            )


def read_pieces(path: Path) -> list[Piece]:
    """The recordings that were joined to a file, in order, on one clock: the first picture of each follows the last one
    of the one before. Most files are one recording.

    Raises:
        WiosError: as for `probe`.
    """
    pieces: list[Piece] = []
    for extent in recordings(path, lambda extent: open_video(path, extent=extent)):
        with open_video(path, extent=extent) as (container, stream):
            own_start_s = (container.start_time or 0) / av.time_base
            from_s, start_s = 0.0, own_start_s
            if pieces:
                from_s = pieces[-1].until_s
                try:
                    start_s = _first_picture(path, container, stream, from_s)[1]
                except BadInput:
                    # A recording that was cut between two keyframes has no picture.
                    continue
            declared_s = _declared_duration_s(container, own_start_s)
            end_s = _end_s(path, container, stream, declared_s, own_start_s) + own_start_s
            track_end_s = _track_end_s(stream)
            pieces.append(
                Piece(extent, start_s, from_s, end_s - start_s, track_end_s and max(0.0, track_end_s - start_s))
            )
    return pieces


@contextmanager
def open_video(
    path: Path, threads: int = 1, decoder: Decoder = "software", extent: Extent | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """An open container and its main video track (cover pictures are no video track).

    Args:
        path: the film's file.
        threads: decoder threads.
        decoder: what decodes; software where it cannot.
        extent: the bytes of one recording of several in the file; None for the whole file.

    Raises:
        WiosError: the file cannot be opened, is not a video or has no video track.
    """
    _readable_size(path)
    try:
        container = open_container(address(path, extent), decoder)
    except av.error.PermissionError:
        raise Unavailable(f"{path}: no permission to read it; change its access rights") from None
    except (av.error.FFmpegError, ValueError) as error:
        raise BadInput(
            f"{path}: cannot be read as a video from its first byte on ({_reason(error)}); "
            "it is not a video, or was cut off while being copied: copy it again"
        ) from None
    try:
        stream = _main_track(path, container)
        if stream.codec_context is None:
            raise BadInput(f"{path}: its video codec is not known to this FFmpeg; convert the file to H.264")
        stream.codec_context.thread_count = threads
        if threads > 1:
            stream.thread_type = "AUTO"
        yield container, stream
    finally:
        container.close()


def _main_track(path: Path, container: InputContainer) -> VideoStream:
    """The track of the film: no cover, whether it is marked as one or is a still beside moving pictures."""
    tracks = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not tracks:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise BadInput(f"{path}: has no video track, only {kinds}; choose a file with pictures")
    moving = [s for s in tracks if s.codec_context is None or s.codec_context.name not in STILL_CODECS] or tracks
    return next((s for s in moving if s.disposition & av.stream.Disposition.default), moving[0])


def display_size(picture: VideoFrame, sample_aspect: Fraction | None, rotation: int) -> tuple[int, int]:
    """Width and height in pixels at which a player shows the picture: square pixels, upright."""
    aspect = sample_aspect if sample_aspect and sample_aspect > 0 else Fraction(1)
    width, height = max(1, round(picture.width * aspect)), picture.height
    return (height, width) if rotation in (90, 270) else (width, height)


def to_display(picture: VideoFrame, width: int, height: int, rotation: int) -> Image:
    """The picture as a player shows it: RGB uint8 [height, width, 3], whatever its pixel format, shape or size."""
    stored = (height, width) if rotation in (90, 270) else (width, height)
    shown = picture.reformat(width=stored[0], height=stored[1], format="rgb24", threads=1)
    rgb = np.asarray(shown.to_ndarray(), dtype=np.uint8)
    # Rows of odd widths are padded; dlib takes only contiguous arrays.
    return np.ascontiguousarray(np.rot90(rgb, rotation // 90))


def fingerprint(path: Path) -> str:
    """Content identity: blake2b over the size and 64 evenly spread chunks of 64 KiB (the whole of a small file).

    Raises:
        WiosError: the file cannot be read.
    """
    if path.suffix == parts.SUFFIX:
        return parts.fingerprint_of_parts([fingerprint(part) for part in parts.read_parts(path)])
    size = _readable_size(path)
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=20)
    last = max(0, size - FINGERPRINT_CHUNK_BYTES)
    offsets = sorted({last * i // (FINGERPRINT_CHUNKS - 1) for i in range(FINGERPRINT_CHUNKS)})
    position = 0
    try:
        with path.open("rb") as file:
            for offset in offsets:
                position = offset
                file.seek(offset)
                digest.update(file.read(FINGERPRINT_CHUNK_BYTES))
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read at byte {position} ({error.strerror}); copy it again") from None
    return digest.hexdigest()


def _readable_size(path: Path) -> int:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise BadInput(f"{path}: is a folder, not a video file; name the file inside it")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file; check the name") from None
    except PermissionError:
        raise Unavailable(f"{path}: no permission to read it; change its access rights") from None
    except OSError as error:
        raise Unavailable(f"{path}: cannot be opened ({error.strerror}); check the disk and copy it again") from None
    if size == 0:
        raise BadInput(f"{path}: is empty (0 bytes); copy it again")
    return size


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


def _first_picture(
    path: Path, container: InputContainer, stream: VideoStream, start_s: float
) -> tuple[VideoFrame, float]:
    """The first picture that can be decoded, and its time in seconds on the player's clock."""
    by_decoding = has_decoding_times_only(container)
    first_dts: int | None = None
    reason = "no packets"
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError as error:
            reason = _reason(error)
            break
        try:
            if by_decoding and first_dts is None:
                first_dts = packet.dts
            for picture in packet.decode():
                if first_dts is not None and stream.time_base is not None:
                    # Pictures come in the order of the screen, so the first has the first time of decoding.
                    return picture, float(first_dts * stream.time_base) - start_s
                return picture, picture.time - start_s if picture.time is not None else 0.0
        except av.error.FFmpegError as error:
            reason = _reason(error)
    raise BadInput(
        f"{path}: none of its {stream.codec_context.name} pictures can be decoded, from 0:00:00 to the end ({reason}); "
        "copy it again"
    )


def _is_soon_interlaced(container: InputContainer, stream: VideoStream) -> bool:
    """Whether one of the next pictures is marked as interlaced; a still beginning may be coded without fields."""
    with suppress(av.error.FFmpegError):
        return any(picture.interlaced_frame for picture in islice(container.decode(stream), FIRST_PICTURES))
    return False


def _declared_duration_s(container: InputContainer, start_s: float) -> float:
    """Length as the container gives it, or 0."""
    seconds = (container.duration or 0) / av.time_base
    # Matroska gives the time at which the last picture ends, every other container the length from its start on.
    return max(0.0, seconds - start_s) if "matroska" in container.format.name else seconds


def _track_end_s(stream: VideoStream) -> float | None:
    """End of the video track as the file gives it, in the container's seconds."""
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    text = stream.metadata.get("DURATION", "")
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def _end_s(path: Path, container: InputContainer, stream: VideoStream, declared_s: float, start_s: float) -> float:
    """When the last picture ends, seconds on the player's clock. Sound and subtitles that go on count for nothing.

    Raises:
        BadInput: every track ends long before the container says it does, so the file has been cut off; or the clock
            starts again, so that recordings have been joined.
    """
    near_end_s = max(0.0, declared_s - LARGEST_UNEXPLAINED_END_S)
    pictures_s, reached_s = _ends_s(path, container, stream, near_end_s + start_s, start_s)
    if reached_s < near_end_s or not pictures_s:
        # A seek beyond the last packet can land anywhere: read from the start before calling a file broken.
        more = _ends_s(path, container, stream, 0.0, start_s)
        pictures_s, reached_s = max(pictures_s, more[0]), max(reached_s, more[1])
    if reached_s < near_end_s:
        raise BadInput(
            f"{path}: breaks off at {format_clock(reached_s)} of {format_clock(declared_s)}; it was cut off while "
            "being copied or recorded: copy it again, or repair it with a remuxing tool"
        )
    return pictures_s or declared_s


def _ends_s(
    path: Path, container: InputContainer, stream: VideoStream, from_s: float, start_s: float
) -> tuple[float, float]:
    """Ends of the last picture and of the last packet of any track after `from_s` (seconds in the container's time),
    seconds on the player's clock; 0 where there is none."""
    by_decoding = has_decoding_times_only(container)
    pictures = reached = 0.0
    last_dts_s = -float("inf")
    usual_s = 1.0 / float(stream.average_rate) if stream.average_rate else 0.0
    # A file without keyframes cannot be sought, and is read from its start.
    with suppress(av.error.FFmpegError):
        container.seek(int(from_s * av.time_base))
    try:
        for packet in container.demux():
            time = packet.dts if by_decoding or packet.pts is None else packet.pts
            if time is None or not packet.size:
                continue
            is_picture = packet.stream.index == stream.index
            length_s = float((packet.duration or 0) * packet.time_base) or (usual_s if is_picture else 0.0)
            end_s = float(time * packet.time_base) + length_s - start_s
            reached = max(reached, end_s)
            if is_picture:
                dts_s = float((time if packet.dts is None else packet.dts) * packet.time_base)
                if dts_s < last_dts_s - CLOCK_RESTART_S and can_be_joined(container):
                    raise BadInput(clock_restarts(path, last_dts_s - start_s))
                last_dts_s = dts_s
                pictures = max(pictures, end_s)
    except av.error.FFmpegError:
        pass
    return pictures, reached


def has_decoding_times_only(container: InputContainer) -> bool:
    """Whether the container stores no times of showing, as AVI; those that FFmpeg guesses are wrong for B-frames."""
    return container.format.name == "avi"


def clock_restarts(path: Path, time_s: float) -> str:
    """The line for a file whose clock starts again after `time_s`, seconds on the player's clock."""
    return (
        f"{path}: its clock starts again after {format_clock(time_s)}, so recordings were joined; give it one clock by "
        "remuxing its parts, for example with mkvmerge"
    )
