"""Processes of services whose supervisor was killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil

from wios_assets.services.plan import FOLDER_VARIABLE, services_folder
from wios_assets.settings import Settings

_PATIENCE_S = 30


def leftovers(settings: Settings) -> list[psutil.Process]:
    """Processes that a supervisor of this data folder started, itself and this process left out, parents first."""
    folder = str(services_folder(settings))
    return [process for process in _own_processes() if _folder_of(process) == folder]


def end_leftovers(settings: Settings) -> int:
    """End what a killed supervisor left running; returns the number of processes.

    Called while the data folder's lock is held, so that no supervisor runs that they belong to.
    """
    found = leftovers(settings)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=_PATIENCE_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return len(found)


def _own_processes() -> Iterator[psutil.Process]:
    me = psutil.Process()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != me.pid and me.uids().real in (0, process.uids().real):
                yield process


def _folder_of(process: psutil.Process) -> str | None:
    """Value of the variable in the process's environment, as it was when its program started."""
    try:
        return process.environ().get(FOLDER_VARIABLE)
    except (psutil.Error, OSError):
        return None
