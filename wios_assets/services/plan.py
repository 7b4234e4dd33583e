"""Which services run on a data folder, with what commands, and where their files lie."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import sysconfig
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Unavailable
from wios_assets.settings import Settings, address, package_parent

DEFINITIONS = "wios_assets.definitions"
CODE_SERVER, PAGE, DAEMON, DATABASE = "code-server", "page", "daemon", "database"
SPARK_MASTER, SPARK_WORKER = "spark-master", "spark-worker"
CONTROL = "control.sock"
_LONGEST_PATH = 90
"""Bytes of a socket's path: systems allow 104 at least, and supervisord first adds its process's number."""
FOLDER_VARIABLE = "WIOS_SERVICES_FOLDER"
"""Variable by which a service, and every process it starts, is known to belong to a data folder."""


@dataclass(frozen=True)
class Service:
    """A program that the supervisor keeps running.

    Attributes:
        name: name in `wios status` and of its log.
        title: what it does, in a few words.
        command: program and arguments.
        address: `host:port` that it listens on, or the path of its Unix socket; None where it listens to nothing.
        setting: the setting that chooses the port; None where there is none.
        after: address, of the same form, that must be listened on before it starts; None where it needs none.
        connected_to: `host:port` of another program that it keeps a connection to; None where there is none.
        user: system user that it runs as, where that is not WIOS's.
        stop_signal: name of the signal that ends it, without `SIG`.
        probe: command that ends with 0 where it answers; None where listening is enough.
    """

    name: str
    title: str
    command: list[str]
    address: str | None = None
    setting: str | None = None
    after: str | None = None
    connected_to: str | None = None
    user: str | None = None
    stop_signal: str = "TERM"
    probe: list[str] | None = None


@dataclass(frozen=True)
class Plan:
    """What a supervisor was started with; stored, so that other commands find it.

    Attributes:
        page: address of the page.
        run_folder: folder of the Unix sockets.
        home: folder that services are started in.
        foreground: whether it is `wios ui`.
        supervisor: identity of the supervisor's process.
    """

    page: str
    run_folder: str
    home: str
    foreground: bool
    supervisor: str
    services: list[Service]

    @property
    def control(self) -> Path:
        """Unix socket on which the supervisor takes commands."""
        return Path(self.run_folder) / CONTROL


def host_and_port(endpoint: str) -> tuple[str, int] | None:
    """Host and port of `host:port`; None for the path of a Unix socket."""
    if endpoint.startswith("/"):
        return None
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def services_folder(settings: Settings) -> Path:
    """Folder of the plan, of the supervisor's files and of the logs."""
    return settings.dagster / "services"


def log_file(settings: Settings, service: str) -> Path:
    """Current log of a service; older ones have `.1`, `.2` and so on behind the name."""
    return services_folder(settings) / "logs" / f"{service}.log"


def run_folder(settings: Settings) -> Path:
    """Folder of the Unix sockets, the user's own: beside the plan, where their paths are short enough and the file
    system has sockets, else below the folder for temporary files.

    Raises:
        Unavailable: the folder for temporary files is another user's.
    """
    beside = services_folder(settings) / "run"
    if len(os.fsencode(beside / CONTROL)) <= _LONGEST_PATH and _has_sockets(beside):
        return beside
    # Not the user's runtime folder, which systemd removes when the user logs out.
    root = Path(tempfile.gettempdir()) / f"wios-services-{os.getuid()}"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise Unavailable(f"{root}: belongs to another user; remove it, or set TMPDIR to a folder of your own")
    folder = root / hashlib.sha256(str(settings.data.resolve()).encode()).hexdigest()[:12]
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _has_sockets(folder: Path) -> bool:
    """Whether a Unix socket can be made in a folder and be linked, as supervisord does."""
    probe, other = (folder / f"{name}{os.getpid()}" for name in ("p", "q"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(probe))
            os.link(probe, other)
        return True
    except OSError:
        return False
    finally:
        for file in (probe, other):
            with suppress(OSError):
                file.unlink()


def services_of(settings: Settings, sockets: Path) -> list[Service]:
    """The services that the settings ask for, in the order in which they start.

    Raises:
        BadInput: a cluster is asked for, and `spark_master` does not say where.
    """
    code_socket = str(sockets / "code.sock")
    workspace = str(services_folder(settings) / "workspace.yaml")
    code = [sys.executable, "-m", "dagster", "code-server", "start", "--socket", code_socket]
    code += ["--module-name", DEFINITIONS, "--location-name", DEFINITIONS]
    code += ["--working-directory", str(package_parent()), "--log-level", "warning"]
    daemon = [str(Path(sysconfig.get_path("scripts")) / "dagster-daemon"), "run", "--workspace", workspace]
    daemon += ["--log-level", "warning"]
    page = [sys.executable, "-m", "wios_assets.page", workspace]
    listens = address(settings.page_host, settings.page_port).partition("//")[2]
    return [
        *_cluster(settings),
        Service(CODE_SERVER, "Dagster's definitions", code, code_socket),
        Service(PAGE, "the page, and Dagster's page", page, listens, "--port or WIOS_PAGE_PORT", code_socket),
        Service(DAEMON, "Dagster's daemon: inbox, schedules, runs", daemon, after=code_socket),
    ]


def workspace(sockets: Path) -> dict[str, object]:
    """Content of Dagster's workspace file: page and daemon share one code server, so definitions load once."""
    return {"load_from": [{"grpc_server": {"socket": str(sockets / "code.sock"), "location_name": DEFINITIONS}}]}


def write_plan(settings: Settings, plan: Plan) -> None:
    """Store the plan."""
    write_atomic(services_folder(settings) / "plan.json", json.dumps(asdict(plan), indent=1))


def read_plan(settings: Settings) -> Plan | None:
    """The plan of the supervisor that runs, or ran last; None where none ever did."""
    try:
        content = json.loads((services_folder(settings) / "plan.json").read_text(encoding="utf-8"))
        return Plan(**{**content, "services": [Service(**service) for service in content["services"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _cluster(settings: Settings) -> list[Service]:
    wanted = settings.services.cluster
    if wanted == "none":
        return []
    master = urlsplit(settings.spark_master)
    if master.scheme != "spark" or not master.hostname or not master.port:
        raise BadInput(
            f"services.cluster is {wanted}, and spark_master is {settings.spark_master}: set WIOS_SPARK_MASTER to "
            "spark://HOST:PORT, where the master listens"
        )
    wios = [sys.executable, "-m", "wios_assets", "cluster"]
    at = f"{master.hostname}:{master.port}"
    services = []
    if wanted in ("master", "both"):
        command = [*wios, "master", "--host", master.hostname, "--port", str(master.port)]
        services.append(Service(SPARK_MASTER, "Spark's master", command, at, "WIOS_SPARK_MASTER"))
    if wanted in ("worker", "both"):
        host = settings.spark.driver_host or master.hostname if wanted == "both" else settings.spark.driver_host
        if not host:
            raise BadInput("services.cluster is worker: set WIOS_SPARK__DRIVER_HOST to this machine's name")
        command = [*wios, "worker", settings.spark_master, "--host", host]
        # Where the master is elsewhere, the worker asks for it again and again by itself.
        after = at if wanted == "both" else None
        services.append(Service(SPARK_WORKER, "a worker of Spark", command, after=after, connected_to=at))
    return services
