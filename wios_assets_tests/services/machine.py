"""`wios` over a data folder of its own, each command in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wios_assets.settings import Settings, load_settings

PATIENCE_S = 120.0


@dataclass
class Machine:
    """A data folder and the settings of its commands."""

    data: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return load_settings(data=self.data, page_port=self.port)

    def __call__(self, *arguments: str, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
        environment |= {"WIOS_DATA": str(self.data), "WIOS_PAGE_PORT": str(self.port)}
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", *arguments],
            env=environment | self.environment | (more or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def states(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in json.loads(self("status", "--json").stdout)["services"]}

    def wait_until_well(self, service: str, *, not_pid: int | None = None) -> dict[str, Any]:
        """The service's state, once it runs and answers, in another process than `not_pid`."""

        def look() -> dict[str, Any] | None:
            state = self.states()[service]
            return state if state["well"] and state["pid"] != not_pid else None

        state: dict[str, Any] = wait_for(f"{service}, well", look)
        return state


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(what: str, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if result := look():
            return result
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")
