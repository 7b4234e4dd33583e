"""A film in several files of one stream, as DVDs hold it: FFmpeg's concat protocol reads them as one file.

See https://ffmpeg.org/ffmpeg-protocols.html#concat. It joins bytes, so it is for the parts of one MPEG program stream.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from wios_assets.errors import BadInput

SUFFIX = ".parts"
_HEADER = "# The files of one film, in order."
_DVD_TITLE = re.compile(r"(VTS_\d\d)_\d\.VOB", re.IGNORECASE)


def parts_text(files: Sequence[Path]) -> str:
    """The list of a film's files in order.

    Raises:
        BadInput: a path has a character that FFmpeg's concat protocol cannot take.
    """
    for file in files:
        if set("|\n") & set(str(file)):
            raise BadInput(
                f"{str(file)!r}: the parts of a film cannot have `|` or a line break in their path; rename it"
            )
    return "\n".join([_HEADER, *map(str, files)]) + "\n"


def read_parts(path: Path) -> list[Path]:
    """The files that a list names, in order.

    Raises:
        BadInput: the list cannot be read or names no file.
    """
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: the list of the film's parts cannot be read ({error}); run the film again") from None
    if header != _HEADER or not lines:
        raise BadInput(f"{path}: not a list of a film's parts; remove it and run the film again")
    return [Path(line) for line in lines]


def video_address(path: Path) -> str:
    """What FFmpeg opens for a video file or a list of parts.

    The prefix keeps a name such as `concat:a.mp4` from being taken for one of FFmpeg's protocols.
    """
    if path.suffix != SUFFIX:
        return f"file:{path}"
    return "concat:" + "|".join(f"file:{part}" for part in read_parts(path))


def files_of(path: Path) -> list[Path]:
    """The files of a video: those that a list names in order, or the file itself."""
    return read_parts(path) if path.suffix == SUFFIX else [path]


def streams_of(files: Sequence[Path]) -> list[tuple[Path, ...]]:
    """A film's files with those of one DVD title together: each group is one stream."""

    def stream(file: Path) -> tuple[Path, str]:
        match = _DVD_TITLE.fullmatch(file.name)
        return file.parent, match[1].casefold() if match else file.name

    return [tuple(group) for _, group in groupby(files, stream)]


def fingerprint_of_parts(fingerprints: Sequence[str]) -> str:
    """Content identity of a film in several files, from theirs in order."""
    return hashlib.blake2b("".join(fingerprints).encode(), digest_size=20).hexdigest()
