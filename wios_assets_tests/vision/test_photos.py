"""Photos of every kind come out upright and RGB, or are refused in one line."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageFile

from wios_assets.errors import WiosError
from wios_assets.vision.jpeg_xl import picture_size
from wios_assets.vision.photos import LARGEST_PIXELS, read_photo
from wios_assets_tests.vision.faces import package_pictures

RED, GREEN = (220, 30, 20), (20, 180, 40)


def two_halves(width: int = 60, height: int = 40) -> Pillow.Image:
    """Red above, green below."""
    picture = Pillow.new("RGB", (width, height), RED)
    picture.paste(GREEN, (0, height // 2, width, height))
    return picture


def saved(picture: Pillow.Image, path: Path, format_: str) -> None:
    """Save a picture; HEIF through the encoder of `pillow-heif`, which is not needed to read it."""
    if format_ == "HEIF":
        pillow_heif.from_pillow(picture).save(path, quality=90)
    elif format_ == "JXL":
        path.write_bytes(imagecodecs.jpegxl_encode(np.asarray(picture)))
    else:
        picture.save(path, format_)


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() <= 35)


def refusal(path: Path) -> str:
    with pytest.raises(WiosError) as refused:
        read_photo(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("orientation", "top", "size"),
    [(1, RED, (40, 60)), (3, GREEN, (40, 60)), (4, GREEN, (40, 60)), (6, None, (60, 40)), (8, None, (60, 40))],
)
def test_a_photo_is_turned_upright_by_its_exif(
    tmp_path: Path, orientation: int, top: tuple[int, int, int] | None, size: tuple[int, int]
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    two_halves().save(path, exif=exif, quality=95)
    photo = read_photo(path)
    assert photo.shape == (*size, 3)
    if top is not None:
        assert near(photo[3, 30], top)
    else:
        right, left = (RED, GREEN) if orientation == 6 else (GREEN, RED)
        assert near(photo[30, -3], right)
        assert near(photo[30, 3], left)


@pytest.mark.parametrize(
    ("format_", "kind"),
    [
        *(("PNG", kind) for kind in ("RGB", "L", "P", "1", "RGBA", "LA")),
        *(("JPEG", kind) for kind in ("RGB", "L", "CMYK", "YCbCr")),
        *(("TIFF", kind) for kind in ("RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "YCbCr")),
        *(("WEBP", kind) for kind in ("RGB", "RGBA")),
        *(("BMP", kind) for kind in ("RGB", "L", "P", "1")),
        *(("AVIF", kind) for kind in ("RGB", "RGBA")),
        *(("HEIF", kind) for kind in ("RGB", "RGBA", "L")),
        *(("JPEG2000", kind) for kind in ("RGB", "RGBA", "L")),
        *(("JXL", kind) for kind in ("RGB", "RGBA", "L", "LA")),
    ],
)
def test_photos_of_every_mode_come_out_as_rgb(tmp_path: Path, kind: str, format_: str) -> None:
    path = tmp_path / f"photo.{format_.lower()}"
    saved(two_halves().convert(kind), path, format_)
    photo = read_photo(path)
    assert photo.shape == (40, 60, 3)
    assert photo.dtype == np.uint8
    assert photo.flags.c_contiguous
    assert photo.flags.writeable
    if kind not in ("L", "1", "LA"):
        assert near(photo[3, 30], RED)
        assert near(photo[-3, 30], GREEN)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(8, axis=0)
    for name in ("deep.png", "deep.tiff"):
        Pillow.fromarray(ramp).save(tmp_path / name)
        photo = read_photo(tmp_path / name)
        assert photo.shape == (8, 256, 3)
        assert np.abs(photo[4, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bits_a_colour_are_read(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\x00" + struct.pack(">3H", 0xDC00, 0x1E00, 0x1400) * 4
    header = struct.pack(">IIBBBBB", 4, 3, 16, 2, 0, 0, 0)
    path = tmp_path / "deep.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 3)) + chunk(b"IEND", b"")
    )
    photo = read_photo(path)
    assert photo.shape == (3, 4, 3)
    assert near(photo[1, 1], RED)


def test_floating_point_fills_the_range_and_survives_what_is_no_number(tmp_path: Path) -> None:
    values = np.linspace(-2.0, 3.0, 64, dtype=np.float32)[None].repeat(4, axis=0)
    values[0, 0] = np.nan
    Pillow.fromarray(values).save(tmp_path / "float.tiff")
    photo = read_photo(tmp_path / "float.tiff")
    assert photo[2, 0, 0] == 0
    assert photo[2, -1, 0] == 255


def test_transparent_pixels_stand_on_white(tmp_path: Path) -> None:
    clear = Pillow.new("RGBA", (20, 20), (0, 0, 0, 0))
    clear.paste((*RED, 255), (0, 0, 20, 10))
    clear.save(tmp_path / "clear.png")
    photo = read_photo(tmp_path / "clear.png")
    assert near(photo[2, 2], RED)
    assert near(photo[-2, 2], (255, 255, 255))


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_picture(tmp_path: Path, format_: str) -> None:
    path = tmp_path / f"moving.{format_.lower()}"
    later = [Pillow.new("RGB", (60, 40), GREEN)] * 2
    two_halves().save(path, format_, save_all=True, append_images=later)
    photo = read_photo(path)
    assert near(photo[3, 30], RED)
    assert near(photo[-3, 30], GREEN)


@pytest.mark.parametrize("in_container", [False, True])
@pytest.mark.parametrize("size", [(60, 40), (64, 64), (256, 8), (300, 200), (1600, 900), (4000, 10), (9000, 1)])
def test_the_size_of_a_jpeg_xl_is_in_its_header(size: tuple[int, int], in_container: bool) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    content = bytes(imagecodecs.jpegxl_encode(pixels, usecontainer=in_container, effort=1))
    assert picture_size(content) == size


def test_a_jpeg_xl_of_deep_colour_or_several_pictures_is_read(tmp_path: Path) -> None:
    picture = np.asarray(two_halves())
    for name, pixels in (
        ("deep.jxl", picture.astype(np.uint16) * 257),
        ("float.jxl", (picture / 255).astype(np.float32)),
        ("moving.jxl", np.stack([picture, picture[::-1]])),
    ):
        (tmp_path / name).write_bytes(imagecodecs.jpegxl_encode(pixels))
        photo = read_photo(tmp_path / name)
        assert photo.shape == (40, 60, 3)
        assert near(photo[3, 30], RED)


def test_a_jpeg_xl_that_is_cut_off_or_too_large_is_refused(tmp_path: Path) -> None:
    whole = imagecodecs.jpegxl_encode(package_pictures()["astronaut"])
    path = tmp_path / "cut.jxl"
    for length in (3, 12, len(whole) // 2):
        path.write_bytes(whole[:length])
        assert "damaged or truncated picture" in refusal(path)
    # The header of a picture of 2 ** 18 pixels each way: not small, a length of 18 bits, the ratio 1:1.
    bits = 0 | 2 << 1 | (2**18 - 1) << 3 | 1 << 21
    path.write_bytes(b"\xff\x0a" + bits.to_bytes(16, "little"))
    assert "shrink the picture" in refusal(path)


def test_a_truncated_photo_is_refused_even_where_pillow_was_told_to_accept_it(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Pillow.fromarray(package_pictures()["astronaut"]).save(whole, "JPEG")
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        assert "damaged or truncated picture" in refusal(path)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def test_what_is_no_picture_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("shopping list")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "drawing.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    assert "not a picture" in refusal(tmp_path / "notes.jpg")
    assert "empty file" in refusal(tmp_path / "empty.png")
    assert "there is no such file" in refusal(tmp_path / "absent.jpg")
    assert "cannot be read" in refusal(tmp_path / "folder.jpg")
    assert "not a picture" in refusal(tmp_path / "drawing.eps")


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    side = int(LARGEST_PIXELS**0.5) + 1
    path = tmp_path / "bomb.png"
    Pillow.new("1", (side, side)).save(path)
    assert path.stat().st_size < 1_000_000
    assert "shrink the picture" in refusal(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), format_=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"]))
def test_a_damaged_photo_is_read_or_refused(tmp_path: Path, data: st.DataObject, format_: str) -> None:
    whole = io.BytesIO()
    two_halves().save(whole, format_)
    content = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with suppress(WiosError):
        assert read_photo(path).ndim == 3
        return
    refusal(path)


@pytest.mark.devset
def test_odd_photos_of_the_development_set_are_read_and_broken_ones_refused(devset: Path) -> None:
    assert read_photo(devset / "bad" / "cmyk.jpg").shape == (300, 240, 3)
    assert read_photo(devset / "bad" / "no_face.jpg").ndim == 3
    assert "truncated" in refusal(devset / "bad" / "truncated.jpg")
    assert "not a picture" in refusal(devset / "bad" / "text_renamed.mp4")
