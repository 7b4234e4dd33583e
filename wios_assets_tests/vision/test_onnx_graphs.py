"""The converted graphs: written once, whole, and keyed by what they are made from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

from wios_assets.errors import WiosError
from wios_assets.vision.alignment import file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE
from wios_assets.vision.mmod_detector import DETECTOR_FILE, ROUNDING
from wios_assets.vision.onnx_graphs import detector_graph, embedder_graph
from wios_assets_tests.vision.faces import package_pictures

DETECTOR = model_path(DETECTOR_FILE)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_graph_is_named_by_the_hash_of_its_weights_and_made_once(tmp_path: Path) -> None:
    first = detector_graph(DETECTOR, tmp_path / "new" / "cache", "float")
    assert file_hash(DETECTOR)[:16] in first.name
    made = first.stat().st_mtime_ns
    assert detector_graph(DETECTOR, tmp_path / "new" / "cache", "float") == first
    assert first.stat().st_mtime_ns == made
    assert files(first.parent) == [first.name, f"{first.stem}.sha256"]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_graph_that_is_not_whole_is_made_again(tmp_path: Path, damage: str) -> None:
    graph = detector_graph(DETECTOR, tmp_path, "float")
    content = graph.read_bytes()
    graph.write_bytes(content[: len(content) // 2] if damage == "cut" else content[:500] + b"\xa5" + content[501:])
    assert detector_graph(DETECTOR, tmp_path, "float") == graph
    assert graph.read_bytes() == content


def test_graphs_of_other_weights_or_precision_stand_beside_it(tmp_path: Path) -> None:
    paths = {
        detector_graph(DETECTOR, tmp_path, "float"),
        detector_graph(DETECTOR, tmp_path, "int8"),
        embedder_graph(model_path(EMBEDDER_FILE), tmp_path),
    }
    assert files(tmp_path) == sorted(name for path in paths for name in (path.name, f"{path.stem}.sha256"))


def test_a_file_that_is_not_understood_leaves_nothing_behind(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dat"
    damaged.write_bytes(DETECTOR.read_bytes()[:5000])
    with pytest.raises(WiosError, match=r"damaged\.dat: byte \d+"):
        detector_graph(damaged, tmp_path / "cache", "int8")
    assert files(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_written_is_an_error_in_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(WiosError, match=r"cannot be written .*set `cache` to another folder"):
        detector_graph(DETECTOR, blocked, "float")


@pytest.mark.slow
def test_two_processes_that_start_at_once_make_one_graph(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from wios_assets.vision.onnx_graphs import embedder_graph; "
        "print(embedder_graph(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, str(model_path(EMBEDDER_FILE)), str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate(timeout=120)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(answers) == 1
    graph = Path(answers.pop())
    # The graph's hash stands beside it.
    assert files(tmp_path) == [graph.name, graph.with_suffix(".sha256").name]
    onnx.checker.check_model(onnx.load(str(tmp_path / files(tmp_path)[0])))


def test_whole_numbers_change_scores_by_less_than_a_tenth(tmp_path: Path) -> None:
    exact, rounded = (
        onnxruntime.InferenceSession(
            str(detector_graph(DETECTOR, tmp_path, precision)),
            providers=["CPUExecutionProvider"],
        )
        for precision in ("float", "int8")
    )
    differences = []
    for picture in package_pictures().values():
        for share in (0.4, 0.5, 0.6, 0.7, 0.8):
            size = (int(picture.shape[1] * share) // 4 * 4, int(picture.shape[0] * share))
            seen = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[None]
            wanted, scores = (session.run(None, {"pictures": seen})[0] for session in (exact, rounded))
            differences.append((wanted - scores)[wanted > -0.3])
    together = np.concatenate(differences)
    assert len(together) >= 20
    assert together.max() < ROUNDING
    assert np.abs(together).max() < 0.15
    assert np.abs(together).mean() < 0.04


def test_a_score_belongs_to_the_window_centred_on_its_cell(tmp_path: Path) -> None:
    session = onnxruntime.InferenceSession(
        str(detector_graph(DETECTOR, tmp_path, "float")), providers=["CPUExecutionProvider"]
    )
    picture = package_pictures()["astronaut"][:400]
    moved = np.full((400, 512, 3), 128, dtype=np.uint8)
    moved[24:, 16:] = picture[:-24, :-16]
    before, after = (session.run(None, {"pictures": p[None]})[0][0] for p in (picture, moved))
    row, column = np.unravel_index(before.argmax(), before.shape)
    assert np.unravel_index(after.argmax(), after.shape) == (row + 3, column + 2)
