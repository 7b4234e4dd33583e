"""The PostgreSQL server among the services: its programs and settings, and a real one that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from wios_assets.cli import doctor
from wios_assets.errors import BadInput, Unavailable
from wios_assets.services import database
from wios_assets.services.database import database_service, running_database
from wios_assets.services.endpoints import check_free
from wios_assets.services.leftovers import leftovers
from wios_assets.settings import Settings, load_settings
from wios_assets.update.cleaning import removable
from wios_assets_tests.publish.servers import missing_reason
from wios_assets_tests.sample_lake import fill, library_row
from wios_assets_tests.services.machine import Machine, free_port


@pytest.fixture
def installed() -> None:
    if reason := missing_reason("postgresql"):
        pytest.skip(reason)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, in which the server's user can reach its own folder."""
    folder = Path(tempfile.mkdtemp(prefix="wios-db-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    machine = Machine(folder / "films", free_port())
    yield machine
    machine("down")


def with_database(data: Path, uses: str = "both", port: int = 0, **settings: object) -> Settings:
    return load_settings(data=data, services={"database": uses, "database_port": port}, **settings)


def test_the_addresses_are_those_of_the_own_server_where_it_is_to_hold_them(tmp_path: Path) -> None:
    data = tmp_path / "my films"
    host = f"?host={str(data / 'database').replace('/', '%2F').replace(' ', '%20')}"
    published = with_database(data, "published", 5440)
    assert (published.publish_address, published.history_address) == (f"postgresql://wios@/wios{host}&port=5440", "")
    history = with_database(data, "history")
    assert (history.publish_address, history.history_address) == ("", f"postgresql://wios@/wios_history{host}")
    elsewhere = load_settings(data=data, publish={"address": "postgresql://wios@db.lan/wios"})
    assert (elsewhere.publish_address, elsewhere.history_address) == ("postgresql://wios@db.lan/wios", "")


def test_an_installation_without_postgresql_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_INSTALLED", {str(tmp_path): "*/bin"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"PostgreSQL is not installed; install it \(`apt install postgresql`"):
        database_service(with_database(Path("/tmp/wios-none")))


def test_the_doctor_names_the_programs_and_the_folder(installed: None, tmp_path: Path) -> None:
    settings = with_database(Path("/tmp/wios-none"))
    (finding,) = doctor._database(settings)
    assert (finding.state, finding.message) == (
        "ok",
        f"{database_service(settings).command[0]}, files in /tmp/wios-none/database",
    )
    assert list(doctor._database(load_settings(data=tmp_path))) == []


def test_files_of_another_version_of_postgresql_are_named(installed: None, tmp_path: Path) -> None:
    files = tmp_path / "database" / "server"
    files.mkdir(parents=True)
    (files / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match=r"server: made by PostgreSQL 9, which is not installed"):
        database._programs(with_database(tmp_path))


@pytest.mark.parametrize("uses", ["published", "history"])
def test_a_server_of_somebody_else_and_an_own_one_are_not_both_taken(tmp_path: Path, uses: str) -> None:
    group = "publish" if uses == "published" else "history"
    other = {group: {"address": "postgresql://wios@db.lan/wios"}}
    settings = load_settings(data=tmp_path, services={"database": uses}, **other)
    with pytest.raises(BadInput, match=rf"services.database is {uses}, and {group}.address names another server"):
        database_service(settings)


def test_a_port_in_use_is_said_with_the_setting(installed: None) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        service = database_service(with_database(Path("/tmp/wios-none"), port=other.getsockname()[1]))
        with pytest.raises(Unavailable, match=r"of the service database, cannot .*WIOS_SERVICES__DATABASE_PORT"):
            check_free(service)


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"its path is \d+ bytes too long for PostgreSQL's socket; .*WIOS_DATA"):
        database_service(with_database(tmp_path / ("x" * 100)))


def test_clean_names_a_database_that_is_not_set_any_more(tmp_path: Path) -> None:
    (tmp_path / "database" / "server").mkdir(parents=True)
    assert removable(with_database(tmp_path, "published", cache=tmp_path / "cache")) == []
    (kind,) = removable(load_settings(data=tmp_path, cache=tmp_path / "cache"))
    assert "the database of services.database, which is not set any more" in kind.what
    kind.remove()
    assert not (tmp_path / "database").exists()


@pytest.mark.slow
def test_the_server_lets_in_its_own_user_and_whoever_has_the_password(installed: None, folder: Path) -> None:
    settings = with_database(folder / "my films; 50%", port=free_port())
    own = {"host": str(settings.database_folder), "port": settings.services.database_port, "user": "wios"}
    with running_database(settings), psycopg.connect(dbname="wios", **own) as connection:  # type: ignore[arg-type]
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert not (settings.database_folder / "server" / "postmaster.pid").exists()
    password = settings.database_folder / "password"
    assert password.stat().st_mode & 0o077 == settings.database_folder.stat().st_mode & 0o077 == 0
    with running_database(settings):
        secret = password.read_text().strip()
        over_tcp = own | {"host": "127.0.0.1", "dbname": "wios"}
        with psycopg.connect(password=secret, **over_tcp) as connection:  # type: ignore[arg-type]
            assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(password="another", **over_tcp)  # type: ignore[arg-type]
        with psycopg.connect(dbname="wios_history", **own) as connection:  # type: ignore[arg-type]
            assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


@pytest.mark.slow
def test_films_and_run_history_are_in_the_own_database_whatever_is_killed(installed: None, machine: Machine) -> None:
    port = free_port()
    machine.environment |= {"WIOS_SERVICES__DATABASE": "both", "WIOS_SERVICES__DATABASE_PORT": str(port)}
    fill(machine.settings.lake, library_row("one"))
    up = machine("up")
    assert up.returncode == 0, up.stderr
    first = machine.wait_until_well("database")
    assert first["title"] == "PostgreSQL: published films, run history"
    # The daemon's sensor may have published it before.
    published = machine("publish")
    assert published.returncode == 0, published.stderr
    os.kill(first["pid"], signal.SIGKILL)
    machine.wait_until_well("database", not_pid=first["pid"])
    assert machine("publish", "--check").returncode == 0
    server = with_database(machine.data, port=port)
    own = {"host": str(server.database_folder), "port": port, "user": "wios"}
    with psycopg.connect(dbname="wios", **own) as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT film FROM film").fetchall() == [("one",)]
    with psycopg.connect(dbname="wios_history", **own) as connection:  # type: ignore[arg-type]
        runs = connection.execute("SELECT pipeline_name, status FROM runs").fetchall()
    assert ("publish", "SUCCESS") in runs
    assert list(machine.settings.dagster.rglob("*.db")) == []

    assert machine("down").stdout == "ended\n"
    assert leftovers(machine.settings) == []
    logged = machine("logs", "database").stdout
    assert "database system is shut down" in logged.splitlines()[-1]
    away = machine("publish", "--check")
    assert away.stderr.endswith("`wios up` starts it, `wios status` shows how it is\n")
    check = machine("update", "--check")
    assert (check.returncode, check.stdout) == (0, "everything is of this version\n"), check.stderr
    update = machine("update")
    assert (update.returncode, update.stdout) == (0, "everything is of this version\n"), update.stderr
    assert leftovers(machine.settings) == []
