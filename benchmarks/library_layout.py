"""Takes a library of 300 files apart with WIOS and with guessit, and says who reads how many as what they are.

    pip install guessit
    python -m benchmarks.library_layout [--wrong]

A file is right where its kind, title, year, season and episode are. guessit reads each path by itself, so a version or
a part is right where it has its film's title and year. The library is `wios_assets_tests.films.made_library`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wios_assets.films.inbox import discover
from wios_assets.films.names import read_episode_code, read_name
from wios_assets.imdb.matching import title_from_name
from wios_assets.text import name_key
from wios_assets.vision.parts import streams_of
from wios_assets_tests.films.made_library import Kind, LibraryFile, library

_EXTRAS = {"Trailer", "Sample", "Extras", "Bonus", "Featurette", "Behind the Scenes", "Deleted Scene"}


def read_by_wios(files: Sequence[LibraryFile], inbox: Path) -> dict[str, LibraryFile]:
    """Each file as the inbox takes it; the files are written to `inbox` for it."""
    for index, file in enumerate(files):
        path = inbox / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (index + 1))
    found = discover(inbox)
    readings = {file.path: LibraryFile(file.path, "left out") for file in files}

    def note(path: Path, kind: Kind, name: str, code: str) -> None:
        title, year = title_from_name(read_name(name).title)
        numbers = read_episode_code(code) if code else None
        key = path.relative_to(inbox).as_posix()
        season, episode = (numbers[0], numbers[1:]) if numbers else (None, None)
        readings[key] = LibraryFile(key, kind, title, year, season, episode)

    for film in found.films:
        for path in film.files:
            is_part = len(streams_of(film.files)) > 1
            kind: Kind = "episode" if film.episode else "part" if is_part else "film"
            note(path, kind, film.series or film.key, film.episode)
        for path in film.versions:
            note(path, "version", film.series or film.key, film.episode)
    return readings


def read_by_guessit(files: Sequence[LibraryFile]) -> dict[str, LibraryFile]:
    """Each path as guessit reads it."""
    import guessit

    readings = {}
    for file in files:
        guess = guessit.guessit(file.path)
        other = guess.get("other", [])
        if _EXTRAS & set(other if isinstance(other, list) else [other]):
            readings[file.path] = LibraryFile(file.path, "left out")
            continue
        episode, title = guess.get("episode"), guess.get("title")
        numbers = episode if isinstance(episode, list) else [episode] if episode is not None else []
        readings[file.path] = LibraryFile(
            file.path,
            "episode" if guess.get("type") == "episode" else "film",
            title if isinstance(title, str) else None,
            guess.get("year"),
            guess.get("season"),
            (numbers[0], numbers[-1]) if numbers else None,
        )
    return readings


def wrong_readings(
    files: Sequence[LibraryFile], readings: dict[str, LibraryFile], *, one_by_one: bool = False
) -> list[str]:
    """A line for each file that was taken for something else.

    Args:
        one_by_one: whether the reader sees one path at a time, so that a version and a part are films to it.
    """
    wrong = []
    for file in files:
        read = readings[file.path]
        kind = "film" if one_by_one and file.kind in ("version", "part") else file.kind
        same_title = name_key(read.title or "") == name_key(file.title or "")
        right = (kind, file.year, file.season, file.episode) == (read.kind, read.year, read.season, read.episode)
        if not (right and same_title):
            wrong.append(f"{file.path}: {_text(read)} for {_text(file)}")
    return wrong


def _text(file: LibraryFile) -> str:
    numbers = f" season {file.season} episode {file.episode}" if file.episode else ""
    return file.kind if file.title is None else f"{file.kind} {file.title!r} ({file.year}){numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="list the files that were taken for something else")
    chosen = parser.parse_args()
    files = library()
    kinds = Counter(file.kind for file in files)
    with tempfile.TemporaryDirectory() as folder:
        by_wios = wrong_readings(files, read_by_wios(files, Path(folder)))
    by_guessit = wrong_readings(files, read_by_guessit(files), one_by_one=True)
    print(f"| reader | {' | '.join(f'{kind} ({number})' for kind, number in kinds.items())} | all ({len(files)}) |")
    print(f"|{' --- |' * (len(kinds) + 2)}")
    for name, wrong in (("WIOS", by_wios), ("guessit", by_guessit)):
        paths = {line.partition(": ")[0] for line in wrong}
        counts = [sum(file.kind == kind and file.path not in paths for file in files) for kind in kinds]
        print(f"| {name} | {' | '.join(map(str, counts))} | {len(files) - len(wrong)} |")
        for line in wrong if chosen.wrong else ():
            print(f"    {line}")


if __name__ == "__main__":
    main()
