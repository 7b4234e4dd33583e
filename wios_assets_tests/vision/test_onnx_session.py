"""ONNX Runtime as it is loaded here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from onnx import TensorProto, helper
from wios_assets.vision.onnx_session import open_session
value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:])
file = Path(sys.argv[1])
model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
file.write_bytes(model.SerializeToString())
open_session(file, 1, "cpu")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the folder for temporary files is set as POSIX does")
def test_onnx_runtime_starts_no_session_of_usage_data(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "graph.onnx")],
        env=environment | {"TMPDIR": str(temporary), "HOME": str(tmp_path)},
        check=True,
    )
    assert [path.name for path in temporary.rglob("*")] == []
