"""The manual's section "A library from nothing", typed into a shell as it stands there, with real films and servers.

Only the addresses of the servers are others. The people of the development films go by the names of the manual.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from wios_assets.forget.person import REASON
from wios_assets.lake.paths import parquet_files
from wios_assets.lake.store import read_rows
from wios_assets.services.plan import read_plan
from wios_assets.settings import load_settings
from wios_assets.tables import TRACK_NAMES
from wios_assets_tests.automation.running_ui import wait_for
from wios_assets_tests.conftest import ROOT
from wios_assets_tests.publish.compared import differing_tables
from wios_assets_tests.publish.servers import PASSWORD, RunningServer, missing_reason, running
from wios_assets_tests.services.machine import free_port

pytestmark = [pytest.mark.slow, pytest.mark.devset]

SECTION = "## A library from nothing\n"
CAST = {"Al Pacino": "barack_obama", "Robert De Niro": "joe_biden", "Sharon Stone": "theresa_may"}
"""Galleries of the development films by the manual's names."""
FILMS = {
    "Heat (1995)": ("obama_address", ["Al Pacino"]),
    "Righteous Kill (2008)": ("biden_speech", ["Al Pacino", "Robert De Niro"]),
    "Serpico (1973)": ("obama_speech", ["Al Pacino"]),
    "Casino (1995)": ("may", ["Al Pacino", "Sharon Stone"]),
}
"""Clip and cast of each film."""
CACHE = platformdirs.user_cache_dir("wios")
"""The cache of whoever runs the tests, with networks that were converted once; that of another home would be empty."""
HEAT, CASINO, KILL, SERPICO = "Heat (1995)", "Casino (1995)", "Righteous Kill (2008)", "Serpico (1973)"
CORRECTED, MISSING, FORGOTTEN = "Ted Levine", "Robert De Niro", "Sharon Stone"


def blocks() -> Iterator[list[str]]:
    """The commands of each console block of the section."""
    text = (ROOT / "docs" / "manual.md").read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        yield re.findall(r"^\$ (.*)$", block, re.M)


@dataclass
class Newcomer:
    """A person at a shell with a home folder, who types what the manual says.

    Attributes:
        home: the home folder.
        port: port of the page.
        addresses: what is typed for each address of the manual.
    """

    home: Path
    port: int
    addresses: dict[str, str]
    _blocks: Iterator[list[str]] = field(default_factory=blocks)
    _folder: Path | None = None

    @property
    def project(self) -> Path:
        return self.home / "library"

    def types_next_block(self) -> str:
        """Types the commands of the next block, one after the other; returns all their output."""
        return "\n".join(self.types(command) for command in next(self._blocks))

    def types(self, command: str) -> str:
        """Types a command, which must end well; returns its output."""
        for address, own in self.addresses.items():
            command = command.replace(address, own)
        kept = self.home / ".folder"
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; pwd > {kept}; exit $code"],
            cwd=self._folder or self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}: {output}"
        assert "Traceback" not in output
        assert PASSWORD not in output
        self._folder = Path(kept.read_text().strip())
        return output

    @property
    def environment(self) -> dict[str, str]:
        """That of this process without settings of WIOS, but for what makes it look more often."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
        return own | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "WIOS_CACHE": CACHE,
            "WIOS_PAGE_PORT": str(self.port),
            "WIOS_SPARK_MASTER": "local[2]",
            "WIOS_INBOX__SETTLE_SECONDS": "2",
            "WIOS_INBOX__SENSOR_SECONDS": "3",
        }

    def asks_page(self, path: str) -> Any:
        address = f"http://127.0.0.1:{self.port}/api{urllib.parse.quote(path, safe='/?=&')}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)

    def people_on_page(self, film: str) -> list[str]:
        """Who is on screen two seconds into a film, by the page's API; nobody where it knows no such film yet."""
        try:
            return [person["actor"] for person in self.asks_page(f"/films/{film}/who?t=2")["people"]]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def asks_lake(self, sql: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", "sql", "--format", "json", sql],
            cwd=self.project, env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows


@pytest.fixture
def servers() -> Iterator[dict[str, RunningServer]]:
    with ExitStack() as stack:
        for kind in ("postgresql", "mariadb"):
            if reason := missing_reason(kind):
                pytest.skip(reason)
        yield {kind: stack.enter_context(running(kind)) for kind in ("postgresql", "mariadb")}


@pytest.fixture
def newcomer(devset: Path, tmp_path: Path, servers: dict[str, RunningServer]) -> Iterator[Newcomer]:
    home = tmp_path / "home"
    films = home / "new films"
    films.mkdir(parents=True)
    for film, (clip, cast) in FILMS.items():
        shutil.copyfile(devset / "clips" / f"{clip}.mp4", films / f"{film}.mp4")
        (films / f"{film}.wios.yaml").write_text(f"cast: [{', '.join(cast)}]\n")
    for person, folder in CAST.items():
        (home / "photos" / person).mkdir(parents=True)
        for photo in (devset / "ident" / "gallery" / folder).iterdir():
            shutil.copyfile(photo, home / "photos" / person / photo.name)
    (home / ".pgpass").write_text(f"*:*:*:wios:{PASSWORD}\n")
    (home / ".my.cnf").write_text(f'[client]\npassword="{PASSWORD}"\n')
    for file in (".pgpass", ".my.cnf"):
        (home / file).chmod(0o600)
    addresses = {f"{kind}://wios@db.lan/wios": server.address() for kind, server in servers.items()}
    newcomer = Newcomer(home, free_port(), addresses)
    yield newcomer
    if newcomer.project.is_dir():
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", "down"], cwd=newcomer.project, env=newcomer.environment, check=False
        )
        assert done.returncode == 0
        plan = read_plan(load_settings(data=newcomer.project))
        if plan is not None:
            shutil.rmtree(plan.run_folder, ignore_errors=True)


def test_a_library_is_made_published_corrected_and_forgotten_as_the_manual_says(
    newcomer: Newcomer, servers: dict[str, RunningServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(newcomer.home))
    project = newcomer.project

    def on_servers(sql: str) -> list[list[str]]:
        return [server.run(sql, "wios").splitlines() for server in servers.values()]

    def in_step() -> bool:
        return not any(
            differing_tables(load_settings(data=project, publish={"address": server.address()}))
            for server in servers.values()
        )

    def named(film: str, person: str) -> Callable[[], bool]:
        return lambda: person in newcomer.people_on_page(film)

    assert "http://127.0.0.1" in newcomer.types_next_block()

    newcomer.types_next_block()
    for film, person in {CASINO: FORGOTTEN, KILL: MISSING, HEAT: "Al Pacino", SERPICO: "Al Pacino"}.items():
        wait_for(f"{person} in {film}", named(film, person))

    assert MISSING in newcomer.types_next_block()
    wait_for("nobody with a name", lambda: MISSING not in newcomer.people_on_page(KILL))

    refined = newcomer.types_next_block()
    assert f"Righteous Kill: 100 % unknown; the median is 0 %: photos are missing for {MISSING} (billed 2)" in refined
    picture = project / "exports" / "outliers" / "2008" / f"{KILL}.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert in_step()
    outliers = "SELECT film FROM all_outliers WHERE kind = 'film' AND figure = 'unknown_share'"
    assert on_servers(outliers) == [[KILL]] * 2
    assert on_servers("SELECT actor FROM actor_screen_time WHERE film LIKE 'Heat%'") == [["Al Pacino"]] * 2

    corrected = newcomer.types_next_block()
    assert f"0 is {CORRECTED}" in corrected
    assert newcomer.people_on_page(HEAT) == [CORRECTED]
    assert {row["actor"] for row in newcomer.asks_lake(f"SELECT actor FROM appearances WHERE film = '{HEAT}'")} == {
        CORRECTED
    }
    in_heat = "SELECT actor FROM screen_time WHERE film LIKE 'Heat%'"
    assert on_servers(in_heat) == [[CORRECTED], ["Al Pacino"]]
    for suffix in ("vtt", "json"):
        assert CORRECTED in (project / "exports" / f"{HEAT}.wios.{suffix}").read_text(encoding="utf-8")

    def forgotten_everywhere() -> bool:
        """Whether the names of the person's film follow the photos that are left, and both servers have them."""
        reasons = read_rows(project / "lake", TRACK_NAMES, CASINO)["reason"].to_pylist()
        if REASON in reasons:
            return False
        if not in_step():
            newcomer.types("wios publish --to mariadb://wios@db.lan/wios")
        return in_step()

    newcomer.types_next_block()
    assert FORGOTTEN not in newcomer.people_on_page(CASINO)
    wait_for("forgotten everywhere", forgotten_everywhere)
    for server in servers.values():
        assert FORGOTTEN not in everything_on(server)
    assert tables_that_name(project, FORGOTTEN) == []
    assert files_that_name(project, FORGOTTEN) == []
    assert on_servers(in_heat) == [[CORRECTED]] * 2
    assert on_servers("SELECT actor FROM actor_screen_time ORDER BY actor") == [["Al Pacino", CORRECTED]] * 2

    def answers() -> list[Any]:
        questions = [*(f"/films/{film}/who?t=2" for film in FILMS), f"/films/{HEAT}/appearances", "/actors"]
        on_page = [newcomer.asks_page(question) for question in questions]
        return [*on_page, on_servers("SELECT film, actor, seconds FROM actor_screen_time ORDER BY film, actor")]

    before = answers()
    assert CORRECTED in newcomer.types_next_block()
    assert answers() == before
    assert next(newcomer._blocks, None) is None, "the manual has a block that nothing tests"


def everything_on(server: RunningServer) -> str:
    """All rows of all tables of a server's database as text."""
    own = "current_schema()" if server.kind == "postgresql" else "database()"
    names = server.run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {own}", "wios").split()
    assert "appearances" in names
    quote = '"' if server.kind == "postgresql" else "`"
    return server.run(";".join(f"SELECT * FROM {quote}{name}{quote}" for name in names) + ";", "wios")


def tables_that_name(project: Path, person: str) -> list[str]:
    """Files of the lake in which a text or a list has the person's name."""
    import pyarrow.parquet as pq

    named = []
    for folder in {file.parent for file in (project / "lake").rglob("*.parquet")}:
        for file in parquet_files(folder):
            rows = pq.read_table(file, partitioning=None)
            texts = rows.select([column.name for column in rows.schema if column.type != "binary"])
            if person in repr(texts.to_pylist()):
                named.append(str(file))
    return named


def files_that_name(project: Path, person: str) -> list[str]:
    """Files and folders of a project in whose name or content the person's name stands."""
    found = [path for path in project.rglob("*") if person in path.name]
    files = (path for path in project.rglob("*") if path.is_file())
    return [str(path) for path in (*found, *(file for file in files if person.encode() in file.read_bytes()))]
