"""How often Python searches for unused reference cycles, which is a good part of what a short command costs."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress

NEW_OBJECTS = 50_000
"""New objects after which Python searches."""


def search_rarely() -> None:
    """Have this process search after `NEW_OBJECTS` new objects.

    Dagster, pandas and their like make some hundred thousand objects that stay. With Python's own limit of 700, a
    quarter of the time of loading them goes into searches.
    """
    gc.set_threshold(NEW_OBJECTS)


def end_without_search(status: Callable[[], int]) -> None:
    """Have this process end with a status as soon as the other callbacks of its end have run.

    Python would search all objects once more, and free each, which takes a second where Dagster was loaded. Call it
    before modules are loaded that have such callbacks: the last to be registered is the first to run.
    """

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status())

    atexit.register(end)
