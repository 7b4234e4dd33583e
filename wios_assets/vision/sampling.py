"""Which picture is on screen at each point of the sampling grid, read as a stream with exact times.

A film's clock is the player's: presentation time less the container's start time. Sample k stands at
k / samples_per_second seconds; its picture is the one on screen at that instant, that is the last one whose time has
come, however long ago that was. Before a film's first picture there is nothing to look at, except that a picture which
comes within a tenth of a second counts as already there: the tracks of a file rarely start at exactly the same instant.
"""

from __future__ import annotations

import bisect
import heapq
import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from wios_assets.errors import BadInput
from wios_assets.vision.damage import Damage
from wios_assets.vision.deinterlacing import Deinterlacer
from wios_assets.vision.hardware import Decoder
from wios_assets.vision.pieces import CLOCK_RESTART_S, Piece, can_be_joined
from wios_assets.vision.video import Video, clock_restarts, has_decoding_times_only, open_video

CLOCK_TOLERANCE_S = 2e-6
"""Containers give their start time in whole microseconds; a picture due at an instant may seem this much later."""

LOST_BYTES = 16 * 1024
"""Bytes that a Matroska reader skips between two packets before the file counts as broken there."""

FIRST_PICTURE_GRACE_S = 0.1
"""A first picture that comes this soon after an instant stands in for the one that is missing there."""

LONGEST_MISSING_END_S = 1.0
"""By how much the video track may end before it should without counting as broken off, in seconds."""

LONGEST_REORDERING = 32
"""Packets that are read ahead at most to learn when the next picture comes."""

SEEK_BACK_S = (0.0, 2.0, 10.0, 60.0, 300.0)


@dataclass(frozen=True)
class Picture:
    """A decoded picture, on screen from `time_s` until the next one.

    Attributes:
        time_s: seconds on the player's clock.
        frame: the decoded frame; None where the file is broken from this instant to the next picture.
    """

    time_s: float
    frame: VideoFrame | None


@dataclass(frozen=True)
class MarkedPicture:
    """A picture and what the cut detector made of it.

    Attributes:
        picture: the picture.
        starts_shot: whether a shot starts with it.
        small: the picture shrunk, BGR uint8 [height, width, 3]; None where the file is broken.
        is_mixed: whether the shot before still shows through, in a dissolve.
    """

    picture: Picture
    starts_shot: bool
    small: NDArray[np.uint8] | None
    is_mixed: bool = False


@dataclass(frozen=True)
class Sample:
    """A point of the sampling grid.

    Attributes:
        number: index on the film's grid, from 0.
        time_s: number / samples_per_second, seconds on the player's clock.
        picture: what is on screen; None before the film's first picture.
        small: the picture shrunk, BGR uint8 [height, width, 3]; None where there is no readable picture.
        starts_shot: whether a cut lies between the sample before and this one.
        is_mixed: whether the shot before still shows through, in a dissolve.
    """

    number: int
    time_s: float
    picture: Picture | None
    small: NDArray[np.uint8] | None
    starts_shot: bool
    is_mixed: bool = False


def sample_count(duration_s: float, samples_per_second: float) -> int:
    """Samples of a film: all k with k / samples_per_second < duration_s."""
    count = max(0, math.ceil(duration_s * samples_per_second))
    while count and (count - 1) / samples_per_second >= duration_s:
        count -= 1
    while count / samples_per_second < duration_s:
        count += 1
    return count


def read_pictures(
    video: Video,
    from_s: float,
    before: int,
    threads: int = 1,
    only_needed_for: float | None = None,
    decoder: Decoder = "software",
) -> Generator[Picture]:
    """Pictures in order of time: `before` of them ahead of the one on screen at `from_s`, that one, all later ones.

    At the film's start there are fewer ahead. A damaged stretch longer than `damage.BRIDGED_S` gives one picture
    without a frame; a file that ends early gives one at its end, and a file of which nothing can be read any more gives
    that one alone.

    Args:
        video: the probed file.
        from_s: seconds on the player's clock.
        before: pictures wanted ahead of the one on screen at `from_s`.
        threads: decoder threads.
        only_needed_for: samples per second; pictures that are on screen at no sample and that no other picture is
            decoded from are then left out (B-frames mostly). None for all pictures.
        decoder: what decodes.

    Raises:
        WiosError: the file cannot be opened any more.
    """
    for start in _starts(video.pieces, from_s):
        ahead: deque[Picture] = deque(maxlen=before + 1)
        following: list[Picture] = []
        pictures = _from_start(video, start, threads, only_needed_for, decoder)
        for picture in pictures:
            if picture.time_s > from_s + CLOCK_TOLERANCE_S:
                following.append(picture)
                break
            ahead.append(picture)
        if len(ahead) > before or start.is_first:
            if not ahead and not following:
                yield Picture(video.first_picture_s, None)
            yield from ahead
            yield from following
            yield from pictures
            return
        pictures.close()


def read_samples(
    pictures: Iterable[MarkedPicture], first_sample: int, end_sample: int, samples_per_second: float
) -> Iterator[Sample]:
    """The samples `first_sample` to `end_sample` - 1 with the picture on screen at each.

    Args:
        pictures: in order of time; read no further than needed.
        first_sample: first sample wanted.
        end_sample: sample after the last one wanted.
        samples_per_second: the grid's rate.
    """
    number = first_sample
    picture: Picture | None = None
    small: NDArray[np.uint8] | None = None
    cut = is_mixed = False
    for marked in pictures:
        late_s = CLOCK_TOLERANCE_S if picture is not None else FIRST_PICTURE_GRACE_S
        while number < end_sample and marked.picture.time_s > number / samples_per_second + late_s:
            yield Sample(number, number / samples_per_second, picture, small, cut, is_mixed)
            cut = False
            number += 1
        if number >= end_sample:
            return
        picture, small, is_mixed = marked.picture, marked.small, marked.is_mixed
        cut = cut or marked.starts_shot
    while number < end_sample:
        yield Sample(number, number / samples_per_second, picture, small, cut, is_mixed)
        cut = False
        number += 1


@dataclass(frozen=True)
class _Start:
    """Where to begin reading: in which piece, and from which keyframe on.

    Attributes:
        piece: index of the piece.
        at_s: time whose keyframe is sought, seconds on the film's clock; None for the piece's start.
        is_first: whether nothing of the film lies before.
    """

    piece: int
    at_s: float | None
    is_first: bool


def _starts(pieces: Sequence[Piece], from_s: float) -> Iterator[_Start]:
    """Where to begin for pictures before `from_s` (seconds), ever further back."""
    current = max((i for i, piece in enumerate(pieces) if piece.from_s <= from_s), default=0)
    for index in range(current, -1, -1):
        latest_s = from_s if index == current else pieces[index].until_s
        for back_s in SEEK_BACK_S:
            if latest_s - back_s <= pieces[index].from_s:
                break
            yield _Start(index, latest_s - back_s, False)
        yield _Start(index, None, index == 0)


def _from_start(
    video: Video, start: _Start, threads: int, only_needed_for: float | None, decoder: Decoder
) -> Generator[Picture]:
    """All pictures from a start on; none where the file does not allow it to be sought."""
    at_s = start.at_s
    for piece in video.pieces[start.piece :]:
        with open_video(video.path, threads, decoder, piece.extent) as (container, stream):
            if at_s is not None and not _seek(container, stream, at_s + piece.start_s):
                return
            # The filter needs each picture's neighbours, so none is left undecoded.
            pictures = _decode(container, stream, video, piece, None if video.is_interlaced else only_needed_for)
            yield from _deinterlaced(pictures) if video.is_interlaced else pictures
        at_s = None


def _deinterlaced(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The same pictures with their two fields made one; a broken stretch separates neighbours."""
    deinterlacer = Deinterlacer()
    waiting: deque[float] = deque()
    for picture in pictures:
        if picture.frame is None:
            yield from (Picture(waiting.popleft(), frame) for frame in deinterlacer.flush())
            yield picture
        else:
            waiting.append(picture.time_s)
            yield from (Picture(waiting.popleft(), frame) for frame in deinterlacer.add(picture.frame))
    yield from (Picture(waiting.popleft(), frame) for frame in deinterlacer.flush())


def _seek(container: InputContainer, stream: VideoStream, to_s: float) -> bool:
    """Go to the keyframe before `to_s`, seconds in the container's time; False if the file does not allow it."""
    assert stream.time_base is not None
    try:
        container.seek(math.floor(to_s / float(stream.time_base)), stream=stream)
    except av.error.FFmpegError:
        return False
    return True


def _decode(
    container: InputContainer, stream: VideoStream, video: Video, piece: Piece, only_needed_for: float | None
) -> Iterator[Picture]:
    """Pictures of a piece from the container's current position, with broken stretches marked."""
    start_s = piece.start_s
    damage = Damage()
    step_s = 1.0 / video.frame_rate if video.frame_rate > 0 else 0.04
    last_s = shown_s = -math.inf
    read_to_s = piece.from_s
    # AVI gives no times of showing: pictures come in the order of the screen, so each has the least time left.
    by_decoding = has_decoding_times_only(container)
    unshown: list[int] = []
    time_base = stream.time_base or Fraction(1, av.time_base)
    packets = _packets(container, stream, time_base, damage, start_s)
    rate = None if by_decoding else only_needed_for
    for packet, is_needed in _with_need(packets, time_base, start_s, rate):
        # Beside damage every picture is decoded, since the one that a sample needs may be lost.
        stream.codec_context.skip_frame = "DEFAULT" if is_needed or damage.is_active else "NONREF"
        if packet.pts is not None:
            read_to_s = max(read_to_s, _seconds(packet.pts + (packet.duration or 0), time_base) - start_s)
        if by_decoding and packet.dts is not None and packet.size:
            heapq.heappush(unshown, packet.dts)
        frames: list[VideoFrame] = []
        try:
            frames = list(packet.decode())
        except av.error.FFmpegError:
            damage.error(_packet_time_s(packet, start_s, last_s + step_s))
        if packet.is_corrupt and packet.size:
            damage.packets_lost(_packet_time_s(packet, start_s, last_s + step_s))
        if frames and by_decoding and math.isinf(last_s) and stream.codec_context.name == "mpeg4":
            # Behind a keyframe that was sought the decoder drops the B-frames that are shown before it. The first
            # picture that it gives is shown one picture before the packet with which it comes is decoded.
            while len(unshown) > 1 and frames[0].dts is not None and unshown[0] < frames[0].dts - 1:
                heapq.heappop(unshown)
        for frame in frames:
            if unshown:
                time_s = _seconds(heapq.heappop(unshown), time_base) - start_s
            elif frame.time is not None:
                time_s = frame.time - start_s
            else:
                time_s = max(last_s, piece.from_s - step_s) + step_s
            if time_s < last_s - CLOCK_RESTART_S and can_be_joined(container):
                raise BadInput(clock_restarts(video.path, last_s))
            if time_s <= last_s:
                continue
            is_intra = frame.key_frame or frame.pict_type == PictureType.I
            use = damage.take(time_s, frame.is_corrupt, is_intra, step_s)
            if use.gap_from_s is not None and use.gap_from_s < time_s:
                yield Picture(max(use.gap_from_s, shown_s + CLOCK_TOLERANCE_S), None)
            last_s = time_s
            if use.is_shown:
                shown_s = time_s
                yield Picture(time_s, frame)
    if (broken_s := damage.end(max(read_to_s, last_s + step_s))) is not None:
        yield Picture(max(broken_s, shown_s + CLOCK_TOLERANCE_S), None)
    elif math.isfinite(last_s) and max(read_to_s, last_s) + LONGEST_MISSING_END_S < (piece.track_end_s or 0.0):
        yield Picture(max(read_to_s, last_s + step_s), None)


def _with_need(
    packets: Iterator[Packet[VideoStream]], time_base: Fraction, start_s: float, samples_per_second: float | None
) -> Iterator[tuple[Packet[VideoStream], bool]]:
    """Each packet with whether its picture is on screen at some sample.

    The next picture's time is known once the decoding times have reached it, a few packets ahead. Packets without
    times, and those of files whose order is too odd, count as needed.
    """
    ahead: deque[Packet[VideoStream]] = deque()
    times: list[int] = []
    for packet in packets:
        if samples_per_second is None or packet.pts is None or packet.dts is None:
            while ahead:
                yield ahead.popleft(), True
            times.clear()
            yield packet, True
            continue
        ahead.append(packet)
        bisect.insort(times, packet.pts)
        while ahead:
            shown = ahead[0].pts
            assert shown is not None
            later = bisect.bisect_right(times, shown)
            following = times[later] if later < len(times) else None
            if following is not None and packet.dts >= following:
                first, end = _seconds(shown, time_base) - start_s, _seconds(following, time_base) - start_s
                is_needed = _holds_sample(first, end, samples_per_second)
            elif len(ahead) > LONGEST_REORDERING:
                is_needed = True
            else:
                break
            yield ahead.popleft(), is_needed
            # Pictures shown before everything that is still to be decoded are no one's successor any more.
            del times[: bisect.bisect_left(times, min(shown, *(p.pts or 0 for p in ahead)) if ahead else shown)]
    for packet in ahead:
        yield packet, True


def _holds_sample(from_s: float, to_s: float, samples_per_second: float) -> bool:
    """Whether a picture shown from `from_s` to `to_s` may be on screen at a point of the grid."""
    number = math.ceil((from_s - CLOCK_TOLERANCE_S) * samples_per_second - 1e-9)
    return number / samples_per_second <= to_s + CLOCK_TOLERANCE_S


def _seconds(time: int, base: Fraction) -> float:
    """A time in units of `base` as seconds, as exact as `float(time * base)` without the cost of a fraction."""
    return time * base.numerator / base.denominator


def _packet_time_s(packet: Packet[VideoStream], start_s: float, otherwise_s: float) -> float:
    if packet.pts is None:
        return max(0.0, otherwise_s)
    return _seconds(packet.pts, packet.time_base) - start_s


def _packets(
    container: InputContainer, stream: VideoStream, time_base: Fraction, damage: Damage, start_s: float
) -> Iterator[Packet[VideoStream]]:
    """The video track's packets. A Matroska reader skips broken bytes silently; the gap is detected here."""
    watch_bytes = "matroska" in container.format.name
    packets: Iterator[Packet[Any]] = container.demux() if watch_bytes else container.demux(stream)
    read_to: int | None = None
    last_decoding_s = last_end_s = 0.0
    while True:
        try:
            packet = next(packets)
        except (StopIteration, EOFError):
            return
        except av.error.FFmpegError:
            damage.cut_off(last_decoding_s)
            return
        if watch_bytes and packet.pos is not None and packet.size:
            if read_to is not None and packet.pos - read_to > LOST_BYTES:
                # What was lost stood later in decoding order than what came before it.
                damage.error(last_decoding_s)
                damage.error(last_end_s)
            read_to = packet.pos + packet.size
        if packet.stream.index != stream.index:
            continue
        if packet.pts is not None:
            length_s = _seconds(packet.duration or 0, time_base)
            last_end_s = max(last_end_s, _seconds(packet.pts, time_base) - start_s + length_s)
            decoding = packet.pts if packet.dts is None else packet.dts
            last_decoding_s = _seconds(decoding, time_base) - start_s + length_s
        yield packet
