"""Becomes a service: `python -m wios_assets.services.launch PLAN NAME`, as the supervisor starts it.

It waits for what the service needs, has Linux end the service with the supervisor, and replaces itself by the service.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
import time

from wios_assets.errors import Unavailable
from wios_assets.runs.instance import note_daemon
from wios_assets.runs.processes import process_identity
from wios_assets.services.endpoints import check_free, listens
from wios_assets.services.plan import DAEMON, Plan, Service, read_plan
from wios_assets.settings import load_settings

_PR_SET_PDEATHSIG = 1
_PAUSE_S = 0.1


def main(name: str) -> None:
    """Become the service of this name of the stored plan."""
    settings = load_settings()
    plan = read_plan(settings)
    if plan is None:
        sys.exit(f"wios: {settings.data}: no plan of services")
    service = next(each for each in plan.services if each.name == name)
    parent = os.getppid()
    _end_with(parent, signal.SIGTERM)
    _wait_for(service)
    try:
        # Spark would take the next port, where nobody looks for it.
        check_free(service)
    except Unavailable as error:
        sys.exit(f"wios: {error}")
    if service.name == DAEMON:
        note_daemon(settings, process_identity(os.getpid()))
    _become(plan, service, parent)


def _become(plan: Plan, service: Service, parent: int) -> None:
    os.chdir(plan.home)
    if service.user is not None:
        user = pwd.getpwnam(service.user)
        os.chdir("/")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    # After the change of user, which takes the signal back.
    _end_with(parent, signal.Signals[f"SIG{service.stop_signal}"])
    os.execv(service.command[0], service.command)


def _wait_for(service: Service) -> None:
    while service.after is not None and not listens(service.after):
        time.sleep(_PAUSE_S)


def _end_with(parent: int, end: signal.Signals) -> None:
    """Have this process get a signal when its parent is gone, as after `kill -9`; it is kept over exec (prctl(2)).

    Other systems than Linux have no such call; there the next command ends what is left.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, end, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
