"""Reads the playlists of a Blu-ray: which of its streams make a title, in which order."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import BadInput

_TICKS_PER_S = 45_000
_LARGEST = 1_000_000
"""Size in bytes up to which a file can be a playlist; the largest known are some hundred kilobytes."""


@dataclass(frozen=True)
class Playlist:
    """A title of a Blu-ray.

    Attributes:
        clips: numbers of its streams in order, such as `00800` for `STREAM/00800.m2ts`.
        seconds: length of what is played of them.
    """

    clips: tuple[str, ...]
    seconds: float


def read_playlist(path: Path) -> Playlist:
    """Read an `.mpls` file.

    The layout is described at https://en.wikibooks.org/wiki/User:Bdinfo/mpls. Of several angles the first is taken.

    Raises:
        BadInput: the file is no playlist, or is cut off.
        OSError: it could not be read.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST)
    try:
        if content[:4] != b"MPLS":
            raise ValueError
        return _parsed(content)
    except (struct.error, UnicodeDecodeError, ValueError):
        raise BadInput(f"{path}: not a Blu-ray playlist, or damaged; copy the disc again") from None


def main_playlist(playlists: Iterable[Playlist], streams: Collection[str]) -> Playlist | None:
    """The longest of a disc's playlists whose streams are all there.

    Playlists that play a stream twice are left out: they are loops of menus, or hide the main title.

    Args:
        playlists: in the order of their numbers; of equally long ones the first is taken.
        streams: numbers of the streams that the disc has.
    """
    whole = [
        playlist
        for playlist in playlists
        if len(set(playlist.clips)) == len(playlist.clips) and set(playlist.clips) <= set(streams)
    ]
    return max(whole, key=lambda playlist: playlist.seconds, default=None)


def _parsed(content: bytes) -> Playlist:
    (start,) = struct.unpack_from(">I", content, 8)
    (count,) = struct.unpack_from(">H", content, start + 6)
    clips, ticks = [], 0
    position = start + 10
    for _ in range(count):
        length, clip, kind = struct.unpack_from(">H5s4s", content, position)
        begin, end = struct.unpack_from(">II", content, position + 14)
        if kind != b"M2TS" or end < begin:
            raise ValueError
        clips.append(clip.decode("ascii"))
        ticks += end - begin
        position += 2 + length
    if not clips:
        raise ValueError
    return Playlist(tuple(clips), ticks / _TICKS_PER_S)
