"""mpv's script in a real mpv on a virtual display, driven by its JSON IPC."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wios_assets.players.installation import install, player_called
from wios_assets_tests.page.served import serving
from wios_assets_tests.players.display import HEIGHT, PATIENCE_S, WIDTH, Display, virtual_display, wait_for
from wios_assets_tests.players.made_film import BLUE, KEY, ODD_NAME, RED, MadeFilm, made_film

pytestmark = pytest.mark.slow
GRACE = "Grace Hopper (The Admiral · 98 %)"
EILEEN = "Eileen Collins (98 %)"
TOKEN = "a-token-of-the-page"


class Mpv:
    """mpv's JSON IPC (https://mpv.io/manual/stable/#json-ipc)."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        wait_for(path.exists)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rwb")
        self._requests = 0

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def __call__(self, *command: Any) -> Any:
        """The answer's data."""
        self._requests += 1
        self._stream.write((json.dumps({"command": command, "request_id": self._requests}) + "\n").encode())
        self._stream.flush()
        answer = self._next(lambda message: message.get("request_id") == self._requests and "error" in message)
        return answer.get("data")

    def state(self) -> dict[str, Any]:
        """What the script says that it shows."""
        self("script-message-to", "wios", "wios-state", "answer")
        event = self._next(lambda message: message.get("event") == "client-message" and message["args"][0] == "answer")
        state: dict[str, Any] = json.loads(event["args"][1])
        return state

    def seek(self, seconds: float) -> None:
        self("seek", seconds, "absolute", "exact")
        self.is_at(seconds)

    def is_at(self, seconds: float) -> None:
        """Wait until the film is at an instant, to a frame."""
        wait_for(lambda: abs(self("get_property", "time-pos") - seconds) < 0.11)

    def shows(self, text: str) -> None:
        """Wait until the script shows a text."""
        wait_for(lambda: self.state()["text"] == text, self.state)

    def _next(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while line := self._stream.readline():
            message: dict[str, Any] = json.loads(line)
            if fits(message):
                return message
        raise EOFError("mpv has ended")


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    with virtual_display(tmp_path_factory.mktemp("display"), "mpv") as made:
        yield made


@contextmanager
def playing(display: Display, film: MadeFilm, into: Path, /, **options: str) -> Iterator[Mpv]:
    """mpv with the installed script, paused at the film's beginning, the window as large as the display."""
    config = into / "mpv"
    config.mkdir()
    install(film.settings, player_called("mpv"), config)
    (config / "script-opts/wios.conf").write_text("".join(f"{name}={value}\n" for name, value in options.items()))
    ipc, log = into / "ipc", into / "log"
    command = [
        *("mpv", f"--config-dir={config}", "--vo=x11", "--ao=null", "--pause", "--keep-open=yes", "--no-border"),
        *(f"--geometry={WIDTH}x{HEIGHT}+0+0", "--no-keepaspect-window", f"--input-ipc-server={ipc}", str(film.video)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env={**os.environ, "DISPLAY": display.name}
        )
        mpv = None
        try:
            mpv = Mpv(ipc)
            wait_for(lambda: mpv and mpv("get_property", "seekable") and mpv("get_property", "osd-width") == WIDTH)
            yield mpv
        finally:
            if mpv is not None:
                mpv.close()
            process.terminate()
            process.wait()
    assert "Lua error" not in log.read_text(errors="replace")


def test_a_key_shows_who_is_on_screen_with_pictures(display: Display, tmp_path: Path) -> None:
    with playing(display, made_film(tmp_path, "beside"), tmp_path) as mpv:
        mpv.seek(5)
        assert mpv.state()["text"] == ""
        mpv("keypress", "y")
        mpv.shows(GRACE)
        wait_for(lambda: np.allclose(display.pixel(80, 80), RED, atol=30), lambda: display.pixel(80, 80))
        mpv.seek(11)
        mpv.shows(f"{GRACE}\n{EILEEN}")
        wait_for(lambda: np.allclose(display.pixel(80, 200), BLUE, atol=30), lambda: display.pixel(80, 200))
        assert np.allclose(display.pixel(80, 80), RED, atol=30)
        mpv.seek(25)
        mpv.shows(f"{ODD_NAME} (98 %)")
        assert mpv.state()["pictures"] == 0
        mpv.seek(28)
        mpv.shows("unknown (perhaps Eileen Collins 70 %, Averil Mean 20 %)")
        mpv.seek(22)
        mpv.shows("Nobody is known to be on screen")
        mpv.seek(32)
        mpv.shows("The video could not be read here")
        mpv("keypress", "y")
        mpv.shows("")


def test_keys_jump_between_the_scenes_of_a_chosen_person(display: Display, tmp_path: Path) -> None:
    with playing(display, made_film(tmp_path, "beside"), tmp_path) as mpv:
        wait_for(lambda: mpv.state()["film"] == KEY, mpv.state)
        mpv("keypress", "n")
        wait_for(lambda: mpv.state()["menu"], mpv.state)
        assert mpv.state()["text"].splitlines()[1] == "▶ Grace Hopper  (2 scenes, first at 00:00:01)"
        mpv("keypress", "ENTER")
        wait_for(lambda: mpv.state()["chosen"] == "Grace Hopper")
        for key, second in (("n", 1), ("n", 35), ("n", 35), ("N", 1), ("N", 1)):
            mpv("keypress", key)
            mpv.is_at(second)
        mpv("keypress", "Y")
        wait_for(lambda: mpv.state()["menu"], mpv.state)
        mpv("keypress", "DOWN")
        wait_for(lambda: "▶ Eileen Collins" in mpv.state()["text"], mpv.state)
        mpv("keypress", "ENTER")
        wait_for(lambda: mpv.state()["chosen"] == "Eileen Collins", mpv.state)


def test_the_sidecar_is_found_in_the_exports_folder_by_the_films_name_and_size(
    display: Display, tmp_path: Path
) -> None:
    film = made_film(tmp_path, "exports")
    content = film.sidecar.read_bytes()
    assert b'"bytes":' in content
    other = content.replace(b'"bytes":', b'"bytes":1').replace(KEY.encode(), b"Another")
    (film.settings.exports / "Another.wios.json").write_bytes(other)
    with playing(display, film, tmp_path, folder=str(film.settings.exports)) as mpv:
        wait_for(lambda: mpv.state()["film"] == KEY, mpv.state)


def test_without_a_sidecar_the_page_is_asked_with_its_token(display: Display, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    film = made_film(tmp_path, "exports", TOKEN)
    with (
        serving(film.settings) as page,
        playing(display, film, tmp_path, address=page.address, token=TOKEN) as mpv,
    ):
        wait_for(lambda: mpv.state()["film"] == KEY, mpv.state)
        mpv.seek(5)
        mpv("keypress", "y")
        mpv.shows(GRACE)
        wait_for(lambda: mpv.state()["pictures"] == 1, mpv.state)


def test_a_film_that_the_page_does_not_know_is_told(display: Display, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    film = made_film(tmp_path, "exports", TOKEN)
    with serving(film.settings) as page, playing(display, film, tmp_path, address=page.address) as mpv:
        wait_for(lambda: "401" in mpv.state()["problem"], mpv.state)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"mine": true}', "is no sidecar of WIOS"),
        (b'{"document":"wios/sidecar","version":2}', "is of a newer WIOS"),
        (b'{"document":"wios/sid', "is no sidecar of WIOS"),
    ],
)
def test_a_file_that_is_no_sidecar_is_told_and_breaks_nothing(
    content: bytes, reason: str, display: Display, tmp_path: Path
) -> None:
    film = made_film(tmp_path, "beside")
    film.sidecar.write_bytes(content)
    with playing(display, film, tmp_path) as mpv:
        mpv("keypress", "y")
        wait_for(lambda: reason in mpv.state()["text"], mpv.state)
