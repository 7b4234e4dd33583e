"""A lake of IMDB tables made from lines, by the same way as the real files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from wios_assets.imdb.files import IMDB_FILES
from wios_assets.imdb.lookup import FILM_TITLES, build_film_titles
from wios_assets.imdb.parse import parse_imdb

TITLES = (
    ("tt0017925", "movie", "The General", "The General", "0", "1926", "\\N", "78", "Action"),
    ("tt0033122", "movie", '"Swing it" magistern', '"Swing it" magistern', "0", "1940", "\\N", "92", "Comedy"),
    ("tt0047478", "movie", "Seven Samurai", "Shichinin no samurai", "0", "1954", "\\N", "207", "Action"),
    ("tt0053472", "movie", "Breathless", "À bout de souffle", "0", "1960", "\\N", "90", "Crime"),
    ("tt0062622", "movie", "2001: A Space Odyssey", "2001: A Space Odyssey", "0", "1968", "\\N", "149", "Sci-Fi"),
    ("tt0106364", "movie", "Heat", "Heat", "0", "1986", "\\N", "101", "Action"),
    ("tt0113277", "movie", "Heat", "Heat", "0", "1995", "\\N", "170", "Action,Crime"),
    ("tt0119094", "movie", "Face/Off", "Face/Off", "0", "1997", "\\N", "138", "Action"),
    ("tt0133093", "movie", "The Matrix", "The Matrix", "0", "1999", "\\N", "136", "Action,Sci-Fi"),
    ("tt0211915", "movie", "Amélie", "Le fabuleux destin d'Amélie Poulain", "0", "2001", "\\N", "122", "Comedy"),
    ("tt0277909", "videoGame", "The Matrix", "The Matrix", "0", "1999", "\\N", "\\N", "\\N"),
    ("tt0421882", "movie", "Night", "Night", "0", "2005", "\\N", "95", "Drama"),
    ("tt0421883", "movie", "Night", "Night", "0", "2005", "\\N", "140", "Drama"),
    ("tt0421884", "short", "Night", "Night", "0", "2005", "\\N", "\\N", "Short"),
    ("tt0500001", "movie", "Élite", "Élite", "0", "2019", "\\N", "90", "Drama"),
    ("tt0500002", "movie", "Elite", "Elite", "0", "2019", "\\N", "91", "Drama"),
    ("tt0500003", "movie", "Wonder Woman", "Wonder Woman", "0", "1984", "\\N", "80", "Action"),
    ("tt0500004", "movie", "1917", "1917", "0", "2019", "\\N", "119", "War"),
    ("tt7126948", "movie", "Wonder Woman 1984", "Wonder Woman 1984", "0", "2020", "\\N", "151", "Action"),
)
CREDITS = (
    ("tt0133093", "1", "nm0000206", "actor", "\\N", '["Neo"]'),
    ("tt0133093", "10", "nm0905154", "director", "\\N", "\\N"),
    ("tt0133093", "2", "nm0000401", "actor", "\\N", '["Morpheus"]'),
    ("tt0133093", "3", "nm0005251", "actress", "\\N", '["Trinity","Another \\"Trinity\\""]'),
    ("tt0133093", "4", "nm0000148", "self", "\\N", '["Self"]'),
    ("tt0133093", "5", "nm0001230", "actor", "\\N", "\\N"),
    ("tt0133093", "6", "nm0000999", "actor", "\\N", '["Deus Ex Machina (voice)"]'),
    ("tt0133093", "7", "nm0000998", "actress", "\\N", '["Passenger (uncredited)"]'),
    ("tt0133093", "8", "nm0000206", "self", "\\N", '["Self"]'),
    ("tt0133093", "9", "nm9999999", "actor", "\\N", '["Extra"]'),
)
PEOPLE = (
    ("nm0000148", "Harrison Ford", "1942", "\\N", "actor,producer", "\\N"),
    ("nm0000206", "Keanu Reeves", "1964", "\\N", "actor", "tt0133093"),
    ("nm0000401", "Laurence Fishburne", "1961", "\\N", "actor", "tt0133093"),
    ("nm0000998", "Ursula Unseen", "\\N", "\\N", "actress", "\\N"),
    ("nm0000999", "Vic Voice", "\\N", "\\N", "actor", "\\N"),
    ("nm0001230", "Harrison Ford", "1884", "1957", "actor", "\\N"),
    ("nm0005251", "Carrie-Anne Moss", "1967", "\\N", "actress", "tt0133093"),
    ("nm0905154", "Lana Wachowski", "1965", "\\N", "director", "tt0133093"),
    ("nm1000001", "Amélie Mauresmo", "1979", "\\N", "\\N", "\\N"),
    ("nm1000002", "Jim Parsons", "1973", "\\N", "actor", "\\N"),
)
LINES: dict[str, Sequence[Sequence[str]]] = {
    "imdb/title_basics": TITLES,
    "imdb/title_principals": CREDITS,
    "imdb/title_crew": (
        ("tt0133093", "nm0905154", "\\N"),
        ("tt0277909", "nm0905154", "\\N"),
        ("tt0500003", "nm0905154", "\\N"),
    ),
    "imdb/name_basics": PEOPLE,
}


def make_lake(folder: Path, film_titles: bool = True) -> Path:
    """Write the tables to `folder`, with or without the index of film titles; returns `folder`."""
    for table, lines in LINES.items():
        file = folder / f"{IMDB_FILES[table].stem}.tsv"
        folder.mkdir(parents=True, exist_ok=True)
        header = "\t".join(IMDB_FILES[table].names)
        file.write_text("\n".join([header, *("\t".join(line) for line in lines), ""]), encoding="utf-8")
        report = parse_imdb(file, table, folder / "staging", allowed_share=0.0)
        (folder / table).parent.mkdir(exist_ok=True)
        shutil.move(report.parquet_folder, folder / table)
    if film_titles:
        basics = sorted((folder / "imdb/title_basics").glob("*.parquet"))
        shutil.move(build_film_titles(basics, folder / "staging"), folder / FILM_TITLES)
    return folder
