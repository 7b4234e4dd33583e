"""The settings of the services that run on a data folder: a command that asks them for a run has these, not its own."""

from __future__ import annotations

from typing import Any

import psutil
from pydantic import SecretStr

from wios_assets.runs.instance import noted_daemon, ui_runs
from wios_assets.runs.processes import lives
from wios_assets.settings import Settings, differing_settings, settings_of_environment

_NOT_OF_RUNS = ("page.", "page_", "services.cluster", "services.log_")
"""Beginnings of the names of settings that no run reads."""


def service_settings(settings: Settings) -> Settings | None:
    """The settings that the services of the data folder give their runs.

    Returns:
        None where no services run, or where the system does not tell the environment of their daemon.

    Raises:
        BadInput: the settings file is not usable any more.
    """
    daemon = noted_daemon(settings) if ui_runs(settings) else None
    if daemon is None or not lives(daemon):
        return None
    try:
        environment = psutil.Process(int(daemon.partition("@")[0])).environ()
    except (psutil.Error, OSError):
        return None
    return settings_of_environment(environment)


def differences(services: Settings, own: Settings) -> list[str]:
    """A clause for each setting of runs that differs between the services and a command; no password is shown."""
    return [
        f"{name} is {_shown(theirs)} there and {_shown(ours)} here"
        for name, theirs, ours in differing_settings(services, own)
        if not name.startswith(_NOT_OF_RUNS) and not name.endswith(".sensor_seconds")
    ]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    return "another one" if isinstance(value, SecretStr) else str(value)
