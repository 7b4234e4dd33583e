from __future__ import annotations

import socket

import pytest

from wios_assets.errors import Conflict
from wios_assets.page.server import listen


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no bound for unread answers")
def test_the_system_ends_connections_whose_answers_are_never_read() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 600_000


def test_a_port_in_use_is_refused_with_a_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Conflict, match="cannot be listened on"):
            listen("127.0.0.1", taken.getsockname()[1])
