"""The notebook that asks the lake runs from its first cell to its last on a real lake."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from wios_assets_tests.conftest import ROOT, FinishedExample

NOTEBOOK = ROOT / "docs" / "asking.ipynb"


def cells() -> list[dict[str, Any]]:
    content: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    read: list[dict[str, Any]] = content["cells"]
    return read


def test_the_notebook_is_kept_without_results() -> None:
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert code
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::DeprecationWarning:jupyter_client")
def test_the_notebook_runs_and_draws_four_plots(
    finished: FinishedExample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("WIOS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WIOS_DATA", str(finished.settings.data))
    monkeypatch.setenv("WIOS_SPARK_MASTER", "local[2]")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(tmp_path)}}
    # Raises the error of a cell that fails.
    NotebookClient(notebook, timeout=180, startup_timeout=180, kernel_name="python3", resources=where).execute()
    results = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in results) == 4
    shown = "".join(output.get("data", {}).get("text/plain", "") for output in results)
    assert finished.example.key in shown
    assert "Likeliest cast members of an unknown person" in shown
