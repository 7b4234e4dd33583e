"""A lake of IMDB tables made from lines, by the same way as the real files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from wios_assets.imdb.files import ALL_FILES
from wios_assets.imdb.load import parse_folder
from wios_assets.imdb.lookup import FILM_TITLES, SERIES_EPISODES, build_film_titles, build_series_episodes

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


SERIES_LINES: dict[str, Sequence[Sequence[str]]] = {
    "imdb/title_basics": (
        (
            "tt0111161",
            "movie",
            "The Shawshank Redemption",
            "The Shawshank Redemption",
            "0",
            "1994",
            "\\N",
            "142",
            "Drama",
        ),
        (
            "tt0112579",
            "movie",
            "The Bridges of Madison County",
            "The Bridges of Madison County",
            "0",
            "1995",
            "\\N",
            "135",
            "Drama",
        ),
        ("tt0388629", "tvSeries", "One Piece", "One Piece", "0", "1999", "\\N", "24", "Animation"),
        ("tt2802850", "tvSeries", "Fargo", "Fargo", "0", "2014", "2024", "53", "Crime"),
        ("tt2802851", "tvSeries", "Fargo", "Fargo", "0", "2003", "2003", "50", "Crime"),
        (
            "tt3097534",
            "tvEpisode",
            "The Crocodile's Dilemma",
            "The Crocodile's Dilemma",
            "0",
            "2014",
            "\\N",
            "68",
            "Crime",
        ),
        ("tt3514096", "tvEpisode", "The Rooster Prince", "The Rooster Prince", "0", "2014", "\\N", "53", "Crime"),
        ("tt3514098", "tvEpisode", "A Muddy Road", "A Muddy Road", "0", "2014", "\\N", "53", "Crime"),
        ("tt3514200", "tvEpisode", "Waiting for Dutch", "Waiting for Dutch", "0", "2015", "\\N", "57", "Crime"),
        ("tt6000001", "movie", "Die Brücken", "Die Brücken", "0", "1996", "\\N", "135", "Drama"),
    ),
    "imdb/title_principals": (
        ("tt2802850", "1", "nm0000206", "actor", "\\N", '["Lorne Malvo"]'),
        ("tt2802850", "2", "nm0000401", "actor", "\\N", '["Lester"]'),
        ("tt3514096", "1", "nm0000206", "actor", "\\N", '["Lorne Malvo"]'),
        ("tt3514096", "2", "nm1000002", "actor", "\\N", '["Guest"]'),
        ("tt3514098", "1", "nm0005251", "actress", "\\N", '["Second Guest"]'),
    ),
    "imdb/title_episode": (
        ("tt0388630", "tt0388629", "1", "1"),
        ("tt0388631", "tt0388629", "1", "2"),
        ("tt0388632", "tt0388629", "2", "1"),
        ("tt0388633", "tt0388629", "2", "2"),
        ("tt3097534", "tt2802850", "1", "1"),
        ("tt3514096", "tt2802850", "1", "2"),
        ("tt3514098", "tt2802850", "1", "3"),
        ("tt3514099", "tt2802850", "\\N", "\\N"),
        ("tt3514200", "tt2802850", "2", "1"),
    ),
    "imdb/title_akas": (
        ("tt0111161", "1", "Die Verurteilten", "DE", "\\N"),
        ("tt0111161", "2", "The Shawshank Redemption", "US", "\\N"),
        ("tt0111161", "3", "ショーシャンクの空に", "JP", "ja"),
        ("tt0112579", "1", "Los puentes de Madison", "ES", "\\N"),
        ("tt0112579", "2", "Die Brücken", "DE", "\\N"),
        ("tt2802850", "1", "Фарго", "RU", "\\N"),
        ("tt3514096", "1", "Der Hahnenprinz", "DE", "\\N"),
    ),
}
"""Series with their episodes, and titles of other countries, for `make_lake`."""


def make_lake(
    folder: Path, film_titles: bool = True, more: Mapping[str, Sequence[Sequence[str]]] | None = None
) -> Path:
    """Write the tables to `folder`, with or without the indices, with `more` lines by table; returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    more = more or {}
    for table, spec in ALL_FILES.items():
        lines = [*LINES.get(table, ()), *more.get(table, ())]
        if lines:
            text = "\n".join(["\t".join(spec.names), *("\t".join(line) for line in lines), ""])
            (folder / f"{spec.stem}.tsv").write_text(text, encoding="utf-8")
    reports = parse_folder(folder, folder / "staging", allowed_share=0.0)
    for table, report in reports.items():
        (folder / table).parent.mkdir(exist_ok=True)
        shutil.move(report.parquet_folder, folder / table)
    if film_titles:
        basics, akas, episodes = (
            sorted((folder / table).glob("*.parquet"))
            for table in ("imdb/title_basics", "imdb/title_akas", "imdb/title_episode")
        )
        shutil.move(build_film_titles(basics, folder / "titles", akas), folder / FILM_TITLES)
        shutil.move(build_series_episodes(episodes, folder / "episodes"), folder / SERIES_EPISODES)
    return folder
