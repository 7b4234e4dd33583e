"""Where services listen: whether something listens there, and whether it is free."""

from __future__ import annotations

import shlex
import socket
from contextlib import suppress

import psutil

from wios_assets.errors import Unavailable
from wios_assets.services.plan import Service, host_and_port

_CONNECT_S = 2.0


def listens(endpoint: str) -> bool:
    """Whether something listens at `host:port`, or on the Unix socket of this path."""
    place = host_and_port(endpoint)
    try:
        if place is not None:
            socket.create_connection(place, _CONNECT_S).close()
        else:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(endpoint)
    except OSError:
        return False
    return True


def check_free(service: Service) -> None:
    """Refuse a port that another program listens on.

    Raises:
        Unavailable: it is in use; the message names the service, the program where that can be seen, and the setting.
    """
    if service.address is None or (place := host_and_port(service.address)) is None:
        return
    host, port = place
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            user = _user_of(port)
            raise Unavailable(
                f"{host}:{port}, of the service {service.name}, cannot be listened on ({error.strerror}"
                f"{f': {user}' if user else ''}); end the other program, or choose another port with {service.setting}"
            ) from None


def is_connected(pid: int, port: int) -> bool:
    """Whether a process of this user has a connection to a port, of whatever host."""
    with suppress(psutil.Error):
        return any(
            each.status == psutil.CONN_ESTABLISHED and each.raddr and each.raddr.port == port
            for each in psutil.Process(pid).net_connections("tcp")
        )
    return False


def _user_of(port: int) -> str | None:
    """The program that listens on a port; None where the system does not tell."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listening = connection.laddr if connection.status == psutil.CONN_LISTEN else None
            if listening and listening.port == port and connection.pid:
                process = psutil.Process(connection.pid)
                return f"{shlex.join(process.cmdline()[:4])[:80]}, process {connection.pid}"
    return None
