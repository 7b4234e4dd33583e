"""Generates the example of `wios demo`: a film, its gallery and its IMDB tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

from wios_assets.atomic import atomic_path
from wios_assets.demo.edit_list import EDIT_LIST, QUESTION_S, TruthRow
from wios_assets.demo.film import encode, frames
from wios_assets.demo.gallery import PHOTOS, Photo, gallery_photo
from wios_assets.demo.imdb_tables import TABLES, TCONST, TITLE, YEAR, imdb_file
from wios_assets.demo.portraits import portraits
from wios_assets.errors import file_error

KEY = f"{TITLE} ({YEAR})"


@dataclass(frozen=True)
class Example:
    """Files of the example and the facts about it.

    Attributes:
        key: the film's partition key, its file's stem.
        film: video file, 640 × 360, 25 frames a second.
        films, galleries, imdb: input folders, as the settings of those names want them.
        truth: table of who is visible when, in the film's folder (start_s, end_s, person, visible, optional).
        truth_rows: its rows.
        cuts_s: instants of the cuts, seconds.
        duration_s: length in seconds.
        tconst: key of the title in the example's IMDB tables.
        question_s: an instant, in seconds, at which several people are on screen.
        on_screen: who they are, in alphabetical order.
        absent: cast members who never appear.
    """

    key: str
    film: Path
    films: Path
    galleries: Path
    imdb: Path
    truth: Path
    truth_rows: tuple[TruthRow, ...]
    cuts_s: tuple[float, ...]
    duration_s: float
    tconst: str
    question_s: float
    on_screen: tuple[str, ...]
    absent: tuple[str, ...]


def make_example(data_folder: Path) -> Example:
    """Generate the missing files of the example in `data_folder`; existing files stay as they are.

    Each file is written atomically and has the same bytes every time.

    Raises:
        WiosError: a folder cannot be written, or a package lacks a portrait.
    """
    films, galleries, imdb = data_folder / "films", data_folder / "galleries", data_folder / "imdb"
    film = films / KEY / f"{KEY}.mp4"
    truth = film.with_suffix(".truth.csv")
    rows = tuple(EDIT_LIST.truth())
    shared = cache(portraits)

    def photo_of(person: str, photo: Photo) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(gallery_photo(shared()[person], photo))

    def imdb_of(name: str) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(imdb_file(name))

    _make(film, lambda path: encode(path, frames(EDIT_LIST, shared())))
    _make(truth, lambda path: path.write_bytes(_csv(rows)))
    for person, photos in PHOTOS.items():
        for number, photo in enumerate(photos, start=1):
            _make(galleries / person / f"{person} {number}.jpg", photo_of(person, photo))
    for name in TABLES:
        _make(imdb / f"{name}.tsv.gz", imdb_of(name))

    seen = {row.person for row in rows}
    on_screen = {row.person for row in rows if row.start_s <= QUESTION_S < row.end_s and not row.optional}
    return Example(
        key=KEY,
        film=film,
        films=films,
        galleries=galleries,
        imdb=imdb,
        truth=truth,
        truth_rows=rows,
        cuts_s=EDIT_LIST.cuts_s,
        duration_s=EDIT_LIST.duration_s,
        tconst=TCONST,
        question_s=QUESTION_S,
        on_screen=tuple(sorted(on_screen)),
        absent=tuple(sorted(PHOTOS.keys() - seen)),
    )


def _make(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a hidden file, then rename it to `path`, unless `path` exists."""
    try:
        if path.exists():
            return
        with atomic_path(path) as temporary:
            write(temporary)
    except OSError as error:
        raise file_error(path, error, "written", "choose another folder with WIOS_DATA") from None


def _csv(rows: tuple[TruthRow, ...]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(TruthRow)])
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue().encode()
