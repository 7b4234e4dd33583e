"""Small copies of films that a browser cannot play itself, made once, in H.264 and AAC."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from wios_assets.atomic import atomic_path
from wios_assets.errors import WiosError
from wios_assets.films.media_cache import PREVIEWS, cached_file
from wios_assets.vision.video import display_size, open_video, to_display

WIDEST = 640
MOST_FRAMES_A_SECOND = 30.0
_CODECS = ("libx264", "libopenh264", "h264")
_AUDIO_RATE = 48_000
_AUDIO_FRAME = 1024
_KEYFRAME_S = 2
_CLOCK = Fraction(1, 90_000)


@dataclass(frozen=True)
class PreviewState:
    """How far a preview is; `share` made, 0 to 1, `reason` where it failed."""

    state: Literal["waiting", "making", "ready", "failed"]
    share: float = 0.0
    reason: str | None = None


class Previews:
    """Previews in the cache folder, made one after the other in a thread of their own. Any thread may ask."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / PREVIEWS
        self._states: dict[Path, PreviewState] = {}
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def file(self, film: Path) -> Path | None:
        """The preview of a film's file as it is now; None where there is none yet."""
        made = self._place(film)
        return made if made is not None and made.is_file() else None

    def ask(self, film: Path, duration_s: float) -> PreviewState:
        """State of a film's preview, which is begun if it was not yet."""
        made = self._place(film)
        if made is None:
            return PreviewState("failed", reason=f"{film}: the video file is gone; put it back")
        if made.is_file():
            return PreviewState("ready", 1.0)
        with self._lock:
            known = self._states.get(made)
            if known is not None and known.state != "ready":
                return known
            self._states[made] = PreviewState("waiting")
        threading.Thread(target=self._make, args=(film, made, duration_s), name="preview", daemon=True).start()
        return PreviewState("waiting")

    def _place(self, film: Path) -> Path | None:
        try:
            stat = film.stat()
        except OSError:
            return None
        return cached_file(self.folder, film, (stat.st_size, stat.st_mtime_ns, WIDEST), ".mp4")

    def _make(self, film: Path, made: Path, duration_s: float) -> None:
        def tell(seconds: float) -> None:
            share = min(1.0, seconds / duration_s) if duration_s > 0 else 0.0
            self._states[made] = PreviewState("making", share)

        with self._making:
            try:
                with atomic_path(made) as temporary:
                    write_preview(film, temporary, tell)
                self._states[made] = PreviewState("ready", 1.0)
            except (WiosError, OSError, ValueError) as error:
                # PyAV's errors are OSErrors or ValueErrors.
                self._states[made] = replace(PreviewState("failed"), reason=" ".join(str(error).split()))


def write_preview(film: Path, out: Path, tell: Callable[[float], None]) -> None:
    """Write a film as MP4 at most `WIDEST` pixels wide, on the same clock: second 75 stays second 75.

    Args:
        out: file to write. tell: called now and then with the seconds that are done.

    Raises:
        WiosError: the film cannot be read, or PyAV was built without an encoder for H.264.
        OSError, ValueError: it cannot be decoded, or the preview cannot be written.
    """
    codec = next((name for name in _CODECS if name in av.codecs_available), None)
    if codec is None:
        raise WiosError("this PyAV has no encoder for H.264; install the one from PyPI")
    with (
        open_video(film, threads=2) as (container, stream),
        av.open(str(out), "w", format="mp4", options={"movflags": "faststart"}) as made,
    ):
        start_s = (container.start_time or 0) / av.time_base
        sound = container.streams.audio[0] if container.streams.audio else None
        pictures = _Pictures(
            made, codec, stream.sample_aspect_ratio, min(float(stream.average_rate or 25), MOST_FRAMES_A_SECOND)
        )
        sounds = _Sounds(made) if sound is not None else None
        told, early = 0.0, list[tuple[av.AudioFrame, float]]()
        for packet in container.demux([each for each in (stream, sound) if each is not None]):
            try:
                decoded = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in decoded:
                if not isinstance(frame, av.VideoFrame | av.AudioFrame):
                    continue
                if frame.time is None or frame.time < start_s:
                    continue
                seconds = frame.time - start_s
                if isinstance(frame, av.VideoFrame):
                    pictures.add(frame, seconds)
                    if seconds - told > 1:
                        told = seconds
                        tell(seconds)
                else:
                    # Nothing may be written before the first picture has told its size.
                    early.append((frame, seconds))
                if pictures.size is not None and sounds is not None:
                    for heard in early:
                        sounds.add(*heard)
                    early.clear()
        pictures.end()
        if sounds is not None:
            sounds.end()


class _Pictures:
    """The preview's video track."""

    def __init__(self, made: OutputContainer, codec: str, aspect: Fraction | None, rate: float) -> None:
        self.made, self.aspect, self.rate = made, aspect, rate
        stream = made.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
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
        # A little less than a frame's length, since times jitter.
        if seconds - self.last_s < 0.9 / MOST_FRAMES_A_SECOND:
            return
        self.last_s = seconds
        rotation = round(frame.rotation) % 360 // 90 * 90
        if self.size is None:
            width, height = display_size(frame, self.aspect, rotation)
            scale = min(1.0, WIDEST / width)
            self.size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
            self.stream.width, self.stream.height = self.size
        shown = av.VideoFrame.from_ndarray(to_display(frame, *self.size, rotation), format="rgb24")
        shown.pts, shown.time_base = round(seconds / _CLOCK), _CLOCK
        self.made.mux(self.stream.encode(shown))

    def end(self) -> None:
        if self.size is None:
            raise WiosError("no picture of the film can be decoded; copy it again")
        self.made.mux(self.stream.encode())


class _Sounds:
    """The preview's sound track."""

    def __init__(self, made: OutputContainer) -> None:
        self.made = made
        self.stream: AudioStream = made.add_stream("aac", rate=_AUDIO_RATE, layout="stereo")
        self.stream.bit_rate = 96_000
        self.resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_AUDIO_RATE, frame_size=_AUDIO_FRAME)

    def add(self, frame: av.AudioFrame, seconds: float) -> None:
        frame.pts, frame.time_base = round(seconds * frame.sample_rate), Fraction(1, frame.sample_rate)
        self._encode(self.resampler.resample(frame))

    def end(self) -> None:
        self._encode(self.resampler.resample(None))
        self.made.mux(self.stream.encode())

    def _encode(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self.made.mux(self.stream.encode(frame))
