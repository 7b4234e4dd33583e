"""A photo file as an upright RGB array, or one line that says why not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pi_heif
from PIL import Image as Pillow
from PIL import ImageFile, ImageOps, UnidentifiedImageError

from wios_assets.errors import BadInput, NotFound, Unavailable, WiosError
from wios_assets.vision.engine import Image
from wios_assets.vision.jpeg_xl import CONTAINER, decode, is_jpeg_xl, picture_size

LARGEST_PIXELS = 128_000_000
"""A photo of more pixels is refused before it is decoded: 384 MB as RGB, more than any camera phone's."""

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", "TGA", "ICO")
"""Formats of photos; Pillow's others are documents, or start other programs to be read.

HEIF comes from `pi-heif`, which decodes only: the wheels of `pillow-heif` contain x265, which is under the GPL. JPEG XL
is read by `jpeg_xl`, since Pillow's plug-in for it, `pillow-jxl-plugin`, is under the GPL as well."""

pi_heif.register_heif_opener()


def read_photo(path: Path) -> Image:
    """Picture of a file, turned upright by its EXIF orientation.

    Formats are those of `FORMATS` and JPEG XL. 16-bit greyscale is scaled down, CMYK and palettes are converted,
    transparent pixels stand on white, an animation gives its first frame.

    Returns:
        RGB, uint8 [height, width, 3].

    Raises:
        WiosError: the file is absent, not a picture, damaged, truncated or larger than `LARGEST_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures and odd metadata; the limit below decides instead.
            warnings.simplefilter("ignore")
            with path.open("rb") as file:
                if is_jpeg_xl(file.read(len(CONTAINER))):
                    return _jpeg_xl(path)
            with Pillow.open(path, formats=FORMATS) as picture:
                _refuse_larger(path, *picture.size)
                # face_recognition, if anything imported it, lets truncated pictures pass as grey ones.
                ImageFile.LOAD_TRUNCATED_IMAGES = False
                return _upright_rgb(picture)
    except WiosError:
        raise
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file") from None
    except (PermissionError, IsADirectoryError) as error:
        raise Unavailable(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
    except UnidentifiedImageError:
        if path.stat().st_size == 0:
            raise BadInput(f"{path}: empty file; fetch it again or remove it") from None
        raise BadInput(
            f"{path}: not a picture, or of a kind that cannot be read; save it as JPEG or PNG, or remove it"
        ) from None
    except Pillow.DecompressionBombError as error:
        raise BadInput(f"{path}: {error}; shrink the picture") from None
    except Exception as error:
        # On damaged files Pillow's decoders raise whatever their parsing trips over.
        what = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{path}: damaged or truncated picture ({what}); fetch it again or remove it") from None


def _refuse_larger(path: Path, width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise BadInput(
            f"{path}: {width} × {height} pixels are more than {LARGEST_PIXELS / 1e6:.0f} million; shrink the picture"
        )


def _jpeg_xl(path: Path) -> Image:
    content = path.read_bytes()
    _refuse_larger(path, *picture_size(content))
    return _upright_rgb(Pillow.fromarray(decode(content)))


def _upright_rgb(picture: Pillow.Image) -> Image:
    picture.seek(0)
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        return _grey_to_rgb(np.asarray(upright))
    if upright.has_transparency_data:
        cut_out = upright.convert("RGBA")
        upright = Pillow.new("RGBA", cut_out.size, "white")
        upright.alpha_composite(cut_out)
    return np.array(upright.convert("RGB"), dtype=np.uint8)


def _grey_to_rgb(values: np.ndarray) -> Image:
    """Deep greyscale [height, width] as RGB; whole numbers of up to 16 bits keep their scale, others fill the range."""
    grey = np.nan_to_num(values.astype(np.float64))
    low, high = (0.0, 65535.0) if values.dtype.kind in "ui" and 0 <= grey.min() <= 65535 >= grey.max() else _range(grey)
    scaled = np.rint((grey - low) * (255.0 / (high - low))).clip(0, 255).astype(np.uint8)
    return np.repeat(scaled[:, :, None], 3, axis=2)


def _range(grey: np.ndarray) -> tuple[float, float]:
    low, high = float(grey.min()), float(grey.max())
    return (low, high) if high > low else (low, low + 1.0)
