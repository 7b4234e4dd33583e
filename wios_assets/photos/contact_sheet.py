"""Draws the verdicts on a gallery as one picture."""

from __future__ import annotations

import io
from collections.abc import Hashable
from typing import Any

import pandas as pd
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

CELL, CAPTION, NAME = 150, 30, 26
"""Pixels: side of a photo's cell, height of the caption under it, height of an actor's heading."""

JPEG_QUALITY = 85
TALLEST = 65_500
"""Most rows of pixels of a JPEG file; a sheet with more is made smaller."""

COLOURS = {"used": "#1a7f37", "duplicate": "#6e7781", "undecidable": "#9a6700", "unlike": "#cf222e"}
OTHER_COLOUR = "#bc4c00"


def contact_sheet(photos: pd.DataFrame, columns: int = 8) -> bytes:
    """JPEG of all photos with their verdicts, grouped by actor, with the chosen face framed.

    Args:
        photos: rows of `tables.GALLERY_PHOTOS`.
        columns: photos in a row.
    """
    text, small = ImageFont.load_default(15), ImageFont.load_default(11)
    groups = [(actor, rows.to_dict("records")) for actor, rows in photos.groupby("actor", sort=False)]
    height = sum(NAME + -(-len(rows) // columns) * (CELL + CAPTION) for _, rows in groups)
    sheet = Pillow.new("RGB", (columns * CELL, max(height, NAME)), "white")
    draw = ImageDraw.Draw(sheet)
    if not groups:
        draw.text((6, 5), "no photos", fill="black", font=text)
    top = 0
    for actor, rows in groups:
        used = sum(row["verdict"] == "used" for row in rows)
        draw.text((6, top + 5), f"{actor}: {used} of {len(rows)} used", fill="black", font=text)
        top += NAME
        for index, row in enumerate(rows):
            left, upper = (index % columns) * CELL, top + (index // columns) * (CELL + CAPTION)
            colour = COLOURS.get(row["verdict"], OTHER_COLOUR)
            _photo(sheet, draw, row, left, upper, colour)
            draw.text((left + 4, upper + CELL), row["verdict"].replace("_", " "), fill=colour, font=small)
            name = str(row["photo"]).replace("\\", "/").rsplit("/", 1)[-1]
            while draw.textlength(name, font=small) > CELL - 8:
                name = name.rstrip("…")[:-1] + "…"
            draw.text((left + 4, upper + CELL + 14), name, fill="#57606a", font=small)
        top += -(-len(rows) // columns) * (CELL + CAPTION)
    buffer = io.BytesIO()
    sheet.thumbnail((sheet.width, TALLEST))
    sheet.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _photo(
    sheet: Pillow.Image, draw: ImageDraw.ImageDraw, row: dict[Hashable, Any], left: int, upper: int, colour: str
) -> None:
    side = CELL - 8
    frame = (left + 3, upper + 3, left + CELL - 4, upper + CELL - 4)
    if isinstance(row["thumbnail"], bytes) and row["thumbnail"]:
        with Pillow.open(io.BytesIO(row["thumbnail"])) as stored:
            picture = stored.convert("RGB")
        picture.thumbnail((side, side))
        x, y = left + (CELL - picture.width) // 2, upper + (CELL - picture.height) // 2
        sheet.paste(picture, (x, y))
        if pd.notna(row["left"]) and pd.notna(row["width"]):
            scale = picture.width / row["width"]
            corners = [row["left"] * scale, row["top"] * scale, row["right"] * scale, row["bottom"] * scale]
            draw.rectangle((x + corners[0], y + corners[1], x + corners[2], y + corners[3]), outline=colour, width=2)
    draw.rectangle(frame, outline=colour, width=2)
