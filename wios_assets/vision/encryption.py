"""Recognises copy protection, since FFmpeg reads an encrypted film as a damaged one, or as none at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wios_assets.vision import parts

_LOOKS = 3
_LOOK_BYTES = 2 * 1024 * 1024
_HEAD_BYTES = 64 * 1024
_LEAST_CSS = 0.1
"""Share of a DVD's video packets that must be marked as scrambled; about half of them are."""
_LEAST_SCRAMBLED = 0.5
"""Share of a broadcast's packets that must be; a receiver may be without its key for a while."""

_MP4_ENTRIES = {b"encv": "Common Encryption, as streaming services use it", b"drmi": "Apple's FairPlay"}
"""Types of video sample entries (ISO/IEC 14496-12, section 8.12); FFmpeg gives those that lie beneath."""

_MP4_FOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_MP4_BEGINNINGS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_ASF_BEGINNING = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PACK_BEGINNING = b"\x00\x00\x01\xba"

_ASF_KEYS = (bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"), bytes.fromhex("14e68a292226174cb935dae07ee9289c"))
"""Content Encryption Object and its extended form, Advanced Systems Format 01.20.03, sections 3.14 and 3.15."""

_EBML_BEGINNING = bytes.fromhex("1a45dfa3")
_SEGMENT, _CLUSTER, _TRACKS, _TRACK, _TRACK_TYPE = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x83
_ENCODINGS, _ENCODING, _ENCRYPTION = 0x6D80, 0x6240, 0x5035
"""Identities of Matroska's elements (RFC 9559, section 5.1)."""

_SYNC = 0x47
_BLURAY_PACKET, _BLURAY_UNIT = 192, 6144
_VIDEO_START = b"\x00\x00\x01\xe0"


def encryption(path: Path) -> str | None:
    """The copy protection of a film's pictures, in words; None where none is recognised.

    Args:
        path: a video file, or the list of a film's parts.

    Raises:
        OSError: the file cannot be read.
    """
    file = parts.files_of(path)[0]
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
        if head[4:8] in _MP4_BEGINNINGS:
            entries = set(_sample_entries(opened, 0, file.stat().st_size))
            return next((scheme for entry, scheme in _MP4_ENTRIES.items() if entry in entries), None)
    if head.startswith(_ASF_BEGINNING):
        return "Windows Media DRM" if any(key in head for key in _ASF_KEYS) else None
    if head.startswith(_EBML_BEGINNING):
        with file.open("rb") as opened:
            return "Matroska's or WebM's encryption" if _is_encrypted_matroska(opened, file.stat().st_size) else None
    if head.startswith(_PACK_BEGINNING):
        return "CSS, as on DVDs" if _is_scrambled_program(file) else None
    if _has_aacs(head[:_BLURAY_UNIT]):
        return "AACS, as on Blu-rays"
    if head[:1] == b"\x47" or head[4:5] == b"\x47":
        return "a broadcaster's conditional access" if _is_scrambled_transport(file) else None
    return None


def _has_aacs(unit: bytes) -> bool:
    """Whether the first unit of a Blu-ray's stream is encrypted: its first 16 bytes are clear and its 32 packets
    marked (AACS Blu-ray Disc Pre-recorded Book, section 3.10)."""
    is_marked = len(unit) == _BLURAY_UNIT and unit[0] & 0xC0 == 0xC0 and unit[4] == _SYNC
    return is_marked and not all(unit[k + 4] == _SYNC for k in range(0, _BLURAY_UNIT, _BLURAY_PACKET))


def _sample_entries(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Types of all sample entries between two positions of an MP4 file."""
    while start + 8 <= end:
        file.seek(start)
        head = file.read(24)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        length = 8
        if size == 1:
            size, length = int.from_bytes(head[8:16], "big"), 16
        size = size or end - start
        if size < length:
            return
        if kind in _MP4_FOLDERS:
            yield from _sample_entries(file, start + length, min(end, start + size))
        elif kind == b"stsd":
            # Version, flags and the number of entries come first; each entry is a box.
            at = start + length + 8
            while at + 8 <= min(end, start + size):
                file.seek(at)
                entry = file.read(8)
                yield entry[4:]
                at += max(8, int.from_bytes(entry[:4], "big"))
        start += size


def _is_encrypted_matroska(file: BinaryIO, size: int) -> bool:
    """Whether a video track has the element `ContentEncryption` (RFC 9559, section 5.1.4.1.31.8)."""
    for segment, start, end in _elements(file, 0, size):
        for element, tracks_start, tracks_end in _elements(file, start, end) if segment == _SEGMENT else ():
            if element == _CLUSTER:
                return False
            if element == _TRACKS:
                tracks = _elements(file, tracks_start, tracks_end)
                return any(kind == _TRACK and _is_encrypted_track(file, *extent) for kind, *extent in tracks)
    return False


def _is_encrypted_track(file: BinaryIO, start: int, end: int) -> bool:
    is_video = is_encrypted = False
    for element, inner_start, inner_end in _elements(file, start, end):
        if element == _TRACK_TYPE:
            file.seek(inner_start)
            is_video = int.from_bytes(file.read(inner_end - inner_start), "big") == 1
        elif element == _ENCODINGS:
            encodings = [extent for kind, *extent in _elements(file, inner_start, inner_end) if kind == _ENCODING]
            is_encrypted = any(kind == _ENCRYPTION for extent in encodings for kind, *_ in _elements(file, *extent))
    return is_video and is_encrypted


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Identity, start and end of the content of each EBML element between two positions (RFC 8794, section 4)."""
    while start < end:
        file.seek(start)
        head = file.read(12)
        if not head or not head[0] or head[0] < 0x10:
            return
        id_length = 9 - head[0].bit_length()
        identity, rest = int.from_bytes(head[:id_length], "big"), head[id_length:]
        if not rest or not rest[0]:
            return
        length = 9 - rest[0].bit_length()
        size = int.from_bytes(rest[:length], "big") & ((1 << 7 * length) - 1)
        content = start + id_length + length
        # All bits set: the size is unknown, the element goes on to the end of the one around it.
        after = end if size == (1 << 7 * length) - 1 else content + size
        yield identity, content, min(after, end)
        start = after


def _is_scrambled_program(file: Path) -> bool:
    """Whether PES packets of the video stream have `PES_scrambling_control` set (ISO/IEC 13818-1, table 2-21)."""
    scrambled = packets = 0
    for content in _looks(file):
        at = content.find(_VIDEO_START)
        while 0 <= at < len(content) - 7:
            # MPEG-2's header begins with the bits 10; MPEG-1's has no such field.
            if content[at + 6] & 0xC0 == 0x80:
                packets += 1
                scrambled += bool(content[at + 6] & 0x30)
            at = content.find(_VIDEO_START, at + 4)
    return scrambled > _LEAST_CSS * packets


def _is_scrambled_transport(file: Path) -> bool:
    """Whether packets have `transport_scrambling_control` set (ISO/IEC 13818-1, table 2-2)."""
    scrambled = packets = 0
    for content in _looks(file):
        array = np.frombuffer(content, dtype=np.uint8)
        for length in (188, _BLURAY_PACKET):
            sync = next((at for at in range(length) if (array[at::length][:20] == _SYNC).all()), None)
            if sync is not None:
                count = (len(array) - sync) // length
                flags = array[sync : sync + count * length].reshape(count, length)[:, 3]
                packets += count
                scrambled += int(np.count_nonzero(flags & 0xC0))
                break
    return scrambled > _LEAST_SCRAMBLED * packets


def _looks(file: Path) -> list[bytes]:
    """Stretches of a file's beginning, middle and end."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        contents = []
        for look in range(_LOOKS):
            opened.seek(max(0, size - _LOOK_BYTES) * look // (_LOOKS - 1))
            contents.append(opened.read(_LOOK_BYTES))
    return contents
