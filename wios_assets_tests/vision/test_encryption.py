"""Copy protection is named in one line; films without it are never called so."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from wios_assets.errors import BadInput
from wios_assets.vision.video import probe
from wios_assets_tests.video_files import numbered_picture, write_film

pytestmark = pytest.mark.slow

UNIT, BLURAY_PACKET, PACKET, PACK = 6144, 192, 188, 2048
KEYS = {"encryption_key": "76a6c65c5ea762046bd749a2e632ccbb", "encryption_kid": "a7e61c373e219033c21091fa607bf3b8"}


def film(path: Path, **options: Any) -> Path:
    noise = np.random.default_rng(0).integers(-40, 40, (60, 240, 320, 1))
    pictures = [np.clip(numbered_picture(i, 320, 240) + noise[i], 0, 255).astype(np.uint8) for i in range(60)]
    return write_film(path, pictures, keyframe_every=12, **options)


def common_encryption(folder: Path) -> Path:
    plain, path = film(folder / "plain.mp4"), folder / "film.mp4"
    with (
        av.open(str(plain)) as source,
        av.open(str(path), "w", options={"encryption_scheme": "cenc-aes-ctr", **KEYS}) as sink,
    ):
        copy = sink.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                sink.mux(packet)
    return path


def fairplay(folder: Path) -> Path:
    path = film(folder / "film.mp4")
    content = path.read_bytes()
    assert content.count(b"avc1") >= 1
    at = content.rindex(b"avc1")
    path.write_bytes(content[:at] + b"drmi" + content[at + 4 :])
    return path


def content_scrambling_system(folder: Path) -> Path:
    """Every other pack's video is scrambled from byte 128 on, as CSS does, and says so."""
    path = film(folder / "VTS_01_1.vob", codec="mpeg2video", bit_rate=6_000_000)
    content = bytearray(path.read_bytes())
    for pack in range(4 * PACK, len(content) - PACK, 2 * PACK):
        packet = content.index(b"\x00\x00\x01", pack + 14)
        if content[packet + 3] == 0xE0:
            content[packet + 6] |= 0x10
            content[pack + 128 : pack + PACK] = secrets.token_bytes(PACK - 128)
    path.write_bytes(content)
    return path


def aacs(folder: Path) -> Path:
    path = film(folder / "00001.m2ts", container_options={"mpegts_m2ts_mode": "1"})
    content = bytearray(path.read_bytes())
    content = content[: len(content) // UNIT * UNIT]
    for unit in range(0, len(content), UNIT):
        for packet in range(unit, unit + UNIT, BLURAY_PACKET):
            content[packet] |= 0xC0
        content[unit + 16 : unit + UNIT] = secrets.token_bytes(UNIT - 16)
    path.write_bytes(content)
    return path


def conditional_access(folder: Path) -> Path:
    path = film(folder / "film.ts")
    content = bytearray(path.read_bytes())
    for packet in range(0, len(content), PACKET):
        if (content[packet + 1] & 0x1F) << 8 | content[packet + 2] == 0x100:
            content[packet + 3] |= 0x80
            has_field = content[packet + 3] & 0x20
            payload = min(4 + (1 + content[packet + 4] if has_field else 0), PACKET)
            content[packet + payload : packet + PACKET] = secrets.token_bytes(PACKET - payload)
    path.write_bytes(content)
    return path


def windows_media(folder: Path) -> Path:
    """The codec list, which no reader needs, takes the identity of the object that holds keys."""
    path = film(folder / "film.wmv", codec="wmv2", b_frames=0)
    codec_list = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    content = path.read_bytes()
    assert codec_list in content
    path.write_bytes(content.replace(codec_list, bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")))
    return path


def element(identity: str, content: bytes) -> bytes:
    """An element of EBML, its size in eight bytes."""
    return bytes.fromhex(identity) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def matroska(folder: Path, suffix: str = "mkv") -> Path:
    """The description of the video track says that its packets are encrypted with AES and a key of this identity."""
    codec = "libx264" if suffix == "mkv" else "libvpx"
    path = film(folder / f"film.{suffix}", codec=codec, b_frames=0, container_options={"write_crc32": "0"})
    content = path.read_bytes()
    segment = content.index(bytes.fromhex("18538067"))
    # The index before it names the element as well.
    tracks = content.index(bytes.fromhex("1654ae6b"), content.index(bytes.fromhex("1654ae6b")) + 4)
    start, end = extent_after(content, tracks + 4)
    assert content[start] == 0xAE
    track_start, track_end = extent_after(content, start + 1)
    encryption = element("5035", element("47e1", b"\x05") + element("47e2", secrets.token_bytes(16)))
    encodings = element("6d80", element("6240", element("5033", b"\x01") + encryption))
    track = element("ae", content[track_start:track_end] + encodings)
    unknown_size = b"\x01" + 7 * b"\xff"
    assert content[segment + 4] == 0x01
    path.write_bytes(
        content[: segment + 4]
        + unknown_size
        + content[segment + 12 : tracks]
        + element("1654ae6b", track + content[track_end:end])
        + content[end:]
    )
    return path


def extent_after(content: bytes, at: int) -> tuple[int, int]:
    """Start and end of an element's content, whose size stands at a position."""
    length = 9 - content[at].bit_length()
    size = int.from_bytes(content[at : at + length], "big") & ((1 << 7 * length) - 1)
    return at + length, at + length + size


def webm(folder: Path) -> Path:
    return matroska(folder, "webm")


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (common_encryption, "Common Encryption"),
        (fairplay, "FairPlay"),
        (content_scrambling_system, "CSS, as on DVDs"),
        (aacs, "AACS, as on Blu-rays"),
        (conditional_access, "conditional access"),
        (windows_media, "Windows Media DRM"),
        (matroska, "Matroska's or WebM's encryption"),
        (webm, "Matroska's or WebM's encryption"),
    ],
)
def test_an_encrypted_film_is_called_so(tmp_path: Path, write: Callable[[Path], Path], name: str) -> None:
    path = write(tmp_path)
    with pytest.raises(BadInput) as caught:
        probe(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: its pictures are encrypted (")
    assert name in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.m2ts", "a.vob", "a.wmv", "a.mpg"])
def test_a_film_in_the_clear_is_not(tmp_path: Path, name: str) -> None:
    codec = {"vob": "mpeg2video", "mpg": "mpeg1video", "wmv": "wmv2"}.get(name[2:], "libx264")
    rate = 6_000_000 if codec.startswith("mpeg") else None
    path = film(tmp_path / name, codec=codec, bit_rate=rate, b_frames=0 if codec == "wmv2" else 2)
    assert probe(path).duration_s == pytest.approx(2.4, abs=0.05)
