"""Kodi's add-on: what it reads and decides, and the whole of it in a real Kodi on a virtual display."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from resources.lib import finding
from resources.lib.sidecar import NoSidecar, Shown, Sidecar, belongs, clock, stem

from wios_assets.players.installation import PLAYERS, install
from wios_assets_tests.page.served import serving
from wios_assets_tests.players.display import PATIENCE_S, Display, virtual_display, wait_for
from wios_assets_tests.players.made_film import KEY, ODD_NAME, RED, made_film

pytestmark = pytest.mark.slow

JSON_RPC = ("127.0.0.1", 9090)
TOKEN = "a-token-of-the-page"
GRACE = "Grace Hopper (The Admiral · 98 %)"
EILEEN = "Eileen Collins (98 %)"


class FilesOfKodi:
    """Kodi's file functions over local files."""

    class File:
        def __init__(self, path: str) -> None:
            self._file = Path(path).open("rb")  # noqa: SIM115

        def readBytes(self, size: int) -> bytearray:
            return bytearray(self._file.read(size))

        def close(self) -> None:
            self._file.close()

    class Stat:
        def __init__(self, path: str) -> None:
            self._size = Path(path).stat().st_size

        def st_size(self) -> int:
            return self._size

    @staticmethod
    def exists(path: str) -> bool:
        return Path(path).exists()

    @staticmethod
    def listdir(path: str) -> tuple[list[str], list[str]]:
        return [], [file.name for file in Path(path).iterdir()]


@pytest.fixture
def _local_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "xbmcvfs", FilesOfKodi)


def lines(shown: list[Shown]) -> list[tuple[str, str]]:
    return [(each.name, each.more) for each in shown]


def test_the_add_on_says_who_is_on_screen(tmp_path: Path) -> None:
    sidecar = Sidecar(made_film(tmp_path, "exports").sidecar.read_bytes())
    assert lines(sidecar.at(11)) == [("Grace Hopper", "The Admiral · 98 %"), ("Eileen Collins", "98 %")]
    assert lines(sidecar.at(12)) == [("Eileen Collins", "98 %")]
    assert lines(sidecar.at(25)) == [(ODD_NAME, "98 %")]
    assert lines(sidecar.at(28)) == [("unknown", "perhaps Eileen Collins 70 %, Averil Mean 20 %")]
    assert lines(sidecar.at(22)) == []
    assert (sidecar.is_readable(22), sidecar.is_readable(32)) == (True, False)
    assert (sidecar.picture(0) or b"").startswith(b"\xff\xd8")
    assert sidecar.picture(2) is None


def test_the_add_on_finds_the_next_and_the_previous_scene(tmp_path: Path) -> None:
    sidecar = Sidecar(made_film(tmp_path, "exports").sidecar.read_bytes())
    assert sidecar.scene("Grace Hopper", 0, 1) == (1, 12)
    assert sidecar.scene("Grace Hopper", 1, 1) == (35, 39)
    assert sidecar.scene("Grace Hopper", 36, 1) is None
    assert sidecar.scene("Grace Hopper", 36, -1) == (1, 12)
    assert sidecar.scene("Grace Hopper", 2, -1) is None
    assert sidecar.scene("Nobody", 2, 1) is None
    assert [clock(each) for each in (5.9, 65, 3661)] == ["00:00:05", "00:01:05", "01:01:01"]


@pytest.mark.usefixtures("_local_files")
def test_the_add_on_finds_a_sidecar_beside_the_film_in_the_exports_folder_and_at_the_page(tmp_path: Path) -> None:
    film = made_film(tmp_path, "beside", TOKEN)
    assert finding.find(str(film.video), "", "", "").key == KEY
    exports = film.settings.exports
    film.sidecar.rename(exports / "whatever.wios.json")
    (exports / "broken.wios.json").write_text("{")
    assert finding.find(str(film.video), f"{exports}/", "", "").key == KEY
    with pytest.raises(NoSidecar, match=r"There is no Made \(2026\)\.wios\.json"):
        finding.find(str(film.video), "", "", "")
    with serving(film.settings) as page:
        assert finding.find(str(film.video), "", page.address, TOKEN).key == KEY
        with pytest.raises(NoSidecar, match="401"):
            finding.find(str(film.video), "", page.address, "")
    with pytest.raises(NoSidecar, match="has none"):
        finding.find(str(film.video), "", page.address, TOKEN)
    with pytest.raises(NoSidecar, match="Only films in files"):
        finding.find("https://example.org/film.mkv", "", page.address, TOKEN)
    with pytest.raises(NoSidecar, match="begins with http"):
        finding.find(str(film.video), "", f"file://{film.video}", TOKEN)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no sidecar of WIOS"),
        ("[]", "no sidecar of WIOS"),
        ('{"document":"wios/sidecar","version":2}', "newer WIOS"),
        ('{"document":"wios/sidecar","version":1,"people":{}}', "incomplete"),
    ],
)
def test_what_is_no_sidecar_is_told(text: str, reason: str) -> None:
    with pytest.raises(NoSidecar, match=reason):
        Sidecar(text)


def test_a_sidecar_belongs_to_the_file_of_its_name_and_size() -> None:
    head = '{"document":"wios/sidecar","version":1,"file":{"name":"A \\"b\\".mkv","bytes":5},"film":{"key'
    assert belongs(head, 'A "b".mkv', 5)
    assert belongs(head, 'A "b".mkv', 0)
    assert not belongs(head, 'A "b".mkv', 6)
    assert not belongs(head, "A.mkv", 5)
    assert not belongs("", "A.mkv", 5)
    assert [stem(each) for each in ("a.b.mkv", "film")] == ["a.b", "film"]


class Kodi:
    """Kodi's JSON-RPC (https://kodi.wiki/view/JSON-RPC_API) over TCP."""

    def __init__(self) -> None:
        wait_for(self._answers)
        self._socket = socket.create_connection(JSON_RPC, timeout=PATIENCE_S)
        self._requests, self._read = 0, ""

    def close(self) -> None:
        self._socket.close()

    def __call__(self, method: str, **parameters: Any) -> Any:
        """The method's result; an error is its description."""
        self._requests += 1
        request = {"jsonrpc": "2.0", "id": self._requests, "method": method, "params": parameters}
        self._socket.sendall(json.dumps(request).encode())
        while True:
            try:
                message, end = json.JSONDecoder().raw_decode(self._read)
            except ValueError:
                received = self._socket.recv(1 << 16)
                assert received, "Kodi has ended"
                self._read += received.decode()
                continue
            self._read = self._read[end:].lstrip()
            if message.get("id") == self._requests:
                return message.get("result", message.get("error"))

    def label(self, name: str) -> str:
        return str(self("XBMC.GetInfoLabels", labels=[name])[name])

    def window(self) -> str:
        return self.label("System.CurrentWindow")

    def shown(self) -> str:
        """What the add-on says that it shows."""
        return self.label("Window(10000).Property(wios.text)")

    def press(self, key: str) -> None:
        assert self("Input.ButtonEvent", button=key, keymap="KB") == "OK"

    def seek(self, seconds: int) -> None:
        self("Player.Seek", playerid=1, value={"time": {"hours": 0, "minutes": 0, "seconds": seconds}})
        wait_for(lambda: self.time() == seconds)

    def time(self) -> int:
        time = self("Player.GetProperties", playerid=1, properties=["time"])["time"]
        return int(time["minutes"] * 60 + time["seconds"])

    @staticmethod
    def _answers() -> bool:
        try:
            socket.create_connection(JSON_RPC, timeout=1).close()
        except OSError:
            return False
        return True


@pytest.mark.slow
def test_in_kodi_a_key_shows_who_is_on_screen(tmp_path: Path) -> None:
    if Kodi._answers():
        pytest.skip("another Kodi runs on this machine")
    with virtual_display(tmp_path, "kodi") as display:
        film, home = made_film(tmp_path, "beside"), tmp_path / "home"
        data = home / ".kodi"
        data.mkdir(parents=True)
        install(film.settings, PLAYERS["kodi"], data)
        environment = {
            **os.environ,
            "HOME": str(home),
            "DISPLAY": display.name,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "KODI_AE_SINK": "NULL",
        }
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                ["kodi", "--windowing=x11", "--standalone"],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
            try:
                with closing(Kodi()) as kodi:
                    in_kodi(kodi, film.video, display)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def in_kodi(kodi: Kodi, video: Path, display: Display) -> None:
    kodi("Addons.SetAddonEnabled", addonid="script.wios", enabled=True)
    # At its first start Kodi asks about each add-on of the system that is not enabled.
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 3:
        if "dialog" in kodi.window():
            kodi("Input.Back")
            quiet_since = time.monotonic()
        time.sleep(0.2)
    kodi("Player.Open", item={"file": str(video)})
    wait_for(lambda: kodi.window() == "Fullscreen video", kodi.window)
    wait_for(lambda: kodi("Player.GetActivePlayers"))
    kodi("Player.PlayPause", playerid=1, play=False)
    kodi.seek(5)
    kodi.press("y")
    wait_for(lambda: kodi.shown() == GRACE, kodi.shown)
    wait_for(lambda: np.allclose(display.pixel(80, 80), RED, atol=40), lambda: display.pixel(80, 80))
    for second, text in (
        (11, f"{GRACE}\n{EILEEN}"),
        (25, f"{ODD_NAME} (98 %)"),
        (22, "Nobody is known to be on screen"),
    ):
        kodi.seek(second)
        wait_for(lambda text=text: kodi.shown() == text, kodi.shown)  # type: ignore[misc]
    kodi.press("y")
    wait_for(lambda: kodi.shown() == "", kodi.shown)
    kodi.press("n")
    wait_for(lambda: kodi.window() == "Select dialog", kodi.window)
    kodi("Input.Select")
    wait_for(lambda: kodi.time() == 35, kodi.time)
