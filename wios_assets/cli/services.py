"""`wios up`, `down`, `status`, `logs`, `restart`; and `wios ui`, which is `up` in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from wios_assets.cli.console import complain, note, say, show_json, show_table
from wios_assets.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from wios_assets.services.control import ServiceState
    from wios_assets.services.plan import Plan
    from wios_assets.settings import Settings

Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on.")]
_PAUSE_S = 0.25
_STARTING = "starting; this takes some 20 seconds"


def ui(port: Port = None) -> None:
    """Start the page, and Dagster's page and daemon, which takes films from the inbox by itself; Ctrl-C ends all.

    Dagster's page is a part of the page, at /dagster, behind the same token.
    """
    from wios_assets.services.supervise import serve

    settings = _settings(port)
    note(_STARTING, style="dim")
    failed: list[str] = []

    def started(plan: Plan) -> None:
        _watch(settings, plan, failed)

    serve(settings, started, foreground=True)
    if failed:
        raise Unavailable(failed[0])
    # It ends by a signal only.
    raise KeyboardInterrupt


def up(port: Port = None) -> None:
    """Start the services in the background: the page, Dagster's code server and daemon, a Spark cluster if it is set.

    What is killed is started again. `wios down` ends them, `wios status` shows how they are.
    """
    from wios_assets.services.control import running_plan
    from wios_assets.services.plan import services_folder

    settings = _settings(port)
    plan = running_plan(settings)
    if plan is not None:
        if plan.foreground:
            raise Conflict(
                f"{settings.data}: `wios ui` runs here, at {plan.page}; `wios down` ends it, or Ctrl-C there"
            )
        say(f"{plan.page}  runs already; `wios status` shows how, `wios restart` starts anew")
        return
    note(_STARTING, style="dim")
    output = services_folder(settings) / "start.txt"
    output.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | ({} if port is None else {"WIOS_PAGE_PORT": str(port)})
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "wios_assets.services.supervise"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        plan = _await(settings, process, output)
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    _say_addresses(plan.page, "`wios down` ends both")


def down() -> None:
    """End the services, and the runs that they carry out, which start again by themselves at the next `wios up`."""
    from wios_assets.runs.instance import ui_lock
    from wios_assets.services.control import end, running_plan
    from wios_assets.services.leftovers import end_leftovers, leftovers

    settings = _settings(None)
    plan = running_plan(settings)
    if plan is not None:
        end(settings, plan)
        say("ended")
        return
    if not leftovers(settings):
        say(f"{settings.data}: no services run")
        return
    with ui_lock(settings):
        say(f"ended: {end_leftovers(settings)} processes whose supervisor was killed")


def status(as_json: Annotated[bool, typer.Option("--json", help="Show JSON.")] = False) -> None:
    """How each service is: state, process, whether it answers, where it listens; ends with 1 unless all are well."""
    from wios_assets.services.control import needed_plan, running_plan, states

    settings = _settings(None)
    if as_json:
        plan = running_plan(settings)
        all_states = states(settings, plan) if plan is not None else []
        show_json(
            {
                "data": str(settings.data),
                "running": plan is not None,
                "foreground": plan is not None and plan.foreground,
                "page": plan.page if plan is not None else None,
                "services": [{**asdict(each), "well": each.is_well} for each in all_states],
            }
        )
    else:
        all_states = states(settings, needed_plan(settings))
        show_table(
            ["service", "state", "health", "process", "for", "at", "what it does"],
            [_row(each) for each in all_states],
            right=["process"],
        )
    ill = [each for each in all_states if not each.is_well]
    if ill and not as_json:
        complain(f"{ill[0].name}: {ill[0].health or ill[0].state}; `wios logs {ill[0].name}` says why")
    if ill or not all_states:
        raise typer.Exit(1)


def logs(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="A service; all if none.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", min=0, help="Last lines of each log.")] = 50,
) -> None:
    """What the services wrote."""
    from wios_assets.errors import NotFound
    from wios_assets.services import logs as files
    from wios_assets.services.control import named
    from wios_assets.services.plan import log_file, read_plan

    settings = _settings(None)
    plan = read_plan(settings)
    if plan is None:
        raise NotFound(f"{settings.data}: no services ever ran; `wios up` starts them")
    supervisor = ["supervisor"] if service in (None, "supervisor") else []
    chosen = named(plan, [service] if service is not None else []) if service != "supervisor" else []
    names = [*(each.name for each in chosen), *supervisor]
    with ExitStack() as stack:
        readers = {}
        for name in names:
            file = log_file(settings, name)
            if follow:
                readers[name] = stack.enter_context(files.LogReader(file, from_end=True))
            for line in files.last_lines(file, lines):
                _show_line(name if len(names) > 1 else None, line)
        if follow:
            for name, line in files.follow(readers):
                _show_line(name if len(names) > 1 else None, line)


def restart(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="A service; all if none.")] = None,
) -> None:
    """Start a service anew; without a name all of them, on the same port, with the other settings as they are now."""
    from wios_assets.services import control

    settings = _settings(None)
    plan = control.needed_plan(settings)
    if service is not None or plan.foreground:
        say(f"started anew: {', '.join(control.restart(plan, [service] if service is not None else []))}")
        return
    control.end(settings, plan)
    up(urlsplit(plan.page).port)


def _settings(port: int | None) -> Settings:
    from wios_assets.settings import load_settings

    return load_settings(**({} if port is None else {"page_port": port}))


def _watch(settings: Settings, plan: Plan, failed: list[str]) -> None:
    """Show the addresses once the page answers, and from then on what the services write; end all if one fails."""
    from wios_assets.services.control import states
    from wios_assets.services.logs import LogReader
    from wios_assets.services.plan import log_file

    readers = {each.name: LogReader(log_file(settings, each.name), from_end=True) for each in plan.services}
    ready = False
    while True:
        for reader in readers.values():
            for line in reader.lines():
                note(line)
        try:
            if not ready and _page_is_ready(plan):
                ready = True
                _say_addresses(plan.page, "Ctrl-C ends both")
            fault = _failure(states(settings, plan, with_health=False))
        except Unavailable:
            # The supervisor is starting, or ending.
            fault = None
        if fault is not None:
            failed.append(fault)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(_PAUSE_S)


def _await(settings: Settings, process: subprocess.Popen[bytes], output: Path) -> Plan:
    """Wait until the services of a new supervisor answer; returns its plan.

    Raises:
        Unavailable: the supervisor ended, or a service does not start.
    """
    from wios_assets.runs.processes import process_identity
    from wios_assets.services.control import answers, states
    from wios_assets.services.plan import read_plan

    identity = process_identity(process.pid)
    while True:
        if process.poll() is not None:
            written = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Unavailable((written[-1] if written else "the supervisor ended").removeprefix("wios: "))
        plan = read_plan(settings)
        if plan is not None and plan.supervisor == identity:
            try:
                now = states(settings, plan, with_health=False)
            except Unavailable:
                # It is still starting.
                now = []
            if (fault := _failure(now)) is not None:
                raise Unavailable(fault)
            running = bool(now) and all(each.state == "running" for each in now)
            if running and all(answers(service, plan.page) for service in plan.services):
                return plan
        time.sleep(_PAUSE_S)


def _page_is_ready(plan: Plan) -> bool:
    from wios_assets.services.control import answers
    from wios_assets.services.plan import PAGE

    return all(answers(service, plan.page) for service in plan.services if service.name == PAGE)


def _failure(all_states: list[ServiceState]) -> str | None:
    """What to say of a service that does not start; None where all do."""
    from wios_assets.services.logs import last_lines

    failed = next((each for each in all_states if each.state == "failed"), None)
    if failed is None:
        return None
    written = [line for line in last_lines(Path(failed.log), 20) if line.strip()]
    reason = written[-1].removeprefix("wios: ") if written else "it wrote nothing"
    return f"{failed.name} does not start ({reason}); see {failed.log}"


def _row(state: ServiceState) -> list[object]:
    from wios_assets.notation import format_clock

    running = format_clock(state.seconds) if state.seconds is not None else None
    return [state.name, state.state, state.health, state.pid, running, state.address, state.title]


def _say_addresses(page: str, how_to_end: str) -> None:
    say(f"{page}  films, and who is on screen", style="bold")
    say(f"{page}/dagster/  Dagster: the graph and its runs ({how_to_end})", style="bold")


def _show_line(name: str | None, line: str) -> None:
    say(f"{name}: {line}" if name is not None else line)
