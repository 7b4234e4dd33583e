"""How an exception ends the command line: one line and the exit code 1."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from wios_assets_tests.cli.command_line import Wios


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_output_to_a_full_disk_is_said_in_one_line(wios: Wios) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", "settings"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("wios: the disk is full: /")
    assert "Traceback" not in done.stderr


def test_a_foreign_exception_is_said_in_one_line(wios: Wios, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "library.duckdb"
    file.write_bytes(b"no database" * 1000)
    monkeypatch.setattr("wios_assets.settings.setting_origins", lambda _: duckdb.connect(str(file)))
    answer = wios("settings")
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith("wios: DuckDB: ")
    assert str(file) in answer.err


def test_a_fault_of_the_program_keeps_its_traceback(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: dict[str, object] = {}
    monkeypatch.setattr("wios_assets.settings.setting_origins", lambda _: nothing["no such key"])
    with pytest.raises(KeyError, match="no such key"):
        wios("settings")
