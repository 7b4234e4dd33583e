"""Joined recordings, and films in parts: finds where the clock starts again, and names the bytes on either side.

MPEG streams play on where others are put behind them (`cat a.ts b.ts`, the cells of a DVD), but each keeps its own
clock. The bytes of each recording are read as a file of their own, through FFmpeg's protocols `subfile` and `concat`
(https://ffmpeg.org/ffmpeg-protocols.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from wios_assets.vision import parts

CLOCK_RESTART_S = 1.0
"""By how much the decoding clock must go back to have started again, in seconds."""

CLOCK_JUMP_S = 10.0
"""By how much it must jump ahead; FFmpeg's own limit for a discontinuity (`-dts_delta_threshold`), in seconds."""

READ_WHOLE_BYTES = 4 * 1024 * 1024
"""Stretches of a file up to this long are read packet by packet."""

SMALL_FILE_BYTES = 64 * 1024 * 1024
"""Files up to this size are read packet by packet as a whole, so that even short recordings in them are found."""

LEAST_OTHER_BYTES = 16 * 1024
"""Bytes behind a track's last packet from which on they are searched for another track that goes on."""

_PACKET_BYTES = (188, 192)
"""Length of a packet of a transport stream, without and with the time that Blu-ray puts ahead of each."""
_SYNC = 0x47
_PACK_START = b"\x00\x00\x01\xba"


Extent = tuple[int, int]

Opener = Callable[[Extent | None], AbstractContextManager[tuple[InputContainer, VideoStream]]]
"""Opens a stretch of a file, or the whole of it, as a container and its main video track."""


@dataclass(frozen=True)
class Piece:
    """A recording of a film in one or several recordings.

    Attributes:
        extent: positions in bytes of its first byte and of the one after its last; None for the whole file.
        start_s: its own presentation time at which the film's clock shows 0, in seconds.
        from_s: when it begins, seconds on the film's clock.
        until_s: end of its last picture, seconds on the film's clock.
        track_end_s: end of its video track as the file gives it, seconds on the film's clock; None where it does not.
    """

    extent: Extent | None
    start_s: float
    from_s: float
    until_s: float
    track_end_s: float | None


@dataclass(frozen=True)
class _Instant:
    """A packet of the video track: its position in bytes and its decoding time in seconds."""

    position: int
    time_s: float


def can_be_joined(container: InputContainer) -> bool:
    """Whether files of this kind play on where others are put behind them, as MPEG's streams do."""
    return container.format.name in ("mpegts", "mpeg")


def address(path: Path, extent: Extent | None) -> str:
    """What FFmpeg opens for a stretch of a file or of a list of a film's parts put together; None for all of it."""
    if extent is None:
        return parts.video_address(path)
    ranges = [
        f"subfile,,start,{first},end,{last},,:file:{file}"
        for file, first, last in _ranges(parts.files_of(path), *extent)
    ]
    return ranges[0] if len(ranges) == 1 else "concat:" + "|".join(ranges)


def recordings(path: Path, opened: Opener) -> list[Extent | None]:
    """The recordings that a file consists of, in order; None for the whole file where its clock never restarts.

    A part of a film is a recording, or several; only the files of one DVD title go on from one to the next.

    In files of more than `SMALL_FILE_BYTES`, stretches of up to half of that in which the clock advances by up to
    `CLOCK_JUMP_S` are not looked into, so a recording shorter than that may be missed there.

    Args:
        path: a video file, or a list of a film's parts.
        opened: opens a stretch of the file as a container and its main video track.
    """
    files = parts.files_of(path)
    streams = parts.streams_of(files)
    extents: list[Extent | None] = []
    start = 0
    for stream in streams:
        end = start + sum(file.stat().st_size for file in stream)
        extents += _recordings(files, start, end, opened, is_whole=len(streams) == 1)
        start = end
    return extents


def _recordings(files: Sequence[Path], first: int, end: int, opened: Opener, *, is_whole: bool) -> list[Extent | None]:
    """The recordings in the bytes from `first` to `end` of the files put together.

    Args:
        is_whole: whether these are all bytes of the files.
    """
    cuts: list[int] = []
    start: int | None = first
    while start is not None:
        with opened(None if is_whole and not start else (start, end)) as (container, stream):
            if not can_be_joined(container):
                break
            joints = list(_joints(container, stream, end - start))
            cuts += [_cut(files, start + before.position, start + after.position) for before, after in joints]
            last_start = joints[-1][1] if joints else None
            other = _other_track(container, stream, last_start, end - start)
        start = None if other is None else _cut(files, start + other[0].position, start + other[1].position)
        cuts += [] if start is None else [start]
    if is_whole and not cuts:
        return [None]
    return [*pairwise([first, *cuts, end])]


def first_file(path: Path, extent: Extent | None) -> Path:
    """The file in which a recording begins."""
    files = parts.files_of(path)
    return files[0] if extent is None else next(_ranges(files, *extent))[0]


def _other_track(
    container: InputContainer, stream: VideoStream, start: _Instant | None, size: int
) -> tuple[_Instant, _Instant] | None:
    """The video track's last instant and the first one of another that goes on where it has ended."""
    if len(container.streams.video) == 1:
        return None
    end, last = size, start
    while end - (position := last.position if last else 0) > READ_WHOLE_BYTES:
        middle = max(position + 1, end - READ_WHOLE_BYTES if end == size else (position + end) // 2)
        later = next(_instants(container, stream, middle), None)
        last, end = (last, middle) if later is None else (later, end)
    for instant in _instants(container, stream, position):
        last = instant
    if last is None or size - last.position < LEAST_OTHER_BYTES:
        return None
    others = [packet for packet in _instants(container, None, last.position) if packet.position > last.position]
    if not others or others[-1].time_s - others[0].time_s < CLOCK_RESTART_S:
        return None
    return last, others[0]


def _joints(container: InputContainer, stream: VideoStream, size: int) -> Iterator[tuple[_Instant, _Instant]]:
    """The last instant before each restart of the clock and the first one after it."""
    first = next(_instants(container, stream, 0), None)
    if first is None:
        return
    # Stretches still to be looked into, the first one last, each from an instant to a position.
    open_stretches: list[tuple[_Instant, int, _Instant | None]] = [(first, size, None)]
    while open_stretches:
        start, end, at_end = open_stretches.pop()
        is_short = size > SMALL_FILE_BYTES and end - start.position <= SMALL_FILE_BYTES // 2
        if is_short and at_end is not None and 0.0 <= at_end.time_s - start.time_s <= CLOCK_JUMP_S:
            continue
        middle = None
        if end - start.position > (READ_WHOLE_BYTES if size > SMALL_FILE_BYTES else size):
            middle = next(_instants(container, stream, (start.position + end) // 2), None)
        if middle is not None and start.position < middle.position < end:
            open_stretches += [(middle, end, at_end), (start, middle.position, middle)]
            continue
        last = start
        for instant in _instants(container, stream, start.position):
            if instant.position <= last.position:
                continue
            if not -CLOCK_RESTART_S <= instant.time_s - last.time_s <= CLOCK_JUMP_S:
                yield last, instant
            last = instant
            if instant.position >= end:
                break


def _instants(container: InputContainer, stream: VideoStream | None, position: int) -> Iterator[_Instant]:
    """The packets of a video track, or of all of them, from a position in bytes on."""
    try:
        container.seek(position, unsupported_byte_offset=True)
        for packet in container.demux(*([stream] if stream else container.streams.video)):
            time_s = _decoding_s(packet)
            if time_s is not None and packet.pos is not None and packet.pos >= position:
                yield _Instant(packet.pos, time_s)
    except av.error.FFmpegError:
        return


def _decoding_s(packet: Packet[Any]) -> float | None:
    time = packet.pts if packet.dts is None else packet.dts
    return None if time is None or not packet.size else float(time * packet.time_base)


def _cut(files: Sequence[Path], before: int, after: int) -> int:
    """Where the recording begins whose first picture is at byte `after`; the one before it has one at byte `before`.

    A transport stream cannot be read before its programme table, nor a program stream before the header of a pack.
    """
    content = _read(files, before, after + 4 * max(_PACKET_BYTES))
    if (length := _packet_bytes(content, after - before)) is None:
        return before + max(content.rfind(_PACK_START, 0, after - before), 0) or after
    ahead = length - min(_PACKET_BYTES)
    sync = after - before + (0 if content[after - before] == _SYNC else ahead)
    for start in range(sync - length, ahead - 1, -length):
        is_first = bool(content[start + 1] & 0x40)
        if content[start] == _SYNC and is_first and (content[start + 1] & 0x1F, content[start + 2]) == (0, 0):
            return before + start - ahead
    return before + sync - ahead


def _packet_bytes(content: bytes, at: int) -> int | None:
    """Length of a transport stream's packets, of which one begins at index `at`; None for another stream."""
    for length in _PACKET_BYTES:
        ahead = length - min(_PACKET_BYTES)
        for start in {at, at + ahead}:
            if all(content[start + k * length : start + k * length + 1] == b"\x47" for k in range(3)):
                return length
    return None


def _read(files: Sequence[Path], start: int, end: int) -> bytes:
    """The bytes from `start` to `end` of the files put together."""
    content = b""
    for file, first, last in _ranges(files, start, end):
        with file.open("rb") as opened:
            opened.seek(first)
            content += opened.read(last - first)
    return content


def _ranges(files: Sequence[Path], start: int, end: int) -> Iterator[tuple[Path, int, int]]:
    """The ranges of bytes of each file that make up the bytes from `start` to `end` of all together."""
    offset = 0
    for file in files:
        size = file.stat().st_size
        first, last = max(start - offset, 0), min(end - offset, size)
        if first < last:
            yield file, first, last
        offset += size
