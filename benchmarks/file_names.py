"""Compares WIOS's reading of file names with guessit's, on names of films and episodes with the right answers.

    pip install guessit
    python -m benchmarks.file_names [--wrong]

Titles agree where they have the same letters and digits. An edition counts as read where its main word is in what the
reader calls the edition or the version. guessit is the LGPL library of https://github.com/guessit-io/guessit.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from wios_assets.films.names import read_episode, read_name, read_part, read_season
from wios_assets.imdb.matching import title_from_name
from wios_assets.text import name_key

FOLDER = Path(__file__).parent.parent / "wios_assets_tests" / "films"
LISTS = ("names.csv", "more_names.csv")
FIELDS = ("title", "year", "season", "episode", "part", "edition")


def read_by_wios(path: str) -> dict[str, str]:
    """Fields of a path relative to the inbox, as text; empty where the name lacks them."""
    file = PurePosixPath(path)
    stem, folder = file.stem, file.parent.name
    season = read_season(folder) if folder else None
    episode = read_episode(stem, season)
    if episode is not None:
        series = file.parent.parent.name if season is not None else episode.series
        title, year = title_from_name(series)
        numbers = dict.fromkeys((str(episode.first), str(episode.last)))
        return _texts(title=title, year=year, season=episode.season, episode="-".join(numbers))
    part = read_part(stem)
    name = part.name if part else stem
    title, year = title_from_name(name)
    return _texts(title=title, year=year, part=part.number if part else None, edition=read_name(name).version)


def read_by_guessit(path: str) -> dict[str, str]:
    """The same fields as guessit reads them."""
    import guessit

    guess = guessit.guessit(path)
    title, episode = guess.get("title", ""), guess.get("episode")
    if isinstance(episode, list):
        episode = f"{episode[0]}-{episode[-1]}"
    editions = [guess.get("edition"), guess.get("other"), guess.get("alternative_title")]
    return _texts(
        title=title,
        year=guess.get("year"),
        season=guess.get("season"),
        episode=episode,
        part=guess.get("cd") or guess.get("disc") or guess.get("part"),
        edition=" ".join(map(str, filter(None, editions))),
    )


def _texts(**fields: Any) -> dict[str, str]:
    return {field: "" if fields.get(field) is None else str(fields[field]) for field in FIELDS}


def agrees(field: str, read: str, right: str) -> bool:
    """Whether a field was read right; an edition that is not asked for is no mistake."""
    if field == "edition":
        return right in read.casefold()
    if field == "title":
        return name_key(read) == name_key(right)
    return read == right


def compare(names: Path, reader: Callable[[str], dict[str, str]]) -> tuple[dict[str, int], list[str]]:
    """Number of names read right, by field and as a whole, and a line for each wrong one."""
    counts = dict.fromkeys((*FIELDS, "all", "names"), 0)
    wrong = []
    with names.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            read = reader(row["path"])
            right = {field: agrees(field, read[field], row[field]) for field in FIELDS}
            for field, well in right.items():
                counts[field] += well
            counts["names"] += 1
            counts["all"] += all(right.values())
            if not all(right.values()):
                missed = ", ".join(
                    f"{field} {read[field]!r} for {row[field]!r}" for field in FIELDS if not right[field]
                )
                wrong.append(f"{row['path']}: {missed}")
    return counts, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="list the names that were read wrong")
    chosen = parser.parse_args()
    print(f"| list | reader | {' | '.join((*FIELDS, 'all'))} | ms a name |\n|{' --- |' * (len(FIELDS) + 4)}")
    readers = (("WIOS", read_by_wios), ("guessit", read_by_guessit))
    for names, (name, reader) in product(LISTS, readers):
        reader("Heat (1995).mkv")
        started = time.perf_counter()
        counts, wrong = compare(FOLDER / names, reader)
        milliseconds = 1000 * (time.perf_counter() - started) / counts.pop("names")
        print(f"| {names} | {name} | {' | '.join(map(str, counts.values()))} | {milliseconds:.2f} |")
        for line in wrong if chosen.wrong else ():
            print(f"    {line}")


if __name__ == "__main__":
    main()
