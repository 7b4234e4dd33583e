"""Looks at running services, and tells their supervisor what to do."""

from __future__ import annotations

import http.client
import signal
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

from wios_assets.errors import Conflict, NotFound, Unavailable
from wios_assets.runs.instance import HEARTBEAT_S, QUEUE_DAEMON, dagster_instance, ui_runs
from wios_assets.runs.processes import lives
from wios_assets.services.endpoints import is_connected, listens
from wios_assets.services.leftovers import leftovers
from wios_assets.services.plan import DAEMON, PAGE, Plan, Service, host_and_port, log_file, read_plan
from wios_assets.settings import Settings

ENDING_S = 90
"""Longest time that all services together have to end."""
_PAUSE_S = 0.25
_SHUTTING_DOWN = 6
"""supervisord's code for a call that it does not carry out any more."""
_STATES = {
    "STARTING": "starting",
    "RUNNING": "running",
    "BACKOFF": "restarting",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "EXITED": "restarting",
    "FATAL": "failed",
}
"""States by supervisord's names (http://supervisord.org/subprocess.html#process-states)."""


@dataclass(frozen=True)
class ServiceState:
    """How a service is.

    Attributes:
        name: the service. title: what it does.
        state: starting, running, restarting, stopping, stopped, failed.
        pid: its process; None where none runs.
        seconds: time since its process started.
        health: `answers`, or what is wrong; None where it does not run.
        address: where it listens.
        log: its log.
    """

    name: str
    title: str
    state: str
    pid: int | None
    seconds: float | None
    health: str | None
    address: str | None
    log: str

    @property
    def is_well(self) -> bool:
        """Whether it runs and answers."""
        return self.state == "running" and self.health == "answers"


def running_plan(settings: Settings) -> Plan | None:
    """The plan of the supervisor that runs on the data folder; None where none does.

    Raises:
        Conflict: one runs that is just starting or ending.
    """
    if not ui_runs(settings):
        return None
    plan = read_plan(settings)
    if plan is None or not lives(plan.supervisor):
        raise Conflict(f"{settings.data}: the services are starting or being looked at; try again in some seconds")
    return plan


def needed_plan(settings: Settings) -> Plan:
    """The plan of the supervisor that runs.

    Raises:
        NotFound: none runs.
    """
    plan = running_plan(settings)
    if plan is None:
        raise NotFound(f"{settings.data}: no services run{_left_running(settings)}; `wios up` starts them")
    return plan


def _left_running(settings: Settings) -> str:
    left = ", ".join(str(process.pid) for process in leftovers(settings))
    return f" under a supervisor, which was killed (processes that are left: {left})" if left else ""


def named(plan: Plan, names: list[str]) -> list[Service]:
    """Services by name, in the plan's order; all where no name is given.

    Raises:
        NotFound: there is no such service.
    """
    known = [service.name for service in plan.services]
    for name in names:
        if name not in known:
            raise NotFound(f"{name!r}: no such service; there are {', '.join(known)}")
    return [service for service in plan.services if not names or service.name in names]


def states(settings: Settings, plan: Plan, *, with_health: bool = True) -> list[ServiceState]:
    """How each service is.

    Args:
        with_health: whether services are also asked whether they answer, which takes some seconds.

    Raises:
        Unavailable: the supervisor does not answer.
    """
    with _supervisor(plan) as supervisor:
        processes = {each["name"]: each for each in supervisor.getAllProcessInfo()}
    result = []
    for service in plan.services:
        process = processes.get(service.name, {})
        state = _STATES.get(process.get("statename", ""), "stopped")
        pid = int(process.get("pid", 0)) or None
        seconds = float(process["now"] - process["start"]) if pid else None
        health = _health(settings, plan, service, pid) if pid and with_health else None
        log = str(log_file(settings, service.name))
        result.append(ServiceState(service.name, service.title, state, pid, seconds, health, service.address, log))
    return result


def answers(service: Service, page: str) -> bool:
    """Whether a service answers where it listens; one that listens to nothing does."""
    if service.name == PAGE:
        return _page_answers(page)
    if service.probe is not None:
        return subprocess.run(service.probe, capture_output=True, check=False).returncode == 0
    return service.address is None or listens(service.address)


def restart(plan: Plan, names: list[str]) -> list[str]:
    """Stop and start services; returns their names.

    Raises:
        WiosError: there is no such service, it cannot be started, or the supervisor does not answer.
    """
    chosen = [service.name for service in named(plan, names)]
    with _supervisor(plan) as supervisor:
        for name in chosen:
            # One that does not run cannot be stopped, and is started all the same.
            with suppress(xmlrpc.client.Fault):
                supervisor.stopProcess(name)
            try:
                supervisor.startProcess(name)
            except xmlrpc.client.Fault as fault:
                raise Unavailable(
                    f"{name}: does not start ({fault.faultString}); `wios logs {name}` says why"
                ) from None
    return chosen


def end(settings: Settings, plan: Plan) -> None:
    """End the supervisor and all services, and wait until they have ended.

    Raises:
        Unavailable: it does not end.
    """
    pid = int(plan.supervisor.partition("@")[0])
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).send_signal(signal.SIGTERM)
    if not wait_for(lambda: not ui_runs(settings), ENDING_S):
        raise Unavailable(
            f"{settings.data}: the supervisor (process {pid}) does not end; see {log_file(settings, 'supervisor')}"
        )


def wait_for(look: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes true within a time."""
    ended = time.monotonic() + seconds
    while not look():
        if time.monotonic() > ended:
            return False
        time.sleep(_PAUSE_S)
    return True


def _health(settings: Settings, plan: Plan, service: Service, pid: int) -> str:
    if service.name == DAEMON:
        return _daemon_health(settings)
    if service.connected_to is not None:
        place = host_and_port(service.connected_to)
        assert place is not None
        return "answers" if is_connected(pid, place[1]) else f"not connected to {service.connected_to}"
    return "answers" if answers(service, plan.page) else "does not answer"


def _daemon_health(settings: Settings) -> str:
    try:
        with dagster_instance(settings) as instance:
            beat = instance.get_daemon_heartbeats().get(QUEUE_DAEMON)
    except Unavailable:
        return "the run history does not answer"
    if beat is None:
        return "no sign of life yet"
    age = time.time() - beat.timestamp
    return "answers" if age < HEARTBEAT_S else f"no sign of life for {age:.0f} s"


def _page_answers(page: str) -> bool:
    # An address that means every one of this machine is asked at one that it has.
    asked = page.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    try:
        with urllib.request.urlopen(f"{asked}/static/icon.svg", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, http.client.HTTPException):
        return False


@contextmanager
def _supervisor(plan: Plan) -> Iterator[Any]:
    """supervisord's interface (http://supervisord.org/api.html)."""
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(serverurl=f"unix://{plan.control}")
    try:
        # The address is not used: the transport connects to the socket.
        yield xmlrpc.client.ServerProxy("http://supervisor", transport=transport).supervisor
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != _SHUTTING_DOWN:
            raise
        raise Unavailable(f"{plan.control}: the supervisor is ending") from None
    except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
        raise Unavailable(f"{plan.control}: the supervisor does not answer ({error}); `wios down` ends it") from None
    finally:
        transport.close()
