"""Imports point one way only: readers → assets → core."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import wios_assets

PACKAGE = Path(wios_assets.__file__).parent
CORE = (
    "vision",
    "naming",
    "timeline",
    "imdb",
    "providers",
    "demo",
    "inbox",
    "sidecar",
    "film_index",
    "tables",
    "errors",
    "whole",
)
ASSETS = ("assets", "automation", "lake", "partitions", "definitions")
READERS = ("cli", "exports", "forget", "page", "run", "ui", "__main__")
SERVICES = ("dagster", "dagster_pyspark", "dagster_duckdb", "pyspark", "fastapi", "starlette", "typer", "click")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its layer"
            yield node.module or ""


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", [f for f in FILES if part(f) in CORE], ids=lambda f: str(f.relative_to(PACKAGE)))
def test_the_core_knows_no_service_and_no_other_layer(path: Path) -> None:
    for module in imported(path):
        assert module.split(".")[0] not in SERVICES
        if module.startswith("wios_assets."):
            assert module.split(".")[1] in CORE


@pytest.mark.parametrize("path", [f for f in FILES if part(f) in ASSETS], ids=lambda f: str(f.relative_to(PACKAGE)))
def test_the_assets_know_no_reader(path: Path) -> None:
    for module in imported(path):
        if module.startswith("wios_assets."):
            assert module.split(".")[1] not in READERS


def test_every_part_of_the_package_has_a_layer() -> None:
    assert {part(f) for f in FILES} - {"__init__", "settings"} <= {*CORE, *ASSETS, *READERS}


def test_no_pickle_is_loaded_and_no_shell_is_started() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not {"pickle", "joblib", "dill", "shelve"} & set(imported(path)), path
        assert "shell=True" not in text, path
        assert "allow_pickle=True" not in text, path


def test_only_the_one_pass_and_the_page_read_pictures_out_of_a_film() -> None:
    reads = {"open_video", "read_pictures", "VideoCapture"}
    names = {str(f.relative_to(PACKAGE)) for f in FILES if reads & set(re.findall(r"\w+", f.read_text("utf-8")))}
    core = {"vision/video.py", "vision/sampling.py", "vision/footage.py"}
    assert names == {*core, "page/pictures.py", "page/previews.py"}


def test_files_stay_short_enough_to_read() -> None:
    long = {str(f.relative_to(PACKAGE)): len(f.read_text(encoding="utf-8").splitlines()) for f in FILES}
    assert {name: lines for name, lines in long.items() if lines > 420} == {}
