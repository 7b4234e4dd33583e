"""Conventions that no linter checks. The direction of imports is checked by import-linter (pyproject.toml)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import wios_assets

PACKAGE = Path(wios_assets.__file__).parent


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its layer"
            yield node.module or ""


FILES = sorted(PACKAGE.rglob("*.py"))


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
    assert names == {*core, "page/media.py"}


def test_files_stay_short_enough_to_read() -> None:
    long = {str(f.relative_to(PACKAGE)): len(f.read_text(encoding="utf-8").splitlines()) for f in FILES}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}
