"""The image is built, a film is analysed in it, and its page answers from outside."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from wios_assets_tests.conftest import ROOT

pytestmark = pytest.mark.slow
TOKEN = "a token for the test"
UID = 1000


def buildah(*arguments: object, **more: str) -> str:
    command = ["buildah", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | more, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout.strip()


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    """A container of the image that WIOS_TEST_IMAGE names, or of one built from the base that WIOS_TEST_BASE names."""
    base, image = os.environ.get("WIOS_TEST_BASE"), os.environ.get("WIOS_TEST_IMAGE")
    if not base and not image:
        pytest.skip("an image takes minutes to build; set WIOS_TEST_BASE to a Debian 13 base image to build it")
    if shutil.which("buildah") is None:
        pytest.skip("no buildah on the PATH")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_DRIVER", os.environ.get("STORAGE_DRIVER", "vfs"))
        patch.setenv("BUILDAH_ISOLATION", os.environ.get("BUILDAH_ISOLATION", "chroot"))
        if not image:
            image = "localhost/wios-test"
            buildah("bud", "--format", "docker", "--build-arg", f"BASE={base}", "--tag", image, ROOT)
        name = buildah("from", "--pull-never", image)
        try:
            yield name
        finally:
            buildah("rm", name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mounts(tmp_path: Path) -> list[str]:
    """Volumes of an empty films folder, read-only, and of a data folder that the image's user may write."""
    (tmp_path / "films").mkdir()
    (tmp_path / "data").mkdir()
    for folder in (tmp_path, tmp_path / "data"):
        os.chown(folder, UID, UID)
    return [f"--volume={tmp_path / 'films'}:/films:ro", f"--volume={tmp_path / 'data'}:/data"]


def answer(port: int, path: str, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_the_image_has_no_build_tools_and_another_user_than_root(container: str, mounts: list[str]) -> None:
    tools = "for tool in gcc make pip git java; do command -v $tool; done; id -u; touch /films/x || echo read-only"
    output = buildah("run", *mounts, container, "sh", "-c", tools)
    assert output.split() == [str(UID), "read-only"]


def test_a_film_is_analysed_in_the_image_and_its_page_answers_from_outside(container: str, mounts: list[str]) -> None:
    # The example is written into the films folder, so it is made in the data volume.
    output = buildah("run", "--env=WIOS_FILMS=/data/films", *mounts, container, "wios", "demo")
    assert "Eileen Collins" in output
    port = free_port()
    command = ["buildah", "run", "--env=WIOS_FILMS=/data/films", f"--env=WIOS_PAGE_TOKEN={TOKEN}"]
    command += [f"--env=WIOS_PAGE_PORT={port}", *mounts, container]
    with subprocess.Popen([*command, "wios", "ui"], start_new_session=True) as process:
        try:
            while answer(port, "/static/icon.svg", {}) != 200:
                assert process.poll() is None, "`wios ui` ended in the container"
                time.sleep(0.5)
            assert answer(port, "/api/films", {}) == 401
            for path in ("/api/films", "/dagster/"):
                assert answer(port, path, {"Authorization": f"Bearer {TOKEN}"}) == 200
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
