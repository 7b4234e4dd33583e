"""Reads the services' logs, also while they grow and new ones begin."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_PAUSE_S = 0.25


class LogReader:
    """Gives the lines of a log from some place on; follows it when a new file takes its name."""

    def __init__(self, file: Path, *, from_end: bool = False) -> None:
        self.file = file
        self._open: BinaryIO | None = None
        self._rest = b""
        if from_end:
            self._reopen()
            if self._open is not None:
                self._open.seek(0, os.SEEK_END)

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()

    def lines(self) -> Iterator[str]:
        """Lines that were written since the last call, without their ends; an unfinished one is kept for the next."""
        if self._open is None and not self._reopen():
            return
        yield from self._unread()
        if self._is_another():
            # What was written to the old one before its name was given away was read just now.
            self._reopen()
            yield from self._unread()

    def _unread(self) -> Iterator[str]:
        assert self._open is not None
        while chunk := self._open.read(1 << 16):
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")

    def _is_another(self) -> bool:
        assert self._open is not None
        try:
            now = self.file.stat()
        except OSError:
            return False
        return now.st_ino != os.fstat(self._open.fileno()).st_ino

    def _reopen(self) -> bool:
        try:
            opened = self.file.open("rb")
        except OSError:
            return False
        if self._open is not None:
            self._open.close()
        self._open = opened
        return True


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines of a log, of older files of it as well; empty where there is none."""
    older = sorted(file.parent.glob(f"{file.name}.*"), key=_number)
    lines: deque[str] = deque(maxlen=count)
    for path in (*reversed(older), file):
        try:
            with path.open("rb") as content:
                lines.extend(line.decode("utf-8", "replace").rstrip("\n") for line in content)
        except OSError:
            continue
    return list(lines)


def follow(readers: dict[str, LogReader]) -> Iterator[tuple[str, str]]:
    """New lines of several logs as they come, with the names of the logs; never ends."""
    while True:
        for name, reader in readers.items():
            for line in reader.lines():
                yield name, line
        time.sleep(_PAUSE_S)


def _number(file: Path) -> int:
    end = file.name.rpartition(".")[2]
    return int(end) if end.isdigit() else 0
