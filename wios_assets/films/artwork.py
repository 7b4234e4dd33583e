"""The poster of a film, as media servers keep it beside the video.

Kodi (https://kodi.wiki/view/Movie_artwork) and Jellyfin (https://jellyfin.org/docs/general/server/media/movies) agree
on `<film>-poster.jpg` and, in a film's own folder, `poster.jpg`, `folder.jpg`, `cover.jpg` and `movie.jpg`.
"""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif")
LARGEST_BYTES = 30_000_000
_OF_FOLDER = ("poster", "folder", "cover", "movie")
_OF_SERIES = ("poster", "folder", "cover", "show")
_PART_FOLDER = re.compile(r"(video_ts|bdmv|stream|cd\d|dis[ck]\d|part\d)", re.IGNORECASE)


def poster_file(film: Path, inbox: Path) -> Path | None:
    """The poster beside a film; None without one.

    Args:
        film: its video file, or the first of a disc's or of its parts.
        inbox: the folder of all films, whose own `folder.jpg` is no film's.
    """
    folder = film.parent
    while _PART_FOLDER.fullmatch(folder.name) and folder != inbox:
        folder = folder.parent
    names = [f"{film.stem}-poster", f"{film.stem}.poster", film.stem]
    return _first(film.parent, names) or (_first(folder, _OF_FOLDER) if _is_own(folder, film, inbox) else None)


def series_poster_file(folder: Path, season: int | None = None) -> Path | None:
    """The poster of a season, else of the series, in the series' folder; None without one."""
    names = [] if season is None else ["season-specials-poster" if season == 0 else f"season{season:02d}-poster"]
    return _first(folder, [*names, *_OF_SERIES])


def _is_own(folder: Path, film: Path, inbox: Path) -> bool:
    """Whether a folder belongs to the film: it is neither the inbox nor outside, or has the film's name."""
    if folder == inbox:
        return False
    if inbox in folder.parents:
        return True
    # A film that was linked lies in a folder of which nothing is known but its name.
    return folder.name.casefold() in film.stem.casefold() or film.stem.casefold() in folder.name.casefold()


def _first(folder: Path, names: list[str] | tuple[str, ...]) -> Path | None:
    try:
        there = {entry.name.casefold(): entry for entry in folder.iterdir()}
    except OSError:
        return None
    for name in names:
        for suffix in SUFFIXES:
            file = there.get(f"{name}{suffix}".casefold())
            if file is not None and file.is_file() and 0 < file.stat().st_size <= LARGEST_BYTES:
                return file
    return None
