"""The supervisor of a data folder's services: supervisord, run in this process.

`wios ui` runs it in the foreground, `wios up` in a process of its own: `python -m wios_assets.services.supervise`.
"""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml

from wios_assets.atomic import write_atomic
from wios_assets.errors import WiosError, explain
from wios_assets.runs.instance import dagster_instance, forget_daemon, prepare_dagster_home, refuse_second, ui_lock
from wios_assets.runs.processes import end_dead_runs, process_identity
from wios_assets.services.database import database_service, database_socket, has_database, running_database
from wios_assets.services.endpoints import check_free
from wios_assets.services.leftovers import end_leftovers
from wios_assets.services.plan import (
    CODE_SERVER,
    CONTROL,
    FOLDER_VARIABLE,
    Plan,
    Service,
    run_folder,
    services_folder,
    services_of,
    workspace,
    write_plan,
)
from wios_assets.settings import FOLDERS, Settings, address, load_settings, settings_file

ENDED_WITHIN_S = 30
"""Time that a service has to end after SIGTERM."""
_STAYS_S = 3
"""Time after which a started service counts as running."""
_RETRIES = 5


def serve(settings: Settings, started: Callable[[Plan], None] = lambda plan: None, *, foreground: bool = False) -> None:
    """Run the services until the supervisor is told to end: by a signal, or by `wios down`.

    Args:
        started: called in a thread of its own once the supervisor is about to start the services.
        foreground: whether it is `wios ui`.

    Raises:
        WiosError: a port is in use, others could reach the page and no token is set, or services run already.
    """
    from wios_assets.page.security import required_token

    required_token(settings)
    refuse_second(settings)
    sockets = run_folder(settings)
    services = all_services(settings, sockets)
    for service in services:
        check_free(service)
    home = prepare_dagster_home(settings)
    for folder in (settings.films, settings.galleries, settings.imdb, services_folder(settings) / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    history_is_a_service = bool(settings.history_address) and not settings.history.address
    if not history_is_a_service:
        with dagster_instance(settings):
            # Damaged databases are set aside only while no services run.
            pass
    with ui_lock(settings):
        end_leftovers(settings)
        with running_database(settings), dagster_instance(settings) as instance:
            end_dead_runs(settings, instance, daemon=False)
            forget_daemon(settings, instance)
        page = address(settings.page_host, settings.page_port)
        plan = Plan(page, str(sockets), str(home), foreground, process_identity(os.getpid()), services)
        write_plan(settings, plan)
        write_atomic(services_folder(settings) / "workspace.yaml", yaml.safe_dump(workspace(sockets)))
        for name in ("code.sock", CONTROL):
            (sockets / name).unlink(missing_ok=True)
        os.environ |= _environment(settings)
        config = services_folder(settings) / "supervisord.conf"
        write_atomic(config, _configuration(settings, services))
        threading.Thread(target=started, args=[plan], name="services", daemon=True).start()
        try:
            _supervise(config)
        finally:
            if not history_is_a_service:
                with dagster_instance(settings) as instance:
                    forget_daemon(settings, instance)


def all_services(settings: Settings, sockets: Path) -> list[Service]:
    """The services that the settings ask for, in the order in which they start and against which they end.

    Raises:
        WiosError: a cluster or a database is asked for that cannot be.
    """
    services = services_of(settings, sockets)
    if not has_database(settings):
        return services
    database = database_service(settings)
    if settings.services.database != "published":
        socket = str(database_socket(settings))
        services = [replace(each, after=socket) if each.name == CODE_SERVER else each for each in services]
    return [database, *services]


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "LANG": "en_US.UTF-8",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "WIOS_PAGE_PORT": str(settings.page_port),
        # They start in another folder, from which a relative path would lead elsewhere.
        "WIOS_CONFIG": str(settings_file().resolve()),
        FOLDER_VARIABLE: str(services_folder(settings)),
        # The configuration names these, because it gives some characters of a path another meaning.
        "WIOS_SERVICES_PYTHON": shlex.quote(sys.executable),
        "WIOS_SERVICES_CONTROL": str(run_folder(settings) / CONTROL),
        **{f"WIOS_{name.upper()}": str(getattr(settings, name)) for name in ("data", "cache", *FOLDERS)},
    }


def _configuration(settings: Settings, services: list[Service]) -> str:
    """supervisord's configuration (http://supervisord.org/configuration.html), whose paths start in its folder.

    No path of the user's stands in it: supervisord expands `%` in paths, in some of them twice.
    """
    most = f"{settings.services.log_megabytes}MB"
    lines = [
        "[supervisord]",
        "logfile=logs/supervisor.log",
        f"logfile_maxbytes={most}",
        f"logfile_backups={settings.services.log_files}",
        "pidfile=supervisor.pid",
        "silent=true",
        "strip_ansi=true",
        "minfds=64",
        "minprocs=1",
        "[unix_http_server]",
        "file=%(ENV_WIOS_SERVICES_CONTROL)s",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for priority, service in enumerate(services):
        lines += [
            f"[program:{service.name}]",
            f"command=%(ENV_WIOS_SERVICES_PYTHON)s -m wios_assets.services.launch {service.name}",
            f"priority={priority}",
            "autorestart=true",
            f"startsecs={_STAYS_S}",
            f"startretries={_RETRIES}",
            f"stopsignal={service.stop_signal}",
            f"stopwaitsecs={ENDED_WITHIN_S}",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile=logs/{service.name}.log",
            f"stdout_logfile_maxbytes={most}",
            f"stdout_logfile_backups={settings.services.log_files}",
        ]
    return "\n".join([*lines, ""])


def _supervise(config: Path) -> None:
    """Run supervisord until it ends; it takes the main thread and its signals."""
    from supervisor.options import ServerOptions
    from supervisor.supervisord import go

    os.chdir(config.parent)
    options = ServerOptions()
    options.realize(["-n", "-c", str(config)], doc="")
    options.first, options.test = True, False
    go(options)
    options.close_httpservers()
    options.close_logger()


def main() -> int:
    """Run the services in this process; returns the exit code. What went wrong is a line on standard error."""
    settings = load_settings()
    try:
        serve(settings)
    except Exception as error:
        explained = error if isinstance(error, WiosError) else explain(error, settings.written_folders)
        if explained is None:
            raise
        print(f"wios: {explained}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
