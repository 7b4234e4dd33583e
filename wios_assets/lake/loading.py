"""How far the loading of IMDB's files is, for whoever shows it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from threading import Lock

from wios_assets.atomic import write_atomic

PAUSE_S = 0.2


def loading_file(lake: Path) -> Path:
    """Where the progress of a running load can be read."""
    return lake / ".progress" / "imdb.json"


def read_loading(lake: Path) -> dict[str, tuple[int, int]]:
    """What is being fetched or parsed → bytes done and bytes in all (0 where not known); empty where nothing is."""
    try:
        content = json.loads(loading_file(lake).read_text(encoding="utf-8"))
        return {str(name): (int(done), int(size)) for name, (done, size) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


class LoadingNote:
    """Writes down how far each file is, some times a second; called from several threads."""

    def __init__(self, lake: Path) -> None:
        self.file = loading_file(lake)
        self._lock = Lock()
        self._state: dict[str, tuple[int, int]] = {}
        self._written = 0.0

    def __enter__(self) -> LoadingNote:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.file.unlink(missing_ok=True)

    def __call__(self, name: str, done: int, size: int) -> None:
        with self._lock:
            self._state[name] = (done, size)
            if time.monotonic() - self._written < PAUSE_S:
                return
            write_atomic(self.file, json.dumps(self._state))
            self._written = time.monotonic()
