"""Database servers shared by the tests of a session; each test has a database of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from wios_assets_tests.publish.servers import RunningServer, missing_reason, running

_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is away is not tried again."""
    monkeypatch.setattr("wios_assets.publish.server._PAUSES_S", ())


@pytest.fixture(scope="session")
def postgresql() -> Iterator[RunningServer]:
    yield from _running("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[RunningServer]:
    yield from _running("mariadb")


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    running_server: RunningServer = request.getfixturevalue(request.param)
    return running_server


@pytest.fixture
def database(server: RunningServer) -> str:
    """Name of an empty database on `server`."""
    name = f"wios{next(_NUMBERS)}"
    server.make_database(name)
    return name


def _running(kind: str) -> Iterator[RunningServer]:
    if reason := missing_reason(kind):
        pytest.skip(reason)
    with running(kind) as server:
        yield server
