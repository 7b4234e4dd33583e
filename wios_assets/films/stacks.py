"""Puts the files of one film or episode together that holds it in parts: `-cd1`, `-cd2`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from wios_assets.films.names import PartNumber, read_half, read_name, read_part, read_trailing_part
from wios_assets.films.tree import VideoFile

_WORDS_OF_MEDIA = frozenset({"cd", "dvd", "disc", "disk"})


@dataclass(frozen=True)
class Stack:
    """The files of one film in order.

    Attributes:
        name: their name without extension and part.
        files: one file, or the parts.
        missing: numbers of the parts that are not there.
    """

    name: str
    files: tuple[VideoFile, ...]
    missing: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def stacks_of(videos: Sequence[VideoFile], is_in_film_folder: bool, of_episodes: bool = False) -> list[Stack]:
    """Files with the parts of one film together, in order of their names.

    `Kill Bill Part 1` and `Part 2` on a shelf are two films; in a film's own folder, or after a year or an episode's
    number, they are parts of one.

    Args:
        videos: files of one folder.
        is_in_film_folder: whether the folder is one film's own.
        of_episodes: whether the files are episodes.
    """
    stacks: defaultdict[tuple[str, str], list[tuple[PartNumber, VideoFile]]] = defaultdict(list)
    for file in videos:
        part = read_part(file.stem)
        if part is None and is_in_film_folder:
            part = read_trailing_part(file.stem)
        if part is None and of_episodes:
            part = read_half(file.stem)
        if part is not None and (part.name or is_in_film_folder):
            stacks[part.name.casefold(), part.word].append((part, file))
    stacked: dict[str, Stack] = {}
    for (_, word), parts in stacks.items():
        name = parts[0][0].name
        joined = is_in_film_folder or of_episodes or word in _WORDS_OF_MEDIA or read_name(name).year is not None
        for numbered in _without_doubles(parts) if joined else ():
            stack = _stack(name, word, numbered)
            if stack is not None:
                stacked |= {file.name: stack for file in stack.files}
    in_order = (
        stacked.get(file.name, Stack(file.stem, (file,))) for file in sorted(videos, key=lambda file: file.name)
    )
    return list(dict.fromkeys(in_order))


def _without_doubles(parts: Sequence[tuple[PartNumber, VideoFile]]) -> list[dict[int, VideoFile]]:
    """Parts by number; where two have one number, those of each type of file by themselves."""
    numbers = [part.number for part, _ in parts]
    if len(set(numbers)) == len(numbers):
        return [{part.number: file for part, file in parts}]
    by_type: defaultdict[str, dict[int, VideoFile]] = defaultdict(dict)
    for part, file in parts:
        by_type[PurePath(file.name).suffix.casefold()].setdefault(part.number, file)
    return list(by_type.values())


def _stack(name: str, word: str, numbered: dict[int, VideoFile]) -> Stack | None:
    """The parts in order; None for a first or a doubtful part alone, which is a film until the others come."""
    expected = range(1, max(numbered) + 1)
    missing = tuple(number for number in expected if number not in numbered)
    if len(numbered) < 2 and (not missing or word not in _WORDS_OF_MEDIA):
        return None
    return Stack(name, tuple(numbered[number] for number in sorted(numbered)), missing)
