"""The built wheel works where there is no checkout: plain pip, an empty environment, an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from wios_assets_tests.conftest import ROOT

pytestmark = pytest.mark.slow
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def done(command: list[object], folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    result = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # setuptools writes its build folder beside the source.
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "wios_assets", source / "wios_assets", ignore=shutil.ignore_patterns("__pycache__"))
    done([sys.executable, "-m", "venv", folder / "builder"], folder)
    done([folder / "builder/bin/pip", "wheel", "-q", "--no-deps", "-w", folder, source], folder)
    (built,) = folder.glob("*.whl")
    return built


def interpreter(version: str) -> str:
    """A Python of a version; the test is skipped where it is not to be tried or not there."""
    if version == OWN:
        return sys.executable
    if not os.environ.get("WIOS_TEST_PYTHONS"):
        pytest.skip(f"each Python takes two minutes; set WIOS_TEST_PYTHONS=1 to try {version} as well")
    uv = shutil.which("uv", path=os.pathsep.join([str(ROOT / ".uv/bin"), os.environ["PATH"]]))
    if uv is None:
        pytest.skip(f"no uv that finds a Python {version}")
    command = [uv, "python", "find", "--system", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"no Python {version} on this machine")
    return found.stdout.strip()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_demo_runs_from_an_empty_folder_after_a_plain_pip_install(
    version: str, wheel: Path, tmp_path: Path
) -> None:
    done([interpreter(version), "-m", "venv", tmp_path / "env"], tmp_path)
    done([tmp_path / "env/bin/pip", "install", "-q", wheel], tmp_path)
    done([tmp_path / "env/bin/pip", "check"], tmp_path)
    folder, home = tmp_path / "empty", tmp_path / "home"
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "PYTHON", "COV_"))}
    kept = {name: value for name, value in kept.items() if not name.startswith("XDG_")} | {"HOME": str(home)}
    output = done([tmp_path / "env/bin/wios", "demo"], folder, kept)
    assert "no project folder here or above" in output
    assert "Eileen Collins" in output
    assert list(folder.iterdir()) == []
    assert "wios " in done([tmp_path / "env/bin/python", "-m", "wios_assets", "--version"], folder, kept)
