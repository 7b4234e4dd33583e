"""A library of 300 files laid out as Kodi, Jellyfin and Plex document, with the meaning of each file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["film", "version", "part", "episode", "left out"]
FILMS = (
    *(("Heat", 1995), ("Casino", 1995), ("Ronin", 1998), ("The Insider", 1999), ("Amélie", 2001), ("Se7en", 1995)),
    *(("2001 A Space Odyssey", 1968), ("1917", 2019), ("Blade Runner 2049", 2017), ("M", 1931), ("Up", 2009)),
    *(("Face-Off", 1997), ("Léon", 1994), ("Das Boot", 1981), ("8½", 1963), ("Spider-Man", 2002), ("WALL·E", 2008)),
    *(("...And Justice for All", 1979), ("No. 3", 1997), ("Mr. & Mrs. Smith", 2005), ("What's Up, Doc", 1972)),
    *(("七人の侍", 1954), ("千と千尋の神隠し", 2001), ("기생충", 2019), ("霸王别姬", 1993), ("Иди и смотри", 1985)),
    *(
        ("Сталкер", 1979),
        ("राम", 2009),
        ("पाथेर पांचाली", 1955),
        ("ฉลาดเกมส์โกง", 2017),
        ("كفرناحوم", 2018),
        ("בופור", 2007),
    ),
    *(("Ζορμπάς", 1964), ("Çoğunluk", 2010), ("İtirazım Var", 2014), ("Łódź Story", 2011), ("Ødeland", 2012)),
    *(
        ("The Big Short", 2015),
        ("The Interview", 2014),
        ("Sample People", 2000),
        ("The Trailer", 2011),
        ("Extras", 2006),
    ),
    *(("Season of the Witch", 2011), ("Part of Me", 2012), ("Episode 50", 2011), ("The Others", 2001), ("Clip", 2012)),
    *(("Ocean's 11", 1960), ("Fantastic 4", 2005), ("300", 2006), ("xXx", 2002), ("S1m0ne", 2002), ("eXistenZ", 1999)),
)
EXTRAS = ("trailers/Teaser 1", "behind the scenes/Making of", "deleted scenes/Diner", "featurettes/Pacino and De Niro")
SUFFIXES = ("-trailer", "-sample", "-behindthescenes", "-deleted", "-interview", "-featurette", "-scene", "-short")
BINS = ("#recycle", "$RECYCLE.BIN", "@eaDir", "lost+found", ".Trash-1000", "@Recycle")


@dataclass(frozen=True)
class LibraryFile:
    """A file of the library.

    Attributes:
        path: relative to the inbox. kind: what it is. title, year: of its film or series, None where it is left out.
        season: None for absolute numbers. episode: first and last.
    """

    path: str
    kind: Kind
    title: str | None = None
    year: int | None = None
    season: int | None = None
    episode: tuple[int, int] | None = None


def library() -> list[LibraryFile]:
    """All files; those of films are spread over the ways in which a film is laid out."""
    files = [file for index, (title, year) in enumerate(FILMS) for file in _film(index, title, year)]
    # Sequels, so that most titles are laid out in two ways.
    sequels = enumerate(((f"{title} II", year + 2) for title, year in FILMS[:42]), start=5)
    files += [file for index, (title, year) in sequels for file in _film(index, title, year)]
    files += _fargo()
    files += _dark()
    files += _one_piece()
    files += _daily_show()
    for folder, (title, year) in zip(BINS * 2, FILMS[:12], strict=True):
        files.append(LibraryFile(f"{folder}/{title} ({year})/{title} ({year}).mkv", "left out"))
    return files


def _film(index: int, title: str, year: int) -> Iterator[LibraryFile]:
    name = f"{title} ({year})"
    dots = ".".join([*title.replace("-", " ").split(), str(year)])
    ways: list[list[tuple[str, Kind]]] = [
        [(f"{name}/{name}.mkv", "film")],
        [(f"Shelf/{name}.mp4", "film")],
        [(f"{name} [imdbid-tt{1000000 + index}]/{name} [imdbid-tt{1000000 + index}].mkv", "film")],
        [(f"{name} {{imdb-tt{1000000 + index}}}/{name} {{imdb-tt{1000000 + index}}}.mp4", "film")],
        [(f"{name}/{name} - 1080p.mkv", "film"), (f"{name}/{name} - 2160p.mkv", "version")],
        [(f"{name}/{name}-cd1.avi", "part"), (f"{name}/{name}-cd2.avi", "part")],
        [
            (f"{name}/{name}.mkv", "film"),
            *((f"{name}/{extra}.mkv", "left out") for extra in EXTRAS),
            *((f"{name}/{name}{suffix}.mkv", "left out") for suffix in SUFFIXES),
        ],
        [(f"{dots}.1080p.BluRay.x264-GROUP/{dots}.1080p.BluRay.x264-GROUP.mkv", "film")],
        [
            (f"{name}/VIDEO_TS/VTS_01_1.VOB", "film"),
            (f"{name}/VIDEO_TS/VTS_01_2.VOB", "film"),
            (f"{name}/VIDEO_TS/VIDEO_TS.VOB", "left out"),
        ],
        [(f"{name}/{name} {{edition-Director's Cut}}.mkv", "version"), (f"{name}/{name}.mkv", "film")],
        [(f"{name}/movie.mkv", "film")],
        [
            (f"{name} {{edition-Final Cut}}/{name} {{edition-Final Cut}}.mkv", "version"),
            (f"{name}/{name}.mkv", "film"),
        ],
        [(f"{name}/CD1/a.avi", "part"), (f"{name}/CD2/b.avi", "part")],
        [(f"{name}/{title} Disc {number}/VIDEO_TS/VTS_01_1.VOB", "part") for number in (1, 2)],
        [
            (f"{name}/{name}.mkv", "film"),
            (f"{name}/On the set.mkv", "left out"),
            (f"{name}/Deleted Scenes/Diner.mkv", "left out"),
            (f"{name}/{name} - Making Of.mkv", "left out"),
        ],
        [(f"{name}.3D.HSBS.mkv", "version"), (f"{name}.mkv", "film")],
    ]
    for path, kind in ways[index % len(ways)]:
        known = kind != "left out"
        yield LibraryFile(path, kind, title if known else None, year if known else None)


def _fargo() -> Iterator[LibraryFile]:
    for season in (1, 2, 3):
        for number in range(1, 11):
            path = f"Fargo (2014)/Season {season:02d}/Fargo (2014) - S{season:02d}E{number:02d} - Chapter {number}.mkv"
            yield LibraryFile(path, "episode", "Fargo", 2014, season, (number, number))
    yield LibraryFile("Fargo (2014)/Season 04/Fargo S04E01-E02.mkv", "episode", "Fargo", 2014, 4, (1, 2))
    yield LibraryFile("Fargo (2014)/Season 04/fargo.s04e03e04.1080p.mkv", "episode", "Fargo", 2014, 4, (3, 4))
    for number in (1, 2, 3):
        path = f"Fargo (2014)/Specials/Fargo S00E{number:02d} Making of.mkv"
        yield LibraryFile(path, "episode", "Fargo", 2014, 0, (number, number))
    yield LibraryFile("Fargo (2014)/Season 01/Fargo S01E01-sample.mkv", "left out")
    yield LibraryFile("Fargo (2014)/trailers/Season 2.mkv", "left out")


def _dark() -> Iterator[LibraryFile]:
    for season in (1, 2):
        for number in range(1, 9):
            forms = (
                f"Dark {season}x{number:02d}",
                f"S{season:02d}E{number:02d}",
                f"Dark.S{season:02d}E{number:02d}.720p",
            )
            path = f"Dark (2017)/Staffel {season}/{forms[number % 3]}.mkv"
            yield LibraryFile(path, "episode", "Dark", 2017, season, (number, number))


def _one_piece() -> Iterator[LibraryFile]:
    for number in range(1061, 1089):
        yield LibraryFile(
            f"One Piece (1999)/One Piece - {number}.mkv", "episode", "One Piece", 1999, None, (number, number)
        )


def _daily_show() -> Iterator[LibraryFile]:
    for day in range(1, 11):
        path = f"The Daily Show (1996)/Season 2019/The Daily Show - 2019-01-{day:02d} - Guest.mkv"
        yield LibraryFile(path, "episode", "The Daily Show", 1996)
    yield LibraryFile("The Daily Show (1996)/Specials/Indecision.mkv", "episode", "The Daily Show", 1996)
